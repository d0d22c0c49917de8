"""The strictest client: `openai-agents`, in a conversation with a tool and an interruption."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest
from agents import function_tool, set_tracing_disabled
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from agents.realtime.events import RealtimeSessionEvent

from tests.server.loopback import Microphone, parts, realtime
from vivavoce.core.messages import ToolCall
from vivavoce.testing import Speller

pytestmark = pytest.mark.anyio

LONG = "It will be sunny for the whole of this long week and the next one too."


class Caller(Microphone):
    """Speaks in real time; keeps the events that come."""

    def __init__(self, session: RealtimeSession, speller: Speller) -> None:
        super().__init__(speller)
        self.session = session
        self.events: list[RealtimeSessionEvent] = []

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
            caller = Caller(session, speller)
            group.start_soon(caller.listen)
            group.start_soon(caller.stream, session.send_audio)
            await anyio.sleep(0.3)
            caller.say("weather")
            await caller.until(lambda event: event.type == "tool_end")
            await caller.until(lambda event: event.type == "audio", 60)
            caller.say("really tomorrow")
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
