"""A transport for a WebRTC peer: audio on its track, the Realtime API's events beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

import anyio
import anyio.abc

from vivavoce.core.audio import AudioFrame
from vivavoce.core.events import Event
from vivavoce.core.protocols import Control, Played, TransportCapabilities
from vivavoce.engine.streams import Full, Stream
from vivavoce.transports.realtime.transport import RealtimeTransport
from vivavoce.transports.webrtc import Peer

__all__ = ["PeerTransport"]

_INTAKE = 256  # items: five seconds of frames, of which the ears hold one
_REPORT_S = 0.100


class PeerTransport:
    """The peer's media path and the protocol's events as one."""

    def __init__(self, events: RealtimeTransport, peer: Peer) -> None:
        self.capabilities = TransportCapabilities(
            live=True, sample_rate=peer.sample_rate, reports_played=True, latency=peer.latency
        )
        self._events = events
        self._peer = peer
        self._items: Stream[AudioFrame | Control] = Stream(_INTAKE, Full.DROP_OLDEST)
        self._tasks: anyio.abc.TaskGroup

    async def __aenter__(self) -> Self:
        await self._events.__aenter__()
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._take_audio)
        self._tasks.start_soon(self._take_events)
        self._tasks.start_soon(self._report)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            await self._events.__aexit__(*exc)

    def receive(self) -> AsyncIterator[AudioFrame | Control]:
        """What the peer says and does; ends when it is gone."""
        return self._items

    async def send(self, turn: str, frame: AudioFrame) -> None:
        """Play it, and tell that it sounds."""
        await self._events.send(turn, frame)
        await self._peer.play(turn, frame)

    async def clear(self) -> None:
        """Silence within a packet."""
        cut = self._peer.clear()
        if cut is not None:
            self._items.put(Played(*cut, final=True))

    async def notify(self, event: Event) -> None:
        """Tell the peer what happens."""
        await self._events.notify(event)

    async def _take_audio(self) -> None:
        async for frame in self._peer.audio():
            self._items.put(frame)
        self._items.close()

    async def _take_events(self) -> None:
        async for item in self._events.receive():
            self._items.put(item)

    async def _report(self) -> None:
        told = None
        while True:
            await anyio.sleep(_REPORT_S)
            position = self._peer.position
            if position is not None and position != told:
                self._items.put(Played(*position))
                told = position
