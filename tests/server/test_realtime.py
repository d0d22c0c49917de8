"""The Realtime API over a WebSocket, held by the official client."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.server.loopback import RATE, parts, realtime, spoken
from vivavoce.core.audio import Samples
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


class Person:
    """Speaks in real time; keeps the events that come."""

    def __init__(self, connection: AsyncRealtimeConnection, speller: Speller) -> None:
        self.connection = connection
        self.speller = speller
        self.events: list = []
        self._queue: list[Samples] = []

    async def talk(self) -> None:
        """A microphone that is never silent for long: 20 ms each 20 ms."""
        size = RATE // 50
        due = anyio.current_time()
        while True:
            due += 0.02
            await anyio.sleep_until(due)
            if self._queue and len(self._queue[0]) < size:
                self._queue.pop(0)
            frame = np.zeros(size, np.int16)
            if self._queue:
                frame, self._queue[0] = self._queue[0][:size], self._queue[0][size:]
            await self.connection.input_audio_buffer.append(
                audio=base64.b64encode(frame.tobytes()).decode()
            )

    def say(self, text: str) -> None:
        self._queue.append(spoken(self.speller, text))

    async def listen(self) -> None:
        async for event in self.connection:
            self.events.append(event)

    async def until(self, kind: str, count: int = 1):
        with anyio.fail_after(10):
            while len(self.of(kind)) < count:
                await anyio.sleep(0.01)
        return self.of(kind)[count - 1]

    def of(self, kind: str) -> list:
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
    print([e.type for e in one.events if "delta" not in e.type])
    assert done.response.status == "completed"
    assert one.heard() == "It is sunny today"
    said = one.of("conversation.item.input_audio_transcription.completed")[0]
    assert said.transcript == "weather."


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
            "function_call", "get_weather", '{"city":"Paris"}',
        )
        await one.connection.conversation.item.create(
            item={"type": "function_call_output", "call_id": item.call_id, "output": "rain"}
        )
        await one.connection.response.create()
        second = await one.until("response.done", 2)
    assert second.response.status == "completed"
    assert one.heard() == "It rains in Paris"
