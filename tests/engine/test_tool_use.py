"""Tools in a conversation: called, failing, cut off, outlived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import anyio
import pytest

from tests.engine.broken import BrokenTTS
from vivavoce.core import events as happened
from vivavoce.core.messages import (
    ChatItem,
    LLMDelta,
    Message,
    Role,
    Source,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from vivavoce.core.protocols import Tool
from vivavoce.core.turn import Outcome
from vivavoce.engine.think import ROUNDS
from vivavoce.engine.tools import UNKNOWN, tool_from
from vivavoce.testing import ScriptedLLM, Talk, converse

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


def with_tools(*tools: Tool, **changes: object):  # type: ignore[no-untyped-def]
    return lambda parts: replace(parts, tools=tools, **changes)


async def book(day: str) -> str:
    """Book it."""
    await anyio.sleep(1.0)
    return f"Booked for {day}."


CALL = ToolCall("1", "book", {"day": "Monday"})


def test_a_tool_is_called_and_its_result_is_answered_from() -> None:
    talk = converse(
        '0.0 type "book"',
        replies=[["One moment.", CALL], "It is booked."],
        change=with_tools(tool_from(book)),
    )
    (turn,) = talk.turns
    assert turn.calls == (CALL,)
    assert turn.results == (ToolResult("1", "book", "Booked for Monday."),)
    assert turn.heard == "One moment. It is booked."
    assert talk.messages[1:] == [
        Message(Role.ASSISTANT, "One moment."),
        CALL,
        turn.results[0],
        Message(Role.ASSISTANT, "It is booked."),
    ]
    (interval,) = [i for i in turn.marks.intervals if i.label == "book"]
    assert interval.duration == pytest.approx(1.0, abs=0.01)


def test_a_model_that_calls_without_end_is_made_to_answer() -> None:
    asked: list[int] = []

    def storm(messages: Sequence[ChatItem]) -> ToolCall | str:
        asked.append(len(messages))
        return ToolCall(f"call_{len(asked)}", "look", {})

    def look() -> str:
        return "nothing"

    talk = converse(
        '0.0 type "book"', replies=storm, change=with_tools(tool_from(look, effect=False))
    )
    (turn,) = talk.turns
    assert len(turn.results) == ROUNDS
    assert len(asked) == ROUNDS + 1
    assert turn.outcome is Outcome.FAILED
    assert turn.heard.startswith("Sorry")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (ToolCall("1", "missing", {}), "There is no such tool; there are: book."),
        (ToolCall("1", "book", {"day": 7}), "Expected `str`"),
        (ToolCall("1", "book", {}), "missing required field `day`"),
        (ToolCall("1", "book", {"day": "Monday", "hour": 3}), "unknown field `hour`"),
    ],
)
def test_a_wrong_call_is_told_to_the_model(call: ToolCall, told: str) -> None:
    talk = converse('0.0 type "book"', replies=[call, "Sorry."], change=with_tools(tool_from(book)))
    (turn,) = talk.turns
    assert turn.outcome is Outcome.COMPLETED
    (result,) = turn.results
    assert result.error
    assert told in result.text


def a_tool(call, *, effect: bool = True, deadline: float = 2.0) -> Tool:  # type: ignore[no-untyped-def]
    return Tool(ToolSpec("book", "Book it."), call, effect, deadline)


async def raising(given: Mapping[str, object]) -> str:
    raise RuntimeError("the line is dead")


async def hanging(given: Mapping[str, object]) -> str:
    await anyio.sleep_forever()
    return ""


async def clinging(given: Mapping[str, object]) -> str:
    for _ in range(3):
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            continue
    await anyio.sleep_forever()
    return ""


async def garbage(given: Mapping[str, object]) -> str:
    return None  # type: ignore[return-value]  # what a user's tool may do


@pytest.mark.parametrize(
    ("call", "effect", "told"),
    [
        (raising, True, "It failed: the line is dead"),
        (hanging, True, f"No answer within 2 seconds. {UNKNOWN}"),
        (hanging, False, "No answer within 2 seconds."),
        (clinging, True, f"No answer within 2 seconds. {UNKNOWN}"),
        (garbage, True, "None"),
    ],
)
def test_a_tool_that_fails_is_told_to_the_model(call, effect: bool, told: str) -> None:  # type: ignore[no-untyped-def]
    talk = converse(
        '0.0 type "book"', replies=[CALL, "Sorry."], change=with_tools(a_tool(call, effect=effect))
    )
    (turn,) = talk.turns
    assert [result.text for result in turn.results] == [told]
    assert turn.heard == "Sorry."


def test_the_result_of_an_effect_that_outlives_its_turn_stands_behind_its_call() -> None:
    talk = converse(
        '0.0 type "book" | 1.0 type "never mind" | 4.0 close',
        replies=[CALL, "Fine."],
        change=with_tools(tool_from(book)),
    )
    assert [turn.outcome for turn in talk.turns] == [Outcome.INTERRUPTED, Outcome.COMPLETED]
    assert talk.messages == [
        Message(Role.USER, "book"),
        CALL,
        ToolResult("1", "book", "Booked for Monday."),
        Message(Role.USER, "never mind"),
        Message(Role.ASSISTANT, "Fine."),
    ]


def test_a_tool_without_effects_ends_with_its_turn() -> None:
    talk = converse(
        '0.0 type "book" | 1.0 type "never mind" | 4.0 close',
        replies=[CALL, "Fine."],
        change=with_tools(tool_from(book, effect=False)),
    )
    assert kinds(talk, happened.ToolStarted, happened.ToolEnded) == [happened.ToolStarted]


def test_the_session_s_end_waits_a_little_for_effects_and_then_calls_them_unknown() -> None:
    talk = converse(
        '0.0 type "book" | 1.0 cancel | 1.1 close',
        replies=[CALL],
        change=with_tools(a_tool(hanging, deadline=60.0)),
    )
    (ended,) = [event for event in talk.events if isinstance(event, happened.ToolEnded)]
    assert ended.result == ToolResult("1", "book", UNKNOWN, True)
    assert ended.result in talk.messages
    assert talk.duration == pytest.approx(1.1 + 2.0, abs=0.5)


def test_an_effect_that_ends_while_a_failed_turn_still_sounds_is_recorded() -> None:
    """The voice fails while the tool runs; its result comes while the tone is played."""

    talk = converse(
        '0.0 type "book" | 4.0 close',
        replies=[["One moment please.", CALL], "Done."],
        change=lambda parts: replace(
            parts, tts=BrokenTTS("raises later"), tools=[tool_from(quick)]
        ),
    )
    (turn,) = talk.turns
    assert turn.outcome is Outcome.FAILED
    assert [result.text for result in turn.results] == ["Booked quickly."]
    assert turn.results[0] in talk.messages


async def quick(day: str) -> str:
    """Book it."""
    await anyio.sleep(0.1)
    return "Booked quickly."


quick.__name__ = "book"


class Odd(ScriptedLLM):
    """Its deltas are empty, or white space around a call."""

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        yield TextDelta("")
        if len(messages) == 1:
            yield TextDelta(" ")
            yield CALL
        else:
            yield TextDelta("Done.")


def test_empty_deltas_are_no_trouble() -> None:
    tools = [tool_from(book, effect=False)]
    talk = converse(
        '0.0 type "book"', change=lambda parts: replace(parts, llm=Odd(["?"]), tools=tools)
    )
    (turn,) = talk.turns
    assert turn.heard == "Done."
    assert spoken(talk) == ["Done."]


def test_sources_that_a_model_names_are_told_once_each() -> None:
    source = Source("Almanac", "https://example.com/weather")
    talk = converse('0.0 type "weather"', replies=[[source, "It is sunny.", source]])
    (turn,) = talk.turns
    assert turn.sources == (source,)
    assert kinds(talk, happened.SourceFound) == [happened.SourceFound] * 2
