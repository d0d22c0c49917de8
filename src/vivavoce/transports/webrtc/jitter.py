"""RTP packets in the order of their sequence numbers, as soon as that order allows (RFC 3550).

A packet that follows the one before is handed on at once, so that without loss no time is added.
One that comes early waits for those before it, at most `HOLD_S`: then they count as lost, and are
dropped if they come after all. Nothing that waited makes what follows wait, so loss never becomes
delay. The voice pipeline behind it needs no even pace, which is what other jitter buffers are for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CLOCK_RATE", "HOLD_S", "JitterBuffer", "Placed", "RtpPacket"]

CLOCK_RATE = 48_000  # Hz: Opus's RTP clock at every sample rate (RFC 7587 section 4.1)
HOLD_S = 0.010  # half a packet: overtaking on a path takes microseconds to a few milliseconds
MAX_HELD = 16  # packets that may wait together; a burst past it is not reordering
MAX_DROPOUT = 3000  # sequence numbers ahead, and
MAX_MISORDER = 100  # behind, that still belong to the stream (RFC 3550 appendix A.1)
STEP = 960  # RTP clock units a packet at least takes where its timestamp says nothing useful
SLACK_S = 10.0  # of audio that one burst may carry, as after a stall of the network


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """What matters of a packet: its synchronisation source, 16-bit sequence number and 32-bit
    timestamp, and the payload."""

    source: int
    sequence: int
    timestamp: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Placed:
    """A payload whose audio begins `position` clock units after the stream's first."""

    position: int
    payload: bytes = field(repr=False)


def _signed(difference: int, bits: int) -> int:
    """A difference of two wrapping counters, the shorter way round."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half


class JitterBuffer:
    """Owns no clock: every call carries the time (s), which never goes back.

    `late` counts packets that came too late, or twice, or belong to no stream.
    """

    def __init__(self) -> None:
        self.late = 0
        self._source: int | None = None
        self._next = 0  # sequence number
        self._held: dict[int, tuple[RtpPacket, float]] = {}  # by steps ahead of `_base`
        self._base = 0  # counts packets since the start; of the one whose number is `_next`
        self._stray: int | None = None  # the number that would prove a jump
        self._timestamp = 0
        self._position = -STEP
        self._placed_at = 0.0

    @property
    def due(self) -> float | None:
        """When `release` has something to do, or None."""
        return min((at for _, at in self._held.values()), default=None)

    def add(self, packet: RtpPacket, now: float) -> list[Placed]:
        """Take a packet; returns what can be handed on, in order."""
        ahead = _signed(packet.sequence - self._next, 16)
        if packet.source != self._source:
            return self._restart(packet, now)
        if not -MAX_MISORDER <= ahead <= MAX_DROPOUT:
            if packet.sequence == self._stray:
                return self._restart(packet, now)
            self._stray = (packet.sequence + 1) % (1 << 16)
            self.late += 1
            return self.release(now)
        self._stray = None
        if ahead < 0 or self._base + ahead in self._held:
            self.late += 1
        else:
            self._held[self._base + ahead] = packet, now + HOLD_S
        return self.release(now)

    def release(self, now: float) -> list[Placed]:
        """What has waited long enough, and what follows it without a gap."""
        overdue = [number for number, (_, at) in self._held.items() if at <= now]
        if len(self._held) > MAX_HELD:
            overdue.append(max(self._held))
        ready: list[Placed] = []
        for number in sorted(number for number in self._held if number <= max(overdue, default=-1)):
            ready.append(self._place(number, now))
        while self._base in self._held:
            ready.append(self._place(self._base, now))
        return ready

    def _restart(self, packet: RtpPacket, now: float) -> list[Placed]:
        """A new stream, placed by its arrival behind all that was held of the old one."""
        ready = [self._place(number, now) for number in sorted(self._held)]
        self._stray = None
        begun = self._source is not None
        self._source = packet.source
        self._next = packet.sequence
        self._held[self._base] = packet, now
        if not begun:
            self._placed_at = now
        self._timestamp = packet.timestamp  # no advance: its arrival counts
        return [*ready, self._place(self._base, now)]

    def _place(self, number: int, now: float) -> Placed:
        packet, _ = self._held.pop(number)
        advance = _signed(packet.timestamp - self._timestamp, 32)
        elapsed = now - self._placed_at
        if not 0 < advance <= (elapsed + SLACK_S) * CLOCK_RATE:
            advance = max(STEP, round(elapsed * CLOCK_RATE))
        self._position += advance
        self._timestamp, self._placed_at = packet.timestamp, now
        self._base = number + 1
        self._next = (packet.sequence + 1) % (1 << 16)
        return Placed(self._position, packet.payload)
