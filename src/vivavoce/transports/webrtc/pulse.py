"""Whether the peer still lives, and how far away it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiortc import RTCRtpSender

__all__ = ["LOST_S", "Pulse"]

# Without a packet. A peer that hears us says so each second, muted or not (RFC 3550 section 6.2).
# aiortc itself waits 30 s, for six checks of consent (RFC 7675).
LOST_S = 8


class Pulse:
    """Felt once a second. `round_trip` is in seconds, None until the peer's first report."""

    def __init__(self) -> None:
        self.round_trip: float | None = None
        self._received = 0
        self._silent_s = 0

    async def feel(self, sender: RTCRtpSender) -> bool:
        """Look at the connection's counters; returns whether the peer lives."""
        from aiortc.stats import RTCRemoteInboundRtpStreamStats, RTCTransportStats

        received = self._received
        for entry in (await sender.getStats()).values():
            if isinstance(entry, RTCRemoteInboundRtpStreamStats):
                self.round_trip = entry.roundTripTime
            elif isinstance(entry, RTCTransportStats):
                received = entry.packetsReceived
        self._silent_s = 0 if received != self._received else self._silent_s + 1
        self._received = received
        return self._silent_s < LOST_S
