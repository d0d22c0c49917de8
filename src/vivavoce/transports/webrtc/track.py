"""The clock of what is sent: a packet every 20 ms, for as long as the connection lasts.

aiortc asks its track for the next packet and sends it at once, so that the pace is made here. Audio
goes on without a pause, silence included: a peer's buffer keeps its depth only while it is fed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fractions import Fraction

import anyio
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import Packet
from av.stream import Stream

from vivavoce.core.audio import FRAME_S
from vivavoce.transports.webrtc.jitter import CLOCK_RATE
from vivavoce.transports.webrtc.opus import OpusEncoder
from vivavoce.transports.webrtc.outbox import Outbox

__all__ = ["PacedTrack"]

STALL_S = 0.060  # up to here late packets follow at once; the peer's buffer covers for it

_PACKET_UNITS = round(FRAME_S * CLOCK_RATE)
_TIME_BASE = Fraction(1, CLOCK_RATE)


class PacedTrack(MediaStreamTrack):
    """Sends what is in the outbox, encoded. `sent` is awaited behind each packet.

    After a stall of this process it does not make up for lost time: a burst would stay in the
    peer's buffer as delay. It leaves out the packets whose time has passed, and timestamps too, so
    that to the peer it is a pause; the audio goes on where it was.
    """

    kind = "audio"

    def __init__(self, outbox: Outbox, sent: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._outbox = outbox
        self._sent = sent
        self._encoder = OpusEncoder(outbox.sample_rate)
        self._zero: float | None = None
        self._tick = 0

    async def recv(self) -> Packet[Stream]:
        """The next packet, when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        now = anyio.current_time()
        if self._zero is None:
            self._zero = now
        late = now - self._zero - self._tick * FRAME_S
        if late > STALL_S:
            self._tick += int(late / FRAME_S)
        await anyio.sleep_until(self._zero + self._tick * FRAME_S)
        packet = Packet(self._encoder.encode(self._outbox.take(anyio.current_time())))
        packet.pts = self._tick * _PACKET_UNITS
        packet.time_base = _TIME_BASE
        self._tick += 1
        await self._sent()
        return packet
