"""Responses that a client asks for, and the order in which it is told of its user's speech."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.server.loopback import parts, realtime
from tests.server.test_connections import receive
from tests.server.test_realtime import person
from vivavoce.core import events as news
from vivavoce.core.marks import Marks
from vivavoce.core.messages import ToolCall
from vivavoce.core.turn import Origin, Outcome, TurnRecord
from vivavoce.engine.session import Session
from vivavoce.server.conversation import RealtimeConversation
from vivavoce.transports.realtime import Realtime
from vivavoce.transports.realtime.commands import Answer
from vivavoce.transports.realtime.config import new_session

pytestmark = pytest.mark.anyio

FUNCTION = {"type": "function", "name": "get_weather", "parameters": {}}


async def send(socket: ClientConnection, kind: str, **fields: object) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


def told(one: Realtime, *events: news.Event) -> list[str]:
    one.outgoing.clear()
    for event in events:
        one.happened(event)
    return [event["type"].removeprefix("input_audio_buffer.") for event in one.outgoing]


def answering(session: dict[str, Any] | None = None) -> Realtime:
    """A client that is being answered."""
    one = Realtime({**new_session("s", "m", "", 0), **(session or {})})
    one.happened(news.TurnStarted(0.0, "t", Origin.TYPED, "Hello."))
    one.happened(news.TurnCommitted(0.0, "t", "Hello."))
    one.happened(news.ReplyText(0.0, "t", "Well."))
    return one


def ended(outcome: Outcome = Outcome.COMPLETED) -> news.TurnEnded:
    record = TurnRecord("t", Origin.TYPED, "Hello.", "Well.", "Well.", outcome, Marks())
    return news.TurnEnded(5.0, record)


def test_a_backchannel_that_an_answer_ends_over_is_never_told() -> None:
    one = answering()
    ignored = (
        news.SpeechStarted(1.0),
        news.SpeechStopped(1.2),
        ended(),
        news.UserSaid(5.0, "", ""),
    )
    assert "speech_started" not in told(one, *ignored)
    assert told(one, news.SpeechStarted(6.0)) == ["speech_started"]


def test_speech_that_goes_on_when_an_answer_ends_is_told_then() -> None:
    one = answering()
    assert told(one, news.SpeechStarted(1.0), ended())[-1] == "speech_started"


def test_words_over_an_answer_that_count_after_it_have_their_start_and_stop() -> None:
    one = answering()
    told(one, news.SpeechStarted(1.0), news.SpeechStopped(2.0), ended())
    kinds = told(one, news.UserSaid(5.5, "item_000009", "And then?"))
    assert kinds[:3] == ["speech_started", "speech_stopped", "committed"]


def test_speech_while_a_function_runs_that_is_passed_over_is_told_to_have_stopped() -> None:
    one = answering({"tools": [FUNCTION]})
    one.happened(news.Heard(1.0, "t", "Well."))
    one.happened(news.ToolStarted(1.0, "t", ToolCall("c", "get_weather", {})))
    one.calls_made()
    passed = (news.SpeechStarted(2.0), news.SpeechStopped(2.2), news.TurnResumed(2.5, "t"))
    assert told(one, *passed) == ["speech_started", "speech_stopped"]
    assert told(one, news.SpeechStarted(3.0)) == ["speech_started"]


def test_a_turn_that_ends_while_a_function_runs_leaves_nothing_to_wait_for() -> None:
    one = answering({"tools": [FUNCTION]})
    one.happened(news.Heard(1.0, "t", "Well."))
    one.happened(news.ToolStarted(1.0, "t", ToolCall("c", "get_weather", {})))
    one.calls_made()
    one.happened(ended())
    (order,) = one.receive('{"type": "response.create"}')
    assert type(order).__name__ == "Answer"


def test_the_item_before_is_told_twice_alike() -> None:
    one = answering()
    one.happened(ended())
    items = [event for event in one.outgoing if event["type"].startswith("conversation.item.")]
    before = {(event["item"]["id"], event["previous_item_id"]) for event in items}
    assert len(before) == 2


async def test_how_one_response_differs_is_forgotten_when_a_draft_becomes_it() -> None:
    given, _ = parts()
    session = Session(given.parts)
    one = RealtimeConversation(session, model="m", on_track=False, extended=False)
    async with session, anyio.create_task_group() as tasks:
        one.noticed(news.TurnStarted(0.0, "t", Origin.SPEECH, "Hello."))
        (order,) = one.protocol.receive(
            '{"type": "response.create", "response": {"instructions": "Once."}}'
        )
        assert isinstance(order, Answer)
        one.carry_out(order, tasks)
        assert session.parts.instructions == "Once."
        one.noticed(news.TurnCommitted(1.0, "t", "Hello."))
        assert session.parts.instructions == ""


async def test_a_response_that_is_cancelled_before_it_begins_is_cancelled() -> None:
    given, _ = parts(["It will be sunny for the whole of this long week.", "Yes."])
    async with realtime(given) as port, connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        await receive(socket, "session.created")
        await send(socket, "response.create")
        await send(socket, "response.cancel")
        first = (await receive(socket, "response.done"))["response"]
        await send(socket, "response.create")
        second = (await receive(socket, "response.done"))["response"]
    assert (first["status"], first["status_details"]["reason"]) == ("cancelled", "client_cancelled")
    assert second["status"] == "completed"


async def test_a_response_in_text_ends_when_it_calls_a_function() -> None:
    call = ToolCall("c", "get_weather", {})
    given, _ = parts([["Let me see.", call], "Rain.", "Dry."])
    async with realtime(given) as port, connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        await send(socket, "session.update", session={"tools": [FUNCTION]})
        await send(socket, "response.create", response={"output_modalities": ["text"]})
        message, function = (await receive(socket, "response.done"))["response"]["output"]
        output = {"type": "function_call_output", "call_id": function["call_id"], "output": "rain"}
        await send(socket, "conversation.item.create", item=output)
        await send(socket, "response.create", response={"metadata": {"n": "2"}})
        second = (await receive(socket, "response.done"))["response"]
        await send(socket, "conversation.item.delete", item_id=function["id"])
        await send(socket, "vivavoce.text", text="And now?")
        await receive(socket, "response.done")
    assert (message["content"][0]["text"], second["metadata"]) == ("Let me see.", {"n": "2"})
    assert given.asked(1)[-1] == "rain"
    assert given.asked(2) == ["Let me see.", "Rain.", "And now?"]


async def test_a_call_of_an_earlier_conversation_keeps_what_it_gave() -> None:
    given, _ = parts(["Yes."])
    async with realtime(given) as port, connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
        output = {"type": "function_call_output", "call_id": "c", "output": "rain"}
        for item in (call, output):
            await send(socket, "conversation.item.create", item=item)
        await send(socket, "response.create")
        await receive(socket, "response.done")
    assert given.asked(0)[-1] == "rain"


async def test_a_response_out_of_band_is_told_to_a_client_that_says_nothing_more() -> None:
    given, _ = parts([RuntimeError("no"), "Blue."])
    async with realtime(given) as port, connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        aside = {"conversation": "none", "output_modalities": ["text"]}
        for status in ("failed", "completed"):
            await send(socket, "response.create", response=aside)
            assert (await receive(socket, "response.done"))["response"]["status"] == status


async def test_audio_that_is_cleared_is_not_answered() -> None:
    given, speller = parts(["Fine."])
    async with realtime(given) as port, person(port, speller) as one:
        one.say("weather")
        await one.until("input_audio_buffer.speech_started")
        await anyio.sleep(0.7)
        await one.connection.input_audio_buffer.clear()
        await one.until("input_audio_buffer.cleared")
        one.say("tomorrow")
        await one.until("response.done")
    assert given.asked(-1) == ["tomorrow."]
