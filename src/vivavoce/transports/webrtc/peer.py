"""One browser or phone: its voice in, ours out, and texts both ways."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import anyio

from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import (
    ConfigError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportClosed,
)
from vivavoce.engine.streams import Full, Stream
from vivavoce.transports.webrtc.jitter import RtpPacket
from vivavoce.transports.webrtc.offer import MALFORMED, IceServer, is_loopback, usable_offer
from vivavoce.transports.webrtc.opus import SAMPLE_RATES
from vivavoce.transports.webrtc.outbox import Outbox
from vivavoce.transports.webrtc.pulse import LOST_S, Pulse
from vivavoce.transports.webrtc.reception import Reception
from vivavoce.transports.webrtc.texts import Texts

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver

__all__ = ["Peer", "PeerStatistics"]

INTAKE_S = 1.0  # the peer's audio that waits to be taken; older is dropped
CONNECTING_S = 15.0  # a browser behind a relay takes up to 5 s
CLOSING_S = 2.0

# From our sending to a browser's loudspeaker, besides the path: its jitter buffer (38 to 47 ms in
# Chromium 156 on the loopback, by getStats, with jitterBufferTarget 0) and its audio output.
MARGIN_S = 0.060

_PACKETS_A_SECOND = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PeerStatistics:
    """`concealed` is how much of the peer's audio was made up (s); `late` counts its packets that
    came too late or twice, `dropped` the frames that nobody took. `round_trip` is in seconds, None
    until the peer's first report."""

    concealed: float
    late: int
    dropped: int
    round_trip: float | None


class Peer:
    """A connection, from its offer to its close.

    Made by `answer`; `close` it, or leave its `async with`, whatever happened to it meanwhile. Two
    iterators and `play` may be used by one task each.
    """

    def __init__(self, connection: RTCPeerConnection, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._connection = connection
        self._reception = Reception()
        self._release: asyncio.TimerHandle | None = None
        self._audio: Stream[AudioFrame] = Stream(
            INTAKE_S, Full.DROP_OLDEST, lambda frame: frame.duration
        )
        self._outbox = Outbox(sample_rate)
        self._room = anyio.Event()
        self._cleared = anyio.Event()
        self._texts = Texts(self._end)
        self._sender: RTCRtpSender
        self._packets = 0
        self._pulse = Pulse()
        self._connected = anyio.Event()
        self._closed = anyio.Event()
        self._reason = ""

    @staticmethod
    def load() -> None:
        """Load aiortc now: 0.2 s that the first `answer` would take from every live connection."""
        import vivavoce.transports.webrtc.aiortc_seams
        import vivavoce.transports.webrtc.track  # noqa: F401  # to have it loaded is all

    @classmethod
    async def answer(
        cls,
        offer: str,
        *,
        ice_servers: Sequence[IceServer] = (),
        hosts: Sequence[str] = (),
        sample_rate: int = 24_000,
    ) -> tuple[Self, str]:
        """Take an offer (SDP); returns the peer and the answer to send back (SDP).

        `hosts` are the addresses of this machine at which the peer may reach it; without any, all
        but the loopback's. Where they are all loopback addresses, only this machine's own peers are
        served. `sample_rate` is that of `play` (Hz): 24,000 or 48,000.

        Raises RemoteProtocolError for an offer that cannot be answered, ConfigError for a STUN or
        TURN server's address that is none. Waits for those servers, at most 2 s.
        """
        from aiortc import RTCConfiguration, RTCPeerConnection
        from aiortc.rtcconfiguration import RTCBundlePolicy, RTCIceServer

        if sample_rate not in SAMPLE_RATES:
            raise ConfigError(f"a peer is played {SAMPLE_RATES} Hz; {sample_rate} is not possible")
        offer = usable_offer(offer, loopback_only=is_loopback(hosts))
        servers = [RTCIceServer([*s.urls], s.username, s.credential) for s in ice_servers]
        connection = RTCPeerConnection(
            RTCConfiguration(iceServers=servers, bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        peer = cls(connection, sample_rate)
        try:
            return peer, await peer._negotiate(offer, hosts)
        except BaseException:
            await peer.close()
            raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def connected(self, within: float = CONNECTING_S) -> None:
        """Wait until media flows. Raises TransportClosed when it does not `within` seconds."""
        with anyio.move_on_after(within):
            await self._connected.wait()
        if self._closed.is_set() or not self._connected.is_set():
            raise TransportClosed(self._reason or f"the peer did not connect within {within:g} s")

    async def closed(self) -> str:
        """Wait until the peer is gone, or closed; returns why."""
        await self._closed.wait()
        return self._reason

    async def close(self) -> None:
        """End the connection. Returns when nothing of it is left, also when cancelled."""
        self._end("closed here")
        with anyio.move_on_after(CLOSING_S, shield=True) as scope:
            await self._connection.close()
        if scope.cancelled_caught:
            logger.error("aiortc did not close a connection within %g s", CLOSING_S)

    # --- what comes -------------------------------------------------------------------------

    def audio(self) -> AsyncIterator[AudioFrame]:
        """The peer's voice: 48 kHz, 20 ms a frame as a rule, `start` counted from its first packet.

        Without a gap, except where it sent nothing for long. Of what is not taken the last second
        is kept. Ends when the peer is gone.
        """
        return self._audio

    def texts(self) -> AsyncIterator[str]:
        """What came over the data channel, in order. Ends when the peer is gone; a peer whose texts
        are not taken in time is given up."""
        return self._texts.received

    # --- what goes --------------------------------------------------------------------------

    async def play(self, turn: str, frame: AudioFrame) -> None:
        """Play audio of `turn`; `frame.start` is its position in that turn's audio (s).

        Waits while more than 200 ms is unplayed; what a `clear` finds waiting is dropped. Raises
        TransportClosed, and LocalProtocolError for another sample rate than the peer's.
        """
        if frame.sample_rate != self.sample_rate:
            raise LocalProtocolError(
                f"this peer is played {self.sample_rate} Hz, and was sent {frame.sample_rate} Hz"
            )
        cleared = self._cleared
        while not self._outbox.room_for(frame):
            self._require_open()
            room = self._room
            await room.wait()
            if cleared is not self._cleared:
                return
        self._require_open()
        self._outbox.add(turn, frame)

    def clear(self) -> tuple[str, float] | None:
        """Drop what is unplayed; silence goes out with the next packet, behind a fade of 5 ms.

        Returns the turn that was cut and how much of it went out (s), all of which the peer will
        still hear; None if nothing was ever played.
        """
        cut = self._outbox.clear()
        self._cleared = anyio.Event()
        self._make_room()
        return cut

    def send_text(self, text: str) -> None:
        """Send a text over the data channel, once it is there. Raises TransportClosed when the peer
        is gone or reads too slowly, LocalProtocolError for a text longer than it takes."""
        self._texts.send(text)

    # --- what is known ----------------------------------------------------------------------

    @property
    def ahead(self) -> float:
        """How much audio waits to be sent, at most 0.2 s."""
        return self._outbox.ahead

    @property
    def latency(self) -> float:
        """About how long after its sending audio sounds at the peer (s)."""
        return (self._pulse.round_trip or 0.0) / 2 + MARGIN_S

    @property
    def position(self) -> tuple[str, float] | None:
        """The turn that sounds at the peer, and how far it has (s), as `latency` has it."""
        return self._outbox.played(anyio.current_time() - self.latency)

    def statistics(self) -> PeerStatistics:
        """How good the connection is."""
        reception = self._reception
        dropped = self._audio.statistics().dropped
        return PeerStatistics(reception.concealed, reception.late, dropped, self._pulse.round_trip)

    # --- inside -----------------------------------------------------------------------------

    async def _negotiate(self, offer: str, hosts: Sequence[str]) -> str:
        from aiortc import RTCRtpSender, RTCSessionDescription
        from aiortc.exceptions import InvalidStateError, OperationError

        from vivavoce.transports.webrtc.aiortc_seams import choose_addresses, intercept
        from vivavoce.transports.webrtc.track import PacedTrack

        connection = self._connection
        connection.on("connectionstatechange", self._follow)
        connection.on("datachannel", self._texts.attach)
        try:
            self._sender = connection.addTrack(PacedTrack(self._outbox, self._account))
        except ValueError as error:
            raise ConfigError(f"a STUN or TURN server's address cannot be used: {error}") from error
        voice = connection.getTransceivers()[0]
        capabilities = RTCRtpSender.getCapabilities("audio")
        assert capabilities is not None
        voice.setCodecPreferences([c for c in capabilities.codecs if c.name == "opus"])
        intercept(voice.receiver, self._receive)
        choose_addresses(voice.receiver, hosts)
        try:
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            _decline_all_but(voice, connection.getTransceivers())
            await connection.setLocalDescription(await connection.createAnswer())
        except (OperationError, InvalidStateError, *MALFORMED) as error:
            raise RemoteProtocolError(f"the offer cannot be answered: {error!r}") from error
        if voice.currentDirection not in {"sendrecv", "sendonly"}:
            raise RemoteProtocolError("the offer takes no audio; make its direction sendrecv")
        answer = connection.localDescription.sdp
        if "a=candidate:" not in answer:
            raise ConfigError(
                f"this machine has no address among {', '.join(hosts)}"
                if hosts
                else "this machine has no address but the loopback's; use hosts=('127.0.0.1',)"
            )
        return answer

    def _follow(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._connected.set()
        elif state in {"failed", "closed"}:
            self._end(f"the connection is {state}")

    def _end(self, reason: str) -> None:
        if self._closed.is_set():
            return
        self._reason = reason
        if self._release is not None:
            self._release.cancel()
        self._closed.set()
        self._connected.set()
        self._audio.close()
        self._texts.close()
        self._make_room()

    def _require_open(self) -> None:
        if self._closed.is_set():
            raise TransportClosed(f"the peer is gone: {self._reason}")

    def _make_room(self) -> None:
        self._room.set()
        self._room = anyio.Event()

    def _receive(self, packet: RtpPacket) -> None:
        self._heard(self._reception.add(packet, anyio.current_time()))

    def _release_held(self) -> None:
        self._release = None
        self._heard(self._reception.release(anyio.current_time()))

    def _heard(self, frames: Sequence[AudioFrame]) -> None:
        for frame in frames:
            self._audio.put(frame)
        due = self._reception.due
        if self._release is not None:
            self._release.cancel()
            self._release = None
        if due is not None and not self._closed.is_set():
            self._release = asyncio.get_running_loop().call_at(due, self._release_held)

    async def _account(self) -> None:
        """A packet went out: there is room; once a second, see how the peer is."""
        self._make_room()
        self._packets += 1
        if self._packets % _PACKETS_A_SECOND:
            return
        if not await self._pulse.feel(self._sender):
            self._end(f"nothing came from the peer for {LOST_S} s")


def _decline_all_but(voice: RTCRtpTransceiver, all_of_them: Sequence[RTCRtpTransceiver]) -> None:
    """Take no video, and one microphone."""
    for transceiver in all_of_them:
        if transceiver is not voice:
            transceiver.direction = "inactive"
