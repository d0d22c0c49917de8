"""A server on loopback whose providers are scripted, and a person who talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import numpy as np
import uvicorn
from starlette.applications import Starlette

from vivavoce.core.audio import Samples
from vivavoce.core.protocols import Tool
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.providers.scripted.llm import Reply
from vivavoce.server.app import create_app
from vivavoce.server.hub import Hub
from vivavoce.testing import LevelVAD, ScriptedLLM, ScriptedSTT, ScriptedTTS, Speller

RATE = 24000


@dataclass(frozen=True)
class Scripted:
    """What a server is made of; `llm` keeps what it was asked."""

    parts: Parts
    llm: ScriptedLLM

    def asked(self, turn: int) -> list[str]:
        """The messages of one request to the language model."""
        return [getattr(message, "text", "") for message in self.llm.requests[turn]]


def parts(
    replies: Sequence[Reply] = ("Fine.",), tools: Sequence[Tool] = ()
) -> tuple[Scripted, Speller]:
    """Providers that understand and speak a speller's words."""
    speller = Speller()
    llm = ScriptedLLM(tuple(replies))
    made = Parts(
        stt=ScriptedSTT(speller),
        llm=llm,
        tts=ScriptedTTS(speller),
        vad=LevelVAD(),
        tools=tools,
        language="en",
    )
    return Scripted(made, llm), speller


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[int]:
    """The port of the app on loopback."""
    config = uvicorn.Config(app, port=0, log_level="warning", ws="websockets-sansio")
    server = uvicorn.Server(config)
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve)
        while not server.started:
            await anyio.sleep(0.01)
        try:
            yield server.servers[0].sockets[0].getsockname()[1]
        finally:
            server.should_exit = True


@asynccontextmanager
async def realtime(given: Scripted, *, limit: int = 10, resume: float = 60.0) -> AsyncIterator[int]:
    """The port of a whole server."""

    def new() -> Session:
        return Session(given.parts)

    async with (
        Hub(new, model="scripted", limit=limit, resume=resume) as hub,
        serving(create_app(hub, hosts=("127.0.0.1",))) as port,
    ):
        yield port


def spoken(
    speller: Speller,
    text: str,
    seconds_a_word: float = 0.6,
    *,
    rate: int = RATE,
    pause: float = 0.8,
) -> Samples:
    """The words, and silence after them."""
    samples, _ = speller.spell(text, seconds_a_word * len(text.split()), rate)
    return np.concatenate([samples, np.zeros(round(pause * rate), np.int16)])


class Microphone:
    """One that is never off: 20 ms each 20 ms, of what is said or of silence."""

    def __init__(self, speller: Speller) -> None:
        self.speller = speller
        self._said: list[Samples] = []

    def say(self, text: str, seconds_a_word: float = 0.6) -> None:
        """Say this now."""
        self._said.append(spoken(self.speller, text, seconds_a_word))

    async def stream(self, send: Callable[[bytes], Awaitable[object]]) -> None:
        """Send in real time, until cancelled."""
        size = RATE // 50
        due = anyio.current_time()
        while True:
            due += 0.02
            await anyio.sleep_until(due)
            while self._said and len(self._said[0]) < size:
                self._said.pop(0)
            frame = np.zeros(size, np.int16)
            if self._said:
                frame, self._said[0] = self._said[0][:size], self._said[0][size:]
            await send(frame.tobytes())
