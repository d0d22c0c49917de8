"""A session over its life: attached, detached, typed to, told to speak, and for hours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Self

import anyio
import pytest

from tests.engine.broken import Unlucky
from tests.engine.stage import REPORTING, Stage
from vivavoce.core import events as happened
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import LocalProtocolError, TransportClosed
from vivavoce.core.events import Event
from vivavoce.core.marks import Point
from vivavoce.core.messages import ChatItem, Message, Role, ToolSpec
from vivavoce.core.protocols import Control, TypedText
from vivavoce.core.turn import Origin, Outcome
from vivavoce.engine.listeners import Listener
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.floor.policy import Depth, Policy
from vivavoce.testing import (
    LevelVAD,
    MemoryTransport,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    Speller,
    run_virtual,
)

LONG = "It is sunny today and it will be sunny for the rest of this long week."


def parts(*replies: str) -> Parts:
    speller = Speller()
    return Parts(
        stt=ScriptedSTT(speller),
        llm=ScriptedLLM(replies or ("Yes.",)),
        tts=ScriptedTTS(speller),
        vad=LevelVAD(),
        language="en",
    )


def silent(given: Parts) -> Parts:
    return replace(given, tts=None)


# --- announcements ------------------------------------------------------------------------------


def test_an_announcement_is_said_when_the_floor_is_free_and_is_no_answer() -> None:
    stage = Stage([LONG])

    async def person(stage: Stage) -> None:
        await stage.say("weather", 0.5)
        await stage.wait(1.0)
        stage.session.announce("Dinner is ready.")
        await stage.wait(9.0)

    stage.play(person)
    answer, announcement = stage.records
    assert answer.heard == LONG
    assert (announcement.origin, announcement.user_text) == (Origin.ANNOUNCED, "")
    assert announcement.heard == "Dinner is ready."
    assert stage.assistant == [LONG, "Dinner is ready."]


def test_what_is_announced_and_typed_before_a_transport_is_there_waits_for_it() -> None:
    async def main() -> list[str]:
        transport = MemoryTransport(REPORTING)
        async with Session(parts("Fine.")) as session:
            session.announce("Welcome.")
            await anyio.sleep(60)
            async with anyio.create_task_group() as group:
                group.start_soon(session.run, transport)
                await anyio.sleep(3)
                transport.close()
            session.type("and now")
            later = MemoryTransport(REPORTING)
            async with anyio.create_task_group() as group:
                group.start_soon(session.run, later)
                await anyio.sleep(3)
                later.close()
            assert later.heard
            return [
                item.text for item in session.conversation.messages() if isinstance(item, Message)
            ]

    assert run_virtual(main) == ["Welcome.", "and now", "Fine."]


def test_an_interrupted_announcement_that_nobody_heard_is_made_again() -> None:
    stage = Stage()

    async def person(stage: Stage) -> None:
        stage.session.announce("Dinner is ready.")
        await stage.wait(0.02)
        stage.session.type("hello")
        await stage.wait(4.0)

    stage.play(person)
    assert [record.heard for record in stage.records] == ["", "Yes.", "Dinner is ready."]
    assert stage.assistant == ["Yes.", "Dinner is ready."]


def test_an_empty_announcement_asks_no_model() -> None:
    stage = Stage()

    async def person(stage: Stage) -> None:
        stage.session.announce("")
        await stage.wait(2.0)

    stage.play(person)
    assert [record.reply for record in stage.records] == [""]
    assert stage.llm.requests == []


# --- transports come and go ---------------------------------------------------------------------


class SlowToOpen(MemoryTransport):
    async def __aenter__(self) -> Self:
        await anyio.sleep(1.0)
        return await super().__aenter__()


def test_a_session_takes_one_transport_also_while_that_opens() -> None:
    async def main() -> None:
        slow = SlowToOpen(REPORTING)
        async with Session(parts("Yes.")) as session, anyio.create_task_group() as group:
            group.start_soon(session.run, slow)
            await anyio.sleep(0.5)
            with pytest.raises(LocalProtocolError, match="attached"):
                await session.run(MemoryTransport(REPORTING))
            slow.close()

    run_virtual(main)


def test_a_conversation_goes_on_over_another_transport() -> None:
    async def main() -> tuple[list[ChatItem], list[Event]]:
        speller = Speller()
        given = replace(parts(LONG, "Fine."), tts=ScriptedTTS(speller), stt=ScriptedSTT(speller))
        first, second = MemoryTransport(REPORTING), MemoryTransport(REPORTING)
        async with Session(given) as session:
            with session.events(Listener.LEDGER) as events:
                async with anyio.create_task_group() as group:

                    async def lost() -> None:
                        with pytest.raises(TransportClosed):
                            await session.run(first)

                    group.start_soon(lost)
                    await anyio.sleep(0.1)
                    with pytest.raises(LocalProtocolError, match="attached"):
                        await session.run(second)
                    session.type("weather")
                    await anyio.sleep(3)
                    first.lose()
                await anyio.sleep(30)
                async with anyio.create_task_group() as group:
                    group.start_soon(session.run, second)
                    samples, _ = speller.spell("thanks", 0.5, 16000)
                    await second.speak(samples)
                    await second.stay_silent(3)
                    second.close()
                messages = session.conversation.messages()
            return messages, [event async for event in events]

    messages, events = run_virtual(main)
    first, second = (e.record for e in events if isinstance(e, happened.TurnEnded))
    assert first.outcome is Outcome.INTERRUPTED
    assert second.outcome is Outcome.COMPLETED
    assert second.marks.points[Point.SPEECH_STARTED] == pytest.approx(33.1, abs=0.1)
    assert messages == [
        Message(Role.USER, "weather"),
        Message(Role.ASSISTANT, f"{first.heard}…"),
        Message(Role.USER, "thanks."),
        Message(Role.ASSISTANT, "Fine."),
    ]


def test_a_transport_may_be_lost_while_it_is_opened_or_sent_to() -> None:
    class Unreachable(MemoryTransport):
        async def __aenter__(self):  # type: ignore[no-untyped-def]
            raise TransportClosed("no answer")

    class Deaf(MemoryTransport):
        async def send(self, turn: str, frame: object) -> None:
            raise TransportClosed("gone")

    async def main(transport: MemoryTransport) -> None:
        async with Session(parts()) as session:
            session.announce("Welcome.")
            with pytest.raises(TransportClosed):
                await session.run(transport)

    run_virtual(main, Unreachable())
    run_virtual(main, Deaf())


@pytest.mark.parametrize("slowness", [0.05, float("inf")])
def test_a_client_that_does_not_keep_up_with_its_events_is_closed(slowness: float) -> None:
    class Slow(MemoryTransport):
        async def notify(self, event: Event) -> None:
            await anyio.sleep(slowness)

    async def main() -> None:
        transport = Slow(REPORTING)
        async with Session(parts("word " * 2000)) as session:
            session.type("talk")
            with pytest.raises(TransportClosed, match="does not keep up"):
                await session.run(transport)

    run_virtual(main)


def test_a_slow_ledger_delays_the_next_answer_and_loses_nothing() -> None:
    async def main() -> tuple[int, float, float]:
        transport = MemoryTransport(REPORTING)
        seen: list[Event] = []
        async with Session(parts("word " * 2000, "Fine.")) as session:
            with session.events(Listener.LEDGER) as ledger:
                async with anyio.create_task_group() as group:
                    group.start_soon(session.run, transport)
                    await anyio.lowlevel.checkpoint()
                    for number in range(5000):
                        session._emit(happened.SpeechStarted(number))
                    session.type("talk")
                    await anyio.sleep(5)
                    assert not transport.heard
                    asked = anyio.current_time()
                    for _ in range(1000):
                        seen.append(await anext(ledger))
                    await anyio.sleep(2)
                    assert transport.heard
                    transport.close()
                    session.stop()
        return len(seen), asked, transport.heard[0].at

    seen, asked, first = run_virtual(main)
    assert seen == 1000
    assert first > asked


def test_a_session_may_be_left_while_it_speaks() -> None:
    async def main() -> list[str]:
        events: list[Event] = []
        session = Session(parts(LONG))
        with session.events(Listener.LEDGER) as stream:
            async with session, anyio.create_task_group() as group:
                group.start_soon(session.run, MemoryTransport(REPORTING))
                await anyio.sleep(0.1)
                session.type("weather")
                await anyio.sleep(3)
                group.cancel_scope.cancel()
            events = [event async for event in stream]
        (ended,) = [event for event in events if isinstance(event, happened.TurnEnded)]
        assert ended.record.outcome is Outcome.INTERRUPTED
        assert isinstance(events[-1], happened.SessionEnded)
        return ended.record.heard.split()

    words = run_virtual(main)
    assert words == LONG.split()[: len(words)]
    assert words


def test_a_session_has_an_id_of_its_own_and_turns_are_named_after_it() -> None:
    assert Session(parts()).id != Session(parts()).id
    stage = Stage()

    async def person(stage: Stage) -> None:
        stage.session.type("hello")

    assert [record.id for record in stage.play(person).records] == ["session_turn_0001"]


def test_a_prefill_that_fails_is_told_and_the_answer_is_made_all_the_same() -> None:
    class Cold(ScriptedLLM):
        async def prefill(
            self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
        ) -> None:
            raise Unlucky

    stage = Stage(change=lambda given: replace(given, llm=Cold(["Yes."])))

    async def person(stage: Stage) -> None:
        await stage.say("weather", 0.5)
        await stage.wait(2.0)

    stage.play(person)
    assert ("llm", "Unlucky") in stage.failures
    assert stage.assistant == ["Yes."]


def test_an_input_that_just_ends_is_closed() -> None:
    class Ending(MemoryTransport):
        async def receive(self) -> AsyncIterator[AudioFrame | Control]:
            yield TypedText("hello")

    async def main() -> list[str]:
        async with Session(parts()) as session:
            await session.run(Ending(REPORTING))
            return [m.text for m in session.conversation.messages() if isinstance(m, Message)]

    assert run_virtual(main) == ["hello", "Yes."]


def test_an_input_is_closed_once() -> None:
    stage = Stage()

    async def person(stage: Stage) -> None:
        stage.session.type("hello")
        stage.transport.close()
        stage.transport.close()

    assert stage.play(person).assistant == ["Yes."]


# --- without a voice ----------------------------------------------------------------------------


def test_without_a_voice_what_is_written_is_what_is_heard() -> None:
    stage = Stage([LONG, "Fine.", "🙂"], change=silent)

    async def person(stage: Stage) -> None:
        await stage.say("weather", 0.5)
        await stage.wait(0.8)
        stage.session.stop()
        await stage.wait(1.0)
        stage.session.type("thanks")
        await stage.wait(1.0)
        stage.session.type("smile")
        await stage.wait(1.0)

    stage.play(person)
    first, second, third = stage.records
    assert first.outcome is Outcome.INTERRUPTED
    assert first.heard == first.reply
    assert LONG.startswith(first.heard)
    assert (second.heard, second.outcome) == ("Fine.", Outcome.COMPLETED)
    assert third.heard == "🙂"
    assert stage.assistant == [first.heard, "Fine.", "🙂"]
    assert stage.transport.heard == []
    assert Point.FIRST_SOUND in second.marks.points


def test_without_a_voice_failures_are_written() -> None:
    stage = Stage([ValueError()], change=silent)

    async def person(stage: Stage) -> None:
        stage.session.type("weather")
        await stage.wait(1.0)

    stage.play(person)
    assert stage.assistant == ["Sorry, something went wrong. Please try again."]


def test_without_a_voice_a_draft_is_written_and_shown_at_the_commit() -> None:
    stage = Stage(
        ["One.", "Two."],
        change=lambda given: replace(
            given, tts=None, policy=Policy(draft=Depth.SPEAK, waits=(2.0, 2.0, 2.0, 2.0))
        ),
    )

    async def person(stage: Stage) -> None:
        await stage.say("weather", 0.5)
        await stage.wait(1.5)
        assert stage.assistant == []
        await stage.say("tomorrow", 0.5)
        await stage.wait(4.0)

    stage.play(person)
    assert stage.records[-1].user_text == "weather tomorrow."
    assert [record.outcome for record in stage.records[:-1]] != []
    assert all(record.heard == "" for record in stage.records[:-1])
    assert (
        stage.records[-1].marks.points[Point.STARTED]
        < stage.of(happened.Heard, happened.TurnCommitted)[0].at
    )
    assert len(stage.assistant) == 1
