"""What a client says of what it played, early, late or never; and what is remembered then."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from tests.engine.broken import BrokenTTS
from tests.engine.stage import REPORTING, Stage
from vivavoce.core import events as happened
from vivavoce.core.messages import ToolCall
from vivavoce.core.protocols import ClientCancel, Played, Truncate
from vivavoce.core.turn import Outcome
from vivavoce.engine.answers import SETTLE_S
from vivavoce.engine.closing import CLOSE_S
from vivavoce.engine.parts import Parts
from vivavoce.engine.tools import tool_from

LONG = "It is sunny today and it will be sunny for the rest of this long week."


def with_tool(given: Parts) -> Parts:
    return replace(given, tools=[tool_from(book)])


async def hear_half(stage: Stage) -> None:
    stage.session.type("weather")
    await stage.wait(3.0)


def test_a_truncate_of_the_live_answer_ends_it_there() -> None:
    owned = replace(REPORTING, reports_played=False)
    stage = Stage([LONG], capabilities=owned)

    async def person(stage: Stage) -> None:
        await hear_half(stage)
        stage.transport.control(Truncate("session_turn_0001", 0.5))
        await stage.wait(1.0)

    stage.play(person)
    (record,) = stage.records
    assert record.outcome is Outcome.INTERRUPTED
    assert record.heard == "It is"
    assert stage.assistant == ["It is…"]


@pytest.mark.parametrize(("position", "heard"), [(0.5, "It is"), (1e6, LONG), (0.0, "")])
def test_a_truncate_of_a_finished_answer_amends_what_was_heard(position: float, heard: str) -> None:
    stage = Stage([LONG])

    async def person(stage: Stage) -> None:
        stage.session.type("weather")
        await stage.wait(9.0)
        stage.transport.control(Truncate("session_turn_0001", position))
        await stage.wait(0.5)

    stage.play(person)
    (record,) = stage.records
    assert record.heard == LONG
    assert [event.heard for event in stage.of(happened.TurnAmended)] == (
        [] if heard == LONG else [heard]
    )
    assert stage.assistant == [f"{heard}…" if heard not in (LONG, "") else heard][: bool(heard)]


def test_a_truncate_of_a_turn_that_was_taken_back_changes_nothing() -> None:
    stage = Stage([LONG, "Fine."])

    async def person(stage: Stage) -> None:
        await stage.say("weather", 0.5)
        await stage.wait(0.5)
        await stage.say("tomorrow", 0.5)
        await stage.wait(4.0)
        stage.transport.control(Truncate("session_turn_0001", 0.5))
        await stage.wait(0.5)

    stage.play(person)
    assert stage.records[0].outcome is Outcome.SUPERSEDED
    assert stage.of(happened.TurnAmended) == []
    assert stage.assistant == ["Fine."]


def test_a_truncate_of_an_unknown_turn_is_told_and_survived() -> None:
    stage = Stage()

    async def person(stage: Stage) -> None:
        stage.transport.control(Truncate("nobody", 0.5))
        stage.session.type("hello")
        await stage.wait(2.0)

    stage.play(person)
    assert stage.failures == [("transport", "there is no turn 'nobody' that could be truncated")]
    assert stage.assistant == ["Yes."]


def test_only_so_many_turns_can_be_truncated() -> None:
    stage = Stage()

    async def person(stage: Stage) -> None:
        for _ in range(18):
            stage.session.type("hello")
            await stage.wait(1.2)
        stage.transport.control(Truncate("session_turn_0003", 0.0))
        stage.transport.control(Truncate("session_turn_0002", 0.0))

    stage.play(person)
    assert [event.turn for event in stage.of(happened.TurnAmended)] == ["session_turn_0003"]
    assert len(stage.failures) == 1


def test_a_report_about_no_turn_in_particular_is_passed_over() -> None:
    stage = Stage()

    async def person(stage: Stage) -> None:
        stage.transport.control(Played("nobody", 1.0, final=True))
        stage.transport.control(Played("nobody", 1.0))
        stage.session.type("hello")
        await stage.wait(2.0)

    stage.play(person)
    assert stage.failures == []
    assert stage.assistant == ["Yes."]


def test_without_a_last_word_from_the_transport_a_cut_answer_settles_all_the_same() -> None:
    stage = Stage([LONG], report_delay=9.0)

    async def person(stage: Stage) -> None:
        await hear_half(stage)
        stage.transport.control(ClientCancel())
        await stage.wait(2.0)

    stage.play(person)
    (ended,) = stage.of(happened.TurnEnded)
    assert ended.at == pytest.approx(3.0 + SETTLE_S, abs=0.05)
    assert LONG.startswith(ended.record.heard)


async def book(day: str) -> str:
    """Book it."""
    await anyio.sleep(0.4)
    return f"Booked for {day}."


CALL = ToolCall("1", "book", {"day": "Monday"})


def test_a_truncate_may_take_back_all_that_followed_a_tool() -> None:
    stage = Stage([["One moment.", CALL], "It is booked."], change=with_tool)

    async def person(stage: Stage) -> None:
        stage.session.type("book")
        await stage.wait(6.0)
        assert stage.assistant == ["One moment.", "It is booked."]
        stage.transport.control(Truncate("session_turn_0001", 0.0))
        await stage.wait(0.1)
        assert stage.assistant == []
        assert len(stage.session.conversation) == 5

    stage.play(person)


def test_a_cut_without_a_trace_leaves_no_message() -> None:
    """What the model wrote in front of its call was never heard, nor cut in the middle."""
    stage = Stage([["One moment.", CALL], "It is booked."], change=with_tool)

    async def person(stage: Stage) -> None:
        stage.session.type("book")
        await stage.wait(0.45)
        stage.session.stop()
        await stage.wait(3.0)

    stage.play(person)
    assert stage.assistant == []
    assert [event.result.text for event in stage.of(happened.ToolEnded)] == ["Booked for Monday."]


def test_a_last_word_may_tell_of_more_than_was_known() -> None:
    """The transport promises 300 ms of latency, and has none."""
    late = replace(REPORTING, latency=0.3)
    stage = Stage(
        [["One moment.", CALL], "It is booked."],
        capabilities=late,
        play_delay=0.0,
        report_delay=0.1,
        change=with_tool,
    )
    moments: list[str] = []

    async def person(stage: Stage) -> None:
        stage.session.type("book")
        while "is" not in stage.heard_words("session_turn_0001"):
            await stage.wait(0.02)
            stage.transport.playing  # noqa: B018  settles what was heard so far
        stage.session.stop()
        moments.extend(stage.assistant)
        await stage.wait(2.0)

    stage.play(person)
    (record,) = stage.records
    assert moments == ["One moment."]
    assert record.heard == "One moment. It is"
    assert stage.assistant == ["One moment.", "It is…"]


def test_the_result_of_a_call_that_was_deleted_goes_with_it() -> None:
    stage = Stage([CALL, "Fine."], change=with_tool)

    async def person(stage: Stage) -> None:
        stage.session.type("book")
        await stage.wait(0.5)
        stage.session.stop()
        for item in list(stage.session.conversation):
            stage.session.conversation.delete(item.id)
        await stage.wait(2.0)

    stage.play(person)
    assert len(stage.of(happened.ToolEnded)) == 1
    assert len(stage.session.conversation) == 0


def test_an_answer_waits_for_the_end_of_the_one_before_unless_it_is_stopped_too() -> None:
    tts = BrokenTTS("hangs at its close")
    stage = Stage(change=lambda given: replace(given, tts=tts))

    async def person(stage: Stage) -> None:
        stage.session.type("one")
        await stage.wait(0.5)
        stage.session.type("two")
        await stage.wait(0.1)
        stage.session.stop()
        await stage.wait(2.0)

    stage.play(person)
    assert [record.outcome for record in stage.records] == [Outcome.INTERRUPTED] * 2
    ended, _ = stage.of(happened.TurnEnded)
    assert ended.at == pytest.approx(0.5 + CLOSE_S)
    assert stage.transport.heard == []
