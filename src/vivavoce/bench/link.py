"""The transport of the engine benchmark: a caller over a loopback socket, who plays by its own
clock, can be cleared, and reports exactly what it has played."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Self

import anyio
import numpy as np

from vivavoce.bench.framing import Decoder, Kind, Message, encode
from vivavoce.bench.recordings import SAMPLE_RATE
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import Event, TurnEnded
from vivavoce.core.protocols import Control, InputClosed, Played, TransportCapabilities
from vivavoce.core.turn import TurnRecord
from vivavoce.engine.streams import Stream

__all__ = ["OUTPUT_RATE", "Link"]

OUTPUT_RATE = 24000  # Hz: the scripted synthesiser's, so that words can be read off the samples
_UNREAD = 256  # messages; the ears drop what is older than a second by themselves


class Link(asyncio.Protocol):
    """One connection: asyncio calls it with bytes, the session uses it as a `Transport`.

    A protocol instead of a stream of anyio's, because that pauses and resumes its socket around
    every read, which costs more than the engine spends on the frame.
    """

    capabilities = TransportCapabilities(live=True, sample_rate=OUTPUT_RATE, reports_played=True)

    def __init__(self, connected: Callable[[Link], object]) -> None:
        self._connected = connected
        self._decoder = Decoder()
        self._inbox: Stream[AudioFrame | Control] = Stream(_UNREAD)
        self._lost = False
        self._closed = anyio.Event()
        self._socket: asyncio.Transport

    # --- asyncio's side ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller is there."""
        assert isinstance(transport, asyncio.Transport)
        self._socket = transport
        self._connected(self)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        for message in self._decoder.feed(data):
            self._inbox.put(_item(message))

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._lost = True
        self._inbox.close()
        self._closed.set()

    # --- the session's side -----------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    def receive(self) -> AsyncIterator[AudioFrame | Control]:
        """What the caller says and has played."""
        return self._inbox

    async def send(self, turn: str, frame: AudioFrame) -> None:
        """The caller queues it; the mouth never sends more than it may hold."""
        self._write(encode(Kind.AUDIO, turn, frame.start, frame.samples.tobytes()))

    async def clear(self) -> None:
        """The caller drops what it has not played."""
        self._write(encode(Kind.CLEAR))

    async def notify(self, event: Event) -> None:
        """Of what happens, the caller is told how turns ended."""
        if isinstance(event, TurnEnded):
            record = event.record
            self._write(encode(Kind.TURN, record.id, payload=json.dumps(_told(record)).encode()))

    def tell(self, conversation: object) -> None:
        """The session is over; this is what it remembers."""
        self._write(encode(Kind.CONVERSATION, payload=json.dumps(conversation).encode()))

    async def closed(self) -> None:
        """Wait until the caller has hung up."""
        await self._closed.wait()

    def _write(self, data: bytes) -> None:
        if self._lost:
            raise TransportClosed("the caller is gone")
        self._socket.write(data)


def _item(message: Message) -> AudioFrame | Control:
    match message.kind:
        case Kind.AUDIO:
            return AudioFrame(np.frombuffer(message.payload, np.int16), SAMPLE_RATE, message.at)
        case Kind.PLAYED | Kind.FINAL:
            return Played(message.turn, message.at, message.kind is Kind.FINAL)
        case Kind.END:
            return InputClosed()
        case _:
            raise ValueError(f"a caller does not send {message.kind.name}")


def _told(record: TurnRecord) -> dict[str, object]:
    return {
        "outcome": record.outcome.value,
        "reply": record.reply,
        "points": {point.value: at for point, at in record.marks.points.items()},
    }
