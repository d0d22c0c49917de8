"""Cancelling at every step: nothing is left open, and what is remembered was heard.

A conversation is run once to count the event loop's steps, then again and again, cut before one
step after another. By default every so-manieth step is tried; VIVAVOCE_EVERY_STEP=1 tries them all.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import pytest

from tests.engine.stage import Stage
from vivavoce.core.events import (
    SessionEnded,
    SessionStarted,
    ToolEnded,
    ToolStarted,
    TurnEnded,
    TurnHeld,
    TurnResumed,
    TurnStarted,
)
from vivavoce.core.messages import ToolCall
from vivavoce.core.turn import Outcome
from vivavoce.engine.tools import tool_from

RUNS = 10**6 if os.environ.get("VIVAVOCE_EVERY_STEP") else 25
LONG = "It is sunny today and it will be sunny for the rest of this long week."

Person = Callable[[Stage], Coroutine[Any, Any, None]]


async def interrupt(stage: Stage) -> None:
    await stage.say("weather", 0.4)
    await stage.wait(1.6)
    await stage.say("no tomorrow", 0.7)
    await stage.wait(1.0)


async def rustle(stage: Stage) -> None:
    await stage.say("weather", 0.4)
    await stage.wait(1.6)
    await stage.rustle(0.2)
    await stage.wait(1.2)


async def ask(stage: Stage) -> None:
    await stage.say("weather", 0.4)
    await stage.wait(2.0)


def plain() -> Stage:
    return Stage([LONG, "Tomorrow it rains."])


def with_tool() -> Stage:
    async def book(day: str) -> str:
        """Book it."""
        await anyio.sleep(0.3)
        return f"Booked for {day}."

    return Stage(
        [["One moment. ", ToolCall("1", "book", {"day": "Monday"})], "It is booked now."],
        change=lambda parts: replace(parts, tools=[tool_from(book)]),
    )


def failing_model() -> Stage:
    return Stage([["It is ", ValueError("broken")], "Fine."])


SCENES: dict[str, tuple[Callable[[], Stage], Person]] = {
    "barge-in": (plain, interrupt),
    "hold and resume": (plain, rustle),
    "tool": (with_tool, ask),
    "failing model": (failing_model, ask),
}


def check_nothing_is_left(stage: Stage) -> None:
    assert not stage.leaks, stage.leaks
    assert stage.left_open == 0
    assert len(stage.of(SessionEnded)) == len(stage.of(SessionStarted))
    assert {event.turn for event in stage.of(TurnStarted)} == {r.id for r in stage.records}
    assert len(stage.of(ToolStarted)) == len(stage.of(ToolEnded))


def check_heard_was_said(stage: Stage) -> None:
    for record in stage.records:
        words = stage.speller.words(record.heard)
        played = stage.heard_words(record.id, 0.0015)
        assert record.reply.startswith(record.heard)
        assert words == played[: len(words)], (record, played)


def cuts(steps: int) -> range:
    return range(1, steps, max(1, steps // RUNS))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", SCENES)
def test_a_session_that_is_cancelled_at_any_step_leaves_nothing_behind(scene: str) -> None:
    make, person = SCENES[scene]
    whole = make().play(person)
    check_nothing_is_left(whole)
    for step in cuts(whole.steps):
        stage = make().play(person, at=step)
        try:
            check_nothing_is_left(stage)
            check_heard_was_said(stage)
        except AssertionError as error:
            raise AssertionError(f"cut before step {step} of {whole.steps}: {error}") from error


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scene", SCENES)
def test_an_answer_that_is_stopped_at_any_step_leaves_the_session_usable(scene: str) -> None:
    make, person = SCENES[scene]

    async def and_thanks(stage: Stage) -> None:
        await person(stage)
        await stage.wait(3.0)
        stage.session.type("thanks")
        await stage.wait(0.1)

    def stop(scope: anyio.CancelScope, stage: Stage) -> None:
        stage.session.stop()

    whole = make().play(and_thanks)
    for step in cuts(whole.steps):
        stage = make()
        stage.play(and_thanks, at=step, act=partial(stop, stage=stage))
        try:
            check_nothing_is_left(stage)
            check_heard_was_said(stage)
            last = stage.records[-1]
            assert last.user_text == "thanks"
            assert last.outcome in (Outcome.COMPLETED, Outcome.INTERRUPTED), last
        except AssertionError as error:
            raise AssertionError(f"stopped before step {step} of {whole.steps}: {error}") from error


def test_the_scenes_hold_what_their_names_say() -> None:
    assert plain().play(interrupt).records[0].outcome is Outcome.INTERRUPTED
    resumed = plain().play(rustle)
    assert resumed.of(TurnHeld)
    assert resumed.of(TurnResumed)
    assert with_tool().play(ask).of(ToolEnded)
    assert failing_model().play(ask).of(TurnEnded)[0].record.outcome is Outcome.FAILED
