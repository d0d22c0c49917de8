"""A TTS stream whose speech is made in a lane, one text after another."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

import anyio

from vivavoce.core.errors import LocalProtocolError
from vivavoce.core.speech import Speech
from vivavoce.providers.local.lane import Lane, LaneStream

__all__ = ["Emit", "LaneTTSStream", "Stopped"]

Emit = Callable[[Speech], None]
Stopped = Callable[[], bool]

PENDING = 64  # texts; as "LLM text -> TTS" in docs/architecture.md
AHEAD = 1024  # chunks of one text: so many that a slow listener never holds the lane for others


class LaneTTSStream:
    """`speak(text, emit, stopped)` makes the speech of one text in the lane's thread."""

    def __init__(self, lane: Lane, speak: Callable[[str, Emit, Stopped], None]) -> None:
        self._lane = lane
        self._speak = speak
        self._send, self._receive = anyio.create_memory_object_stream[str](PENDING)
        self._chunks: LaneStream[Speech] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._send.close()
        self._receive.close()
        await self._leave()

    async def say(self, text: str) -> None:
        """Take a piece of text. Waits while 64 are pending.

        Raises LocalProtocolError after `finish` or outside of the stream's block.
        """
        try:
            await self._send.send(text)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            raise LocalProtocolError("text was given to a speech stream that is finished") from None

    async def finish(self) -> None:
        """No more text comes. May be called twice."""
        self._send.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Speech:
        while True:
            if self._chunks is None:
                await self._enter()
            elif (chunk := await anext(self._chunks, None)) is not None:
                return chunk
            else:
                await self._leave()

    async def _enter(self) -> None:
        try:
            text = await self._receive.receive()
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            raise StopAsyncIteration from None
        work = partial(self._speak, text)
        self._chunks = await self._lane.stream(work, AHEAD).__aenter__()

    async def _leave(self) -> None:
        chunks, self._chunks = self._chunks, None
        if chunks is not None:
            await chunks.__aexit__(None, None, None)
