"""Whole conversations, one line of script each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.stage import REPORTING
from vivavoce.core import events as happened
from vivavoce.core.marks import Point
from vivavoce.core.messages import (
    Message,
    Role,
    ToolCall,
    ToolResult,
)
from vivavoce.core.turn import Origin, Outcome
from vivavoce.engine.tools import tool_from
from vivavoce.floor.policy import Depth, Mode, Policy
from vivavoce.testing import ScriptedSTT, Speller, Talk, converse

LONG = "It is sunny today and it will be sunny for the rest of this long week."


def users(talk: Talk) -> list[str]:
    return [
        item.text for item in talk.messages if isinstance(item, Message) and item.role is Role.USER
    ]


def spoken(talk: Talk) -> list[str]:
    return [
        item.text
        for item in talk.messages
        if isinstance(item, Message) and item.role is Role.ASSISTANT
    ]


def kinds(talk: Talk, *wanted: type[happened.Event]) -> list[type]:
    return [type(event) for event in talk.events if isinstance(event, wanted)]


# --- plain talk ---------------------------------------------------------------------------------


def test_a_question_is_answered_and_both_are_remembered() -> None:
    talk = converse('0.0 user "what is the weather"(1.2)', replies=["It is sunny."])
    (turn,) = talk.turns
    assert (turn.user_text, turn.heard, turn.outcome) == (
        "what is the weather.",
        "It is sunny.",
        Outcome.COMPLETED,
    )
    assert talk.heard_text == "It is sunny"
    assert users(talk) == ["what is the weather."]
    assert spoken(talk) == ["It is sunny."]
    assert talk.events[0].at == 0.0
    assert isinstance(talk.events[-1], happened.SessionEnded)


def test_the_waterfall_of_a_turn_adds_up_to_its_gap() -> None:
    (turn,) = converse('0.0 user "what is the weather"(1.2)', replies=["It is sunny."]).turns
    assert turn.marks.gap == pytest.approx(sum(share.duration for share in turn.marks.waterfall()))
    points = turn.marks.points
    assert points[Point.SPEECH_STARTED] == pytest.approx(0.0, abs=0.05)
    assert points[Point.SPEECH_ENDED] == pytest.approx(1.2, abs=0.05)
    assert points[Point.LAST_SOUND] > points[Point.FIRST_SOUND] >= points[Point.FIRST_BYTE]


def test_barge_in_keeps_only_what_was_heard_and_marks_the_cut() -> None:
    talk = converse(
        '0.0 user "weather"(0.6) | 2.6 user "no, tomorrow"(0.8)',
        replies=[LONG, "Tomorrow it rains."],
    )
    first, second = talk.turns
    assert first.outcome is Outcome.INTERRUPTED
    assert LONG.startswith(first.heard)
    assert spoken(talk) == [f"{first.heard}…", "Tomorrow it rains."]
    assert second.user_text == "no tomorrow."


def test_a_noise_holds_the_answer_and_lets_it_go_on() -> None:
    talk = converse('0.0 user "weather"(0.6) | 2.6 noise (.2)', replies=[LONG])
    (turn,) = talk.turns
    assert turn.heard == LONG
    assert kinds(talk, happened.TurnHeld, happened.TurnResumed) == [
        happened.TurnHeld,
        happened.TurnResumed,
    ]


def test_a_noise_before_a_question_leaves_no_mark_on_its_turn() -> None:
    (turn,) = converse('0.0 noise (.3) | 4.0 user "weather"(0.6)').turns
    assert turn.marks.points[Point.SPEECH_STARTED] == pytest.approx(4.0, abs=0.05)


def test_a_noise_over_an_answer_leaves_no_mark_on_the_next_turn() -> None:
    script = '0.0 user "weather"(0.6) | 2.6 noise (.2) | 9.0 user "thanks"(0.6)'
    talk = converse(script, replies=[LONG, "Fine."])
    assert talk.turns[1].marks.points[Point.SPEECH_STARTED] == pytest.approx(9.0, abs=0.05)


@pytest.mark.parametrize(
    ("language", "parts", "joined"),
    [
        ("en", ("book a table", "for two", "at eight"), "book a table. for two. at eight."),
        ("es", ("reserva una mesa", "para dos"), "reserva una mesa. para dos."),
        ("ko", ("식당 예약", "두 명"), "식 당 예 약. 두 명."),
        ("ja", ("予約して", "二人です"), "予 約 し て. 二 人 で す."),
        ("zh", ("订一张桌子", "两个人"), "订 一 张 桌 子. 两 个 人."),
    ],
)
def test_a_question_that_goes_on_before_any_answer_was_heard_stays_one(
    language: str, parts: tuple[str, ...], joined: str
) -> None:
    script = " | ".join(f'{1.5 * n:.1f} user "{part}"(1.0)' for n, part in enumerate(parts))
    talk = converse(
        script,
        replies=["Done, it is booked."],
        change=lambda given: replace(given, language=language),
    )
    assert [turn.outcome for turn in talk.records] == [
        *[Outcome.SUPERSEDED] * (len(parts) - 1),
        Outcome.COMPLETED,
    ]
    assert users(talk) == [joined]
    assert spoken(talk) == ["Done, it is booked."]
    assert talk.heard_text == "Done it is booked"


def test_a_question_that_goes_on_after_an_effect_has_begun_is_not_joined() -> None:
    def book(people: int) -> str:
        return f"Booked for {people}."

    talk = converse(
        '0.0 user "book a table"(1.0) | 1.9 user "for two"(0.8)',
        replies=[ToolCall("1", "book", {"people": 1}), "For two then."],
        change=lambda parts: replace(parts, tools=[tool_from(book)]),
    )
    assert [turn.outcome for turn in talk.records] == [Outcome.INTERRUPTED, Outcome.COMPLETED]
    assert users(talk) == ["book a table.", "for two."]
    assert ToolResult("1", "book", "Booked for 1.") in talk.messages


def test_typed_text_is_answered_at_once_and_interrupts() -> None:
    talk = converse('0.0 user "weather"(0.6) | 2.6 type "stop"', replies=[LONG, "Fine."])
    first, second = talk.turns
    assert first.outcome is Outcome.INTERRUPTED
    assert (second.user_text, second.origin, second.heard) == ("stop", Origin.TYPED, "Fine.")


def test_ten_thousand_typed_characters_and_as_long_an_answer_are_no_trouble() -> None:
    text = "word " * 2000
    talk = converse(f'0.0 type "{text}"', replies=[text])
    (turn,) = talk.turns
    assert turn.user_text == text
    assert turn.heard == text.strip()
    assert len(talk.heard) == 2000


def test_push_to_talk_answers_when_the_key_is_released() -> None:
    talk = converse(
        '0.0 keydown | 0.2 user "weather"(0.6) | 2.0 user "tomorrow"(0.6) | 3.0 keyup',
        change=lambda parts: replace(parts, policy=Policy(mode=Mode.PUSH_TO_TALK)),
    )
    (turn,) = talk.turns
    assert turn.user_text == "weather tomorrow."
    assert turn.marks.points[Point.COMMITTED] > 2.99


def test_a_client_commits_asks_and_cancels() -> None:
    talk = converse(
        '0.0 user "weather"(0.6) | 2.0 commit | 2.5 respond | 5.0 cancel',
        replies=[LONG],
        change=lambda parts: replace(parts, policy=Policy(mode=Mode.MANUAL)),
    )
    (turn,) = talk.turns
    assert users(talk) == ["weather."]
    assert (turn.user_text, turn.outcome) == ("", Outcome.INTERRUPTED)
    assert spoken(talk) == [f"{turn.heard}…"]


def test_what_a_client_takes_back_is_not_answered() -> None:
    talk = converse('0.0 user "weather"(0.6) | 0.65 discard | 2.0 user "tomorrow"(0.6)')
    (turn,) = talk.turns
    assert turn.user_text == "tomorrow."


def test_a_client_commit_of_nothing_adds_nothing() -> None:
    assert converse("0.0 commit | 1.0 close").messages == []


def test_speech_that_is_never_transcribed_is_asked_for_again() -> None:
    talk = converse('0.0 user "weather"(0.6)', change=lambda p: replace(p, stt=Mute(Speller())))
    assert [turn.heard for turn in talk.turns] == ["Sorry, I did not catch that."]


class Mute(ScriptedSTT):
    """Hears, and never says what."""

    final_delay = 1e6
    partial_lag = 1e6

    def __init__(self, speller: Speller) -> None:
        super().__init__(speller, final_delay=1e6, partial_lag=1e6)


def test_a_lost_transport_ends_the_answer_where_it_was() -> None:
    talk = converse('0.0 user "weather"(0.6) | 3.0 lose', replies=[LONG])
    (turn,) = talk.turns
    assert talk.lost
    assert turn.outcome is Outcome.INTERRUPTED
    assert LONG.startswith(turn.heard)
    assert turn.heard


def test_a_call_that_hangs_up_is_not_answered_any_more() -> None:
    call = replace(REPORTING, commits_on_close=False)
    talk = converse('0.0 user "weather"(0.6) | 0.7 close', capabilities=call)
    assert talk.turns == []


@pytest.mark.parametrize("end", ["0.5 close", "0.65 close", "1.0 close"])
def test_a_file_that_ends_is_still_answered(end: str) -> None:
    talk = converse(f'0.0 user "weather"(0.6) | {end}')
    (turn,) = talk.turns
    assert turn.heard == "Yes."


def test_a_draft_is_thought_before_the_turn_is_over_and_heard_after() -> None:
    policy = Policy(draft=Depth.SPEAK, waits=(0.8, 0.8, 0.8, 0.8))
    plain = converse(
        '0.0 user "what is the weather"(1.2)',
        change=lambda p: replace(p, policy=replace(policy, draft=Depth.OFF)),
    )
    talk = converse(
        '0.0 user "what is the weather"(1.2)', change=lambda p: replace(p, policy=policy)
    )
    points = talk.turns[0].marks.points
    assert points[Point.STARTED] < points[Point.COMMITTED]
    assert points[Point.FIRST_SOUND] < plain.turns[0].marks.points[Point.FIRST_SOUND]
    assert points[Point.FIRST_SOUND] >= points[Point.COMMITTED]


def test_a_draft_that_is_only_thought_is_not_spoken_before_the_commit() -> None:
    policy = Policy(draft=Depth.THINK, waits=(2.5, 2.5, 2.5, 2.5))
    talk = converse(
        '0.0 user "what is the weather"(1.2) | 6 close',
        change=lambda p: replace(p, policy=policy),
    )
    points = talk.turns[0].marks.points
    assert points[Point.FIRST_CLAUSE] < points[Point.COMMITTED]
    assert points[Point.FIRST_BYTE] >= points[Point.COMMITTED]


def test_a_draft_that_fails_is_made_again_at_the_commit() -> None:
    policy = Policy(draft=Depth.SPEAK, waits=(2.5, 2.5, 2.5, 2.5), eager=0.4)
    talk = converse(
        '0.0 user "what is the weather"(1.2) | 6 close',
        replies=[ValueError("no"), "It is sunny."],
        change=lambda p: replace(p, policy=policy),
    )
    assert [turn.outcome for turn in talk.records] == [Outcome.SUPERSEDED, Outcome.COMPLETED]
    assert talk.records[0].error == "ValueError"
    assert talk.heard_text == "It is sunny"
