"""An assistant: its providers made, shared and closed, and conversations one after the other."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import ClassVar

import anyio
import pytest

from vivavoce.assistant import Assistant
from vivavoce.core.errors import ConfigError, LocalProtocolError
from vivavoce.core.events import Event
from vivavoce.core.messages import Message
from vivavoce.core.plugins import ProviderContext
from vivavoce.core.protocols import InputClosed, TypedText
from vivavoce.engine.session import Session
from vivavoce.testing import LevelVAD, MemoryTransport, ScriptedLLM, ScriptedSTT, Speller

pytestmark = pytest.mark.anyio


class Engine:
    """What the providers of a vendor share; it can be closed once, and is of no use then."""

    made: ClassVar[list[Engine]] = []

    def __init__(self) -> None:
        self.closed = False
        self.made.append(self)

    async def aclose(self) -> None:
        self.closed = True


class AcmeSTT(ScriptedSTT):
    """Needs its engine to warm up."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Speller())
        self.engine = engine

    async def warm(self) -> None:
        assert not self.engine.closed


def acme_stt(model: str, context: ProviderContext) -> AcmeSTT:
    return AcmeSTT(context.share("acme", Engine, Engine))


def acme_llm(model: str, context: ProviderContext) -> object:
    raise ConfigError("acme has no language model")


@pytest.fixture(autouse=True)
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor is installed."""

    def entry_points(*, group: str) -> list[EntryPoint]:
        role = group.rpartition(".")[2]
        return [EntryPoint("acme", f"{__name__}:acme_{role}", group)]

    monkeypatch.setattr("vivavoce.build.entry_points", entry_points)
    monkeypatch.setattr(Engine, "made", [])


def assistant(llm: ScriptedLLM | str) -> Assistant:
    return Assistant(stt="acme/ears", llm=llm, tts="none", vad=LevelVAD(), turn_detector="none")


async def talk(
    here: Assistant, *texts: str, wait: float = 5.0, events: list[Event] | None = None
) -> list[str]:
    """Type these, `wait` seconds apart, and give what the conversation holds then."""
    transport = MemoryTransport()
    sessions: list[Session] = []

    async def run() -> None:
        on_event = None if events is None else events.append
        sessions.append(await here.run(transport, on_event=on_event))

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        for text in texts:
            transport.control(TypedText(text))
            await anyio.sleep(wait)
        transport.control(InputClosed())
    contents = (item.content for item in sessions[0].conversation)
    return [item.text for item in contents if isinstance(item, Message)]


async def test_run_loads_the_models_anew_for_each_conversation() -> None:
    here = assistant(ScriptedLLM(["Yes."]))
    for _ in range(2):
        assert await talk(here, "hello") == ["hello", "Yes."]
    assert [engine.closed for engine in Engine.made] == [True, True]


async def test_a_conversation_that_nobody_watches_does_not_run_dry() -> None:
    """More events than are held for a ledger."""
    here = assistant(ScriptedLLM([" ".join(["word"] * 5000), "Yes."]))
    assert (await talk(here, "hello", "again", wait=100.0))[-2:] == ["again", "Yes."]


async def test_everything_that_happens_is_told() -> None:
    events: list[Event] = []
    await talk(assistant(ScriptedLLM(["Yes."])), "hello", events=events)
    assert type(events[0]).__name__ == "SessionStarted"
    assert type(events[-1]).__name__ == "SessionEnded"


async def test_what_was_made_before_a_provider_failed_is_closed() -> None:
    with pytest.raises(ConfigError, match="no language model"):
        async with assistant("acme/words"):
            pass
    assert [engine.closed for engine in Engine.made] == [True]


async def test_an_assistant_is_entered_once_at_a_time() -> None:
    here = assistant(ScriptedLLM(["Yes."]))
    async with here:
        with pytest.raises(LocalProtocolError, match="once"):
            async with here:
                pass
        assert await talk(here, "hello") == ["hello", "Yes."]
    assert await talk(here, "hello") == ["hello", "Yes."]


async def test_a_provider_that_was_given_is_in_the_choice_by_its_name() -> None:
    here = assistant(ScriptedLLM(["Yes."]))
    assert here.choice == ("acme/ears", "scripted/llm", "none", LevelVAD().name, "none")
