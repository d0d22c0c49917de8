"""A transport for one client that owns its playback: events both ways, audio inside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Self

import anyio
import anyio.abc
import msgspec

from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import Event, ToolStarted
from vivavoce.core.protocols import Control, TransportCapabilities
from vivavoce.transports.realtime.commands import (
    AddItem,
    Answer,
    AnswerAside,
    Command,
    Configure,
    DeleteItem,
    StopAnswer,
    ToolGave,
)
from vivavoce.transports.realtime.protocol import Realtime

__all__ = ["Order", "RealtimeTransport"]

Order = Configure | AddItem | DeleteItem | Answer | AnswerAside | StopAnswer | ToolGave
_TOGETHER_S = 0.020  # within which the calls of one round come
_BACKLOG = 2048  # events that a client may leave unread: 40 s of audio
_UNREAD = _BACKLOG // 2  # past which nothing more is taken from the client before it has read
_FAREWELL_S = 1.0  # for the last events


class RealtimeTransport:
    """`texts` are the client's events, `send_text` takes those for it. `carry_out` gets what
    concerns the session itself; what it returns, if anything, is given to the session too.
    `noticed` sees each event before it is told."""

    # The intake waits instead of dropping: a client may send faster than it was spoken.
    capabilities = TransportCapabilities(live=False, sample_rate=24000, client_owned=True)

    def __init__(
        self,
        protocol: Realtime,
        texts: AsyncIterator[str | bytes],
        send_text: Callable[[str], Awaitable[None]],
        carry_out: Callable[[Order, anyio.abc.TaskGroup], Control | None],
        noticed: Callable[[Event], None],
    ) -> None:
        self._protocol = protocol
        self._texts = texts
        self._send_text = send_text
        self._carry_out = carry_out
        self._noticed = noticed
        self._waiting = anyio.Event()
        self._sent = anyio.Event()
        self._tasks: anyio.abc.TaskGroup

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        self._protocol.told = self._wake
        self._tasks.start_soon(self._write)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)
        with anyio.move_on_after(_FAREWELL_S, shield=True), suppress(TransportClosed):
            await self._drain()

    async def receive(self) -> AsyncIterator[AudioFrame | Control]:
        """What the client sends, in order."""
        async for text in self._texts:
            for command in self._protocol.receive(text):
                item = self._obey(command)
                if item is not None:
                    yield item
            while len(self._protocol.outgoing) > _UNREAD:
                self._sent = anyio.Event()
                await self._sent.wait()

    async def send(self, turn: str, frame: AudioFrame) -> None:
        """Audio for the client."""
        self._protocol.audio(turn, frame)
        self._check_backlog()

    async def clear(self) -> None:
        """The client silences itself when it is told of the interruption."""

    async def notify(self, event: Event) -> None:
        """Tell the client what happens."""
        self._noticed(event)
        for command in self._protocol.happened(event):
            self._obey(command)
        if isinstance(event, ToolStarted):
            self._tasks.start_soon(self._calls_made)
        self._check_backlog()

    def _check_backlog(self) -> None:
        if len(self._protocol.outgoing) > _BACKLOG:
            raise TransportClosed("the client does not keep up with its events")

    def _wake(self) -> None:
        self._waiting.set()

    def _obey(self, command: Command) -> AudioFrame | Control | None:
        if isinstance(command, Order):
            return self._carry_out(command, self._tasks)
        return command

    async def _calls_made(self) -> None:
        await anyio.sleep(_TOGETHER_S)
        self._protocol.calls_made()

    async def _write(self) -> None:
        while True:
            self._waiting = anyio.Event()
            await self._drain()
            await self._waiting.wait()

    async def _drain(self) -> None:
        outgoing = self._protocol.outgoing
        while outgoing:
            await self._send_text(msgspec.json.encode(outgoing[0]).decode())
            outgoing.popleft()
            self._sent.set()
