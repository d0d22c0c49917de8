"""The kit itself: a scripted person talks with a real session."""

from __future__ import annotations

from dataclasses import replace

import pytest

import vivavoce.testing as kit
from vivavoce.core.messages import Message, Role
from vivavoce.core.protocols import TransportCapabilities
from vivavoce.core.turn import Outcome
from vivavoce.testing import converse


def test_the_kit_s_names_are_sorted_and_there() -> None:
    assert sorted(kit.__all__) == kit.__all__
    assert all(hasattr(kit, name) for name in kit.__all__)


def test_the_example_of_the_kit_is_true() -> None:
    talk = converse(
        '0.0 user "what is the weather"(1.2) | 2.6 user "no, tomorrow"(0.8)',
        replies=["It is sunny today.", "Tomorrow it rains."],
    )
    assert talk.turns[0].heard == "It is sunny"


def test_what_was_heard_is_read_off_the_audio_with_its_times() -> None:
    talk = converse('0.0 type "hi"', replies=["One two. Three."])
    assert talk.heard_text == "One two Three"
    times = [at for at, _ in talk.heard]
    assert times == sorted(times)
    assert times[0] == pytest.approx(0.5, abs=0.05)


def test_the_same_script_gives_the_same_talk() -> None:
    script = '0.0 user "weather"(0.6) | 2.6 noise (.2) | 4 user "stop it"(0.7)'
    one, other = (converse(script, replies=["It is sunny today and tomorrow."]) for _ in range(2))
    assert one.events == other.events
    assert one.heard == other.heard


def test_records_tell_of_superseded_turns_too_and_turns_do_not() -> None:
    talk = converse('0.0 user "book a table"(1.0) | 1.5 user "for two"(0.8)')
    assert [turn.outcome for turn in talk.records] == [Outcome.SUPERSEDED, Outcome.COMPLETED]
    assert len(talk.turns) == 1


def test_parts_capabilities_and_delays_can_be_changed() -> None:
    talk = converse(
        '0.0 type "hi" | 8 close',
        replies=lambda messages: f"You said {len(messages)} things.",
        capabilities=TransportCapabilities(sample_rate=8000),
        change=lambda parts: replace(parts, instructions="Be brief."),
        report_delay=0.1,
        play_delay=1.0,
    )
    assert talk.messages[0] == Message(Role.SYSTEM, "Be brief.")
    assert talk.turns[0].heard == "You said 2 things."


def test_a_lost_line_is_told() -> None:
    talk = converse('0.0 type "hi" | 1.0 lose', replies=["A long answer that is cut off."])
    assert talk.lost
    assert talk.turns[0].outcome is Outcome.INTERRUPTED
