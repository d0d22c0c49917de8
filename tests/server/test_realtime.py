"""The Realtime API over a WebSocket, held by the official client."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.server.loopback import RATE, Microphone, parts, realtime, spoken
from vivavoce.core.messages import ToolCall
from vivavoce.testing import Speller

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[AsyncRealtimeConnection]:
    async with (
        AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-none") as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        yield connection


class Person(Microphone):
    """Speaks in real time; keeps the events that come."""

    def __init__(self, connection: AsyncRealtimeConnection, speller: Speller) -> None:
        super().__init__(speller)
        self.connection = connection
        self.events: list[Any] = []

    async def talk(self) -> None:
        """Keep the microphone open."""

        async def send(audio: bytes) -> None:
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(audio).decode())

        await self.stream(send)

    async def listen(self) -> None:
        async for event in self.connection:
            self.events.append(event)

    async def until(self, kind: str, count: int = 1) -> Any:
        with anyio.fail_after(10):
            while len(self.of(kind)) < count:
                await anyio.sleep(0.01)
        return self.of(kind)[count - 1]

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    def heard(self) -> str:
        data = b"".join(base64.b64decode(e.delta) for e in self.of("response.output_audio.delta"))
        words = self.speller.read(np.frombuffer(data, np.int16), RATE)
        return " ".join(word.text for word in words)


@asynccontextmanager
async def person(port: int, speller: Speller) -> AsyncIterator[Person]:
    async with connected(port) as connection, anyio.create_task_group() as group:
        one = Person(connection, speller)
        group.start_soon(one.listen)
        await one.until("session.created")
        group.start_soon(one.talk)
        yield one
        group.cancel_scope.cancel()


async def test_a_question_is_answered_aloud() -> None:
    given, speller = parts(["It is sunny today."])
    async with realtime(given) as port, person(port, speller) as one:
        await one.connection.session.update(
            session={"type": "realtime", "audio": {"input": {"transcription": {"model": "x"}}}}
        )
        await one.until("session.updated")
        one.say("weather")
        done = await one.until("response.done")
    assert done.response.status == "completed"
    assert one.heard() == "It is sunny today"
    said = one.of("conversation.item.input_audio_transcription.completed")[0]
    assert said.transcript == "weather."


async def test_an_interruption_is_told_when_it_is_one_and_what_was_heard_is_remembered() -> None:
    long = "It will be sunny for the whole of this long week and the next one too."
    given, speller = parts([long, "Yes."])
    async with realtime(given) as port, person(port, speller) as one:
        one.say("weather")
        await one.until("response.output_audio.delta", 60)
        one.say("really tomorrow")
        await one.until("input_audio_buffer.speech_started", 2)
        first = (await one.until("response.done")).response
        (item,) = first.output
        await one.connection.conversation.item.truncate(
            item_id=item.id, content_index=0, audio_end_ms=900
        )
        await one.until("conversation.item.truncated")
        await one.until("response.done", 2)
        await one.connection.conversation.item.retrieve(item_id=item.id)
        kept = (await one.until("conversation.item.retrieved")).item
    assert (first.status, first.status_details.reason) == ("cancelled", "turn_detected")
    heard = kept.content[0].transcript
    assert 0 < len(heard) < len(long) / 2
    assert long.startswith(heard)
    assert given.asked(-1)[-2] == f"{heard}…"


async def test_a_backchannel_over_an_answer_is_not_told_and_silences_nothing() -> None:
    given, speller = parts(["It will be sunny for the whole of this long week and the next."])
    async with realtime(given) as port, person(port, speller) as one:
        one.say("weather")
        await one.until("response.output_audio.delta", 40)
        one.say("mhm", 0.3)
        done = await one.until("response.done")
    assert done.response.status == "completed"
    assert len(one.of("input_audio_buffer.speech_started")) == 1


async def test_items_are_created_answered_retrieved_and_deleted() -> None:
    given, speller = parts(["Blue.", "Red."])
    async with realtime(given) as port, person(port, speller) as one:
        conversation = one.connection.conversation
        for text in ("What colour is the sky?", "And a rose?"):
            await conversation.item.create(
                item={
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": text}],
                }
            )
            await one.connection.response.create(
                response={"output_modalities": ["text"], "metadata": {"number": "1"}}
            )
            await one.until("response.done", len(one.of("response.done")) + 1)
        first = one.of("conversation.item.added")[0].item
        await conversation.item.delete(item_id=first.id)
        await one.until("conversation.item.deleted")
        await conversation.item.retrieve(item_id=first.id)
        error = (await one.until("error")).error
        await one.connection.response.create()
        await one.until("response.created", 3)
    assert [event.text for event in one.of("response.output_text.done")] == ["Blue.", "Red."]
    assert one.of("response.done")[0].response.metadata == {"number": "1"}
    assert error.code == "item_not_found"
    assert given.asked(-1) == ["Blue.", "And a rose?", "Red."]


async def test_a_client_that_commits_by_hand_is_answered_when_it_asks() -> None:
    given, speller = parts(["Sunny."])
    async with realtime(given) as port, connected(port) as connection:
        one = Person(connection, speller)
        async with anyio.create_task_group() as group:
            group.start_soon(one.listen)
            await connection.session.update(
                session={
                    "type": "realtime",
                    "audio": {"input": {"turn_detection": None, "transcription": {}}},
                }
            )
            await connection.input_audio_buffer.commit()
            assert (await one.until("error")).error.code == "input_audio_buffer_commit_empty"
            audio = spoken(speller, "weather", pause=0.0)  # all at once, and no silence after it
            await connection.input_audio_buffer.append(
                audio=base64.b64encode(audio.tobytes()).decode()
            )
            await connection.input_audio_buffer.commit()
            kind = "conversation.item.input_audio_transcription.completed"
            assert (await one.until(kind)).transcript == "weather."
            assert not one.of("response.created")
            await connection.response.create()
            done = await one.until("response.done")
            group.cancel_scope.cancel()
    assert done.response.status == "completed"
    assert one.heard() == "Sunny"


async def test_a_response_out_of_band_leaves_the_conversation_alone() -> None:
    given, speller = parts(["A colour.", "Fine."])
    async with realtime(given) as port, person(port, speller) as one:
        await one.connection.response.create(
            response={
                "conversation": "none",
                "output_modalities": ["text"],
                "instructions": "Classify.",
                "input": [
                    {
                        "type": "message",
                        "role": "user",
                        "content": [{"type": "input_text", "text": "Blue?"}],
                    }
                ],
            }
        )
        done = (await one.until("response.done")).response
        one.say("weather")
        await one.until("response.done", 2)
    assert done.conversation_id is None
    assert done.output[0].content[0].text == "A colour."
    assert given.asked(0) == ["Classify.", "Blue?"]
    assert given.asked(1) == ["weather."]


async def test_a_session_that_only_transcribes_is_never_answered() -> None:
    given, speller = parts()
    async with realtime(given) as port, person(port, speller) as one:
        await one.connection.session.update(
            session={
                "type": "transcription",
                "audio": {"input": {"transcription": {"model": "whisper-1"}}},
            }
        )
        one.say("weather today")
        kind = "conversation.item.input_audio_transcription.completed"
        said = await one.until(kind)
        await anyio.sleep(0.5)
    assert said.transcript == "weather today."
    assert not one.of("response.created")


async def test_a_client_runs_a_function() -> None:
    call = ToolCall("call_1", "get_weather", {"city": "Paris"})
    given, speller = parts([call, "It rains in Paris."])
    async with realtime(given) as port, person(port, speller) as one:
        await one.connection.session.update(
            session={
                "type": "realtime",
                "tools": [{"type": "function", "name": "get_weather", "parameters": {}}],
            }
        )
        one.say("weather")
        first = await one.until("response.done")
        (item,) = first.response.output
        assert (item.type, item.name, item.arguments) == (
            "function_call",
            "get_weather",
            '{"city":"Paris"}',
        )
        await one.connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": item.call_id, "output": "rain"}
        )
        await one.connection.response.create()
        second = await one.until("response.done", 2)
    assert second.response.status == "completed"
    assert one.heard() == "It rains in Paris"
