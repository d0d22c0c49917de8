"""What a peer offers, and what of it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from vivavoce.core.errors import RemoteProtocolError

__all__ = ["MALFORMED", "MAX_OFFER", "IceServer", "is_loopback", "usable_offer"]

MAX_OFFER = 65_536  # characters; a browser's with audio, video and data takes 8,000

# What aiortc's parser makes of a malformed line: whatever Python does.
MALFORMED = (ValueError, LookupError, AttributeError, TypeError, AssertionError)

_ADDRESS, _PORT = 4, 5  # behind foundation, component, transport, priority (RFC 8839 section 5.1)


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server: `urls` such as `turn:turn.example.com:3478?transport=udp`.

    aiortc asks the first STUN and the first TURN server of all that it is given.
    """

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


def is_loopback(hosts: Sequence[str]) -> bool:
    """Whether these addresses, of which there is one at least, are all this machine's own."""
    return bool(hosts) and all(ip_address(host).is_loopback for host in hosts)


def usable_offer(sdp: str, *, loopback_only: bool = False) -> str:
    """The offer without what would only delay the answer. Raises RemoteProtocolError.

    Left out are multicast DNS candidates, which take a second each to resolve where they can be
    resolved at all, and the end of candidates, for a peer that is not among them may still call:
    its first check shows where it is (RFC 8445 section 7.3.1.3). That is all there is of a browser
    that sends its offer before it has gathered any. `loopback_only` leaves out other machines too.
    """
    if len(sdp) > MAX_OFFER:
        raise RemoteProtocolError(f"the offer has {len(sdp)} characters; {MAX_OFFER} are allowed")
    lines = sdp.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise RemoteProtocolError("the offer is not a session description: it must begin with v=0")
    if not any(line.startswith("m=audio ") for line in lines):
        raise RemoteProtocolError("the offer has no audio; add an audio track before creating it")
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise RemoteProtocolError("the offer has no certificate fingerprint (a=fingerprint)")
    offer = "".join(f"{line}\r\n" for line in _kept(lines, loopback_only=loopback_only))
    _check_bundle(offer)
    return offer


def _check_bundle(offer: str) -> None:
    """Aiortc loses its transports over a section that is not there, and cannot even close then."""
    from aiortc.sdp import SessionDescription

    try:
        description = SessionDescription.parse(offer)
    except MALFORMED as error:
        raise RemoteProtocolError(f"the offer cannot be read: {error!r}") from error
    mids = [media.rtp.muxId for media in description.media]
    bundled = {mid for group in description.group for mid in group.items}
    if len(set(mids)) < len(mids) or not bundled <= set(mids):
        raise RemoteProtocolError(f"the offer has sections {mids}, and bundles {bundled}")


def _kept(lines: Sequence[str], *, loopback_only: bool) -> Iterator[str]:
    for line in lines:
        if line.startswith("a=end-of-candidates"):
            continue
        if line.startswith("a=candidate:") and not _is_reachable(line, loopback_only):
            continue
        yield line


def _is_reachable(line: str, loopback_only: bool) -> bool:
    parts = line.split()
    try:
        address, port = ip_address(parts[_ADDRESS]), int(parts[_PORT])
    except (IndexError, ValueError):  # a name: multicast DNS hides an address behind it
        return False
    return 0 < port < 1 << 16 and (address.is_loopback or not loopback_only)
