"""A server on loopback whose providers are scripted, and a person who talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import numpy as np
import uvicorn
from starlette.applications import Starlette

from vivavoce.core.audio import Samples
from vivavoce.core.messages import ToolCall
from vivavoce.core.protocols import Tool
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.server.app import create_app
from vivavoce.server.hub import Hub
from vivavoce.testing import LevelVAD, ScriptedLLM, ScriptedSTT, ScriptedTTS, Speller

RATE = 24000


def parts(
    replies: Sequence[str | ToolCall | Sequence[str | ToolCall]] = ("Fine.",),
    tools: Sequence[Tool] = (),
) -> tuple[Parts, Speller]:
    """Providers that understand and speak a speller's words."""
    speller = Speller()
    made = Parts(
        stt=ScriptedSTT(speller),
        llm=ScriptedLLM(tuple(replies)),
        tts=ScriptedTTS(speller),
        vad=LevelVAD(),
        tools=tools,
        language="en",
    )
    return made, speller


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
async def realtime(given: Parts, *, limit: int = 10, resume: float = 60.0) -> AsyncIterator[int]:
    """The port of a whole server."""
    new: Callable[[], Session] = lambda: Session(given)
    async with Hub(new, model="scripted", limit=limit, resume=resume) as hub:
        async with serving(create_app(hub)) as port:
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
