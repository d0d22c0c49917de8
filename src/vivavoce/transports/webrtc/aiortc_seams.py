"""Where aiortc's inside is replaced. Written for aiortc 1.16.0 and aioice 0.13.0.

Two things have no setting:

- A receiver's jitter buffer holds every packet for 80 ms, never shrinks after a loss and conceals
  nothing. Ours stands in its place and takes each packet away, so that aiortc's decoder gets none.
- aioice offers the addresses of every interface, and never the loopback's.

Both are replaced on one object at a time; nothing is changed for anyone else in the process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

from aioice import Connection
from aioice.candidate import Candidate
from aiortc import RTCRtpReceiver
from aiortc import rtp as aiortc_rtp
from aiortc.jitterbuffer import JitterBuffer, JitterFrame

from vivavoce.core.errors import ConfigError
from vivavoce.transports.webrtc.jitter import RtpPacket

__all__ = ["GATHERING_S", "choose_addresses", "intercept"]

GATHERING_S = 2  # that a silent STUN or TURN server may delay an answer; aioice waits 5 s

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"
_GATHERER = "get_component_candidates"


class _Intake:
    """Stands where a receiver has its jitter buffer."""

    def __init__(self, take: Callable[[RtpPacket], None]) -> None:
        self._take = take

    def add(self, packet: aiortc_rtp.RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take the packet. Asks for no picture, completes no frame."""
        self._take(RtpPacket(packet.ssrc, packet.sequence_number, packet.timestamp, packet.payload))
        return False, None


def intercept(receiver: RTCRtpReceiver, take: Callable[[RtpPacket], None]) -> None:
    """Have `take` called with each packet that comes, on the loop; it must not raise.

    Raises ConfigError when the installed aiortc has no such place.
    """
    if not isinstance(getattr(receiver, _JITTER_BUFFER, None), JitterBuffer):
        raise _changed("a receiver's jitter buffer")
    setattr(receiver, _JITTER_BUFFER, _Intake(take))


def choose_addresses(receiver: RTCRtpReceiver, hosts: Sequence[str]) -> None:
    """Offer these addresses of this machine; all but the loopback's if there are none.

    Raises ConfigError when the installed aiortc has no such place.
    """
    connection = getattr(receiver.transport.transport, "_connection", None)
    if not isinstance(connection, Connection) or not hasattr(connection, _GATHERER):
        raise _changed("the addresses that a connection offers")
    gather = connection.get_component_candidates

    async def gather_chosen(component: int, addresses: list[str]) -> list[Candidate]:
        return await gather(component, list(hosts) or addresses, timeout=GATHERING_S)

    setattr(connection, _GATHERER, gather_chosen)


def _changed(what: str) -> ConfigError:
    return ConfigError(
        f"aiortc {version('aiortc')} with aioice {version('aioice')} has changed inside ({what}); "
        "install aiortc 1.16.0 and aioice 0.13.0"
    )
