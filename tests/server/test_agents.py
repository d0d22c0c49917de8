"""The strictest client: `openai-agents`, in a conversation with a tool and an interruption."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import numpy as np
import pytest
from agents import function_tool, set_tracing_disabled
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from agents.realtime.events import RealtimeSessionEvent

from tests.server.loopback import RATE, parts, realtime, spoken
from vivavoce.core.audio import Samples
from vivavoce.core.messages import ToolCall

pytestmark = pytest.mark.anyio

LONG = "It will be sunny for the whole of this long week and the next one too."


class Caller:
    """Speaks in real time, plays what comes at the pace that it is heard."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.events: list[RealtimeSessionEvent] = []
        self.said: list[Samples] = []

    async def talk(self) -> None:
        size = RATE // 50
        due = anyio.current_time()
        while True:
            due += 0.02
            await anyio.sleep_until(due)
            while self.said and len(self.said[0]) < size:
                self.said.pop(0)
            frame = np.zeros(size, np.int16)
            if self.said:
                frame, self.said[0] = self.said[0][:size], self.said[0][size:]
            await self.session.send_audio(frame.tobytes())

    async def listen(self) -> None:
        async for event in self.session:
            self.events.append(event)

    async def until(self, fits: Callable[[RealtimeSessionEvent], bool], count: int = 1) -> None:
        with anyio.fail_after(15):
            while sum(map(fits, self.events)) < count:
                await anyio.sleep(0.01)

    def of(self, kind: str) -> list[RealtimeSessionEvent]:
        return [event for event in self.events if event.type == kind]


async def test_openai_agents_holds_a_conversation() -> None:
    set_tracing_disabled(True)

    @function_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"rain in {city}"

    given, speller = parts([ToolCall("call_1", "get_weather", {"city": "Paris"}), LONG, "Yes."])
    agent = RealtimeAgent(name="Assistant", instructions="You are helpful.", tools=[get_weather])
    async with realtime(given) as port:
        runner = RealtimeRunner(agent)
        url = f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime"
        session = await runner.run(model_config={"url": url, "api_key": "sk-none"})
        async with session, anyio.create_task_group() as group:
            caller = Caller(session)
            group.start_soon(caller.listen)
            group.start_soon(caller.talk)
            await anyio.sleep(0.3)
            caller.said.append(spoken(speller, "weather"))
            await caller.until(lambda event: event.type == "tool_end")
            await caller.until(lambda event: event.type == "audio", 60)
            caller.said.append(spoken(speller, "really tomorrow"))
            await caller.until(lambda event: event.type == "audio_interrupted")
            await caller.until(lambda event: event.type == "agent_end", 3)
            group.cancel_scope.cancel()
    assert not caller.of("error")
    assert [getattr(event, "output", None) for event in caller.of("tool_end")] == ["rain in Paris"]
    assert given.asked(1)[-1] == "rain in Paris"
    cut, then = given.asked(2)[-2:]
    assert then == "really tomorrow."
    assert cut.endswith("…")
    assert len(cut) < len(LONG)
    assert LONG.startswith(cut[:-1])
