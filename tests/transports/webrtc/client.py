"""The other side: a plain aiortc client on the loopback, behind a network that can be spoiled."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction

import anyio
import av
import numpy as np
from aiortc import RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcconfiguration import RTCBundlePolicy, RTCConfiguration
from aiortc.rtp import is_rtcp

from vivavoce.core.audio import Samples
from vivavoce.transports.webrtc import Peer
from vivavoce.transports.webrtc.aiortc_seams import choose_addresses, intercept
from vivavoce.transports.webrtc.jitter import RtpPacket
from vivavoce.transports.webrtc.opus import OpusDecoder

LOOPBACK = ("127.0.0.1",)
PACKET_SAMPLES = 960

Send = Callable[[bytes], Awaitable[None]]
Network = Callable[[bytes, Send], Awaitable[None]]  # a datagram of media, and the way on


def tone(frequency: float, duration: float, sample_rate: int = 48_000) -> Samples:
    time = np.arange(round(duration * sample_rate)) / sample_rate
    return (9000 * np.sin(2 * np.pi * frequency * time)).astype(np.int16)


def pitch(samples: Samples, sample_rate: int = 48_000) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * sample_rate / len(samples))


class Microphone(MediaStreamTrack):
    """Speaks `samples` at `pace` times real time, then is silent. `taken` counts its packets."""

    kind = "audio"

    def __init__(self, samples: Samples, pace: float = 1.0) -> None:
        super().__init__()
        self._samples = samples
        self._pace = pace
        self._zero: float | None = None
        self.taken = 0

    async def recv(self) -> av.AudioFrame:
        if self._zero is None:
            self._zero = anyio.current_time()
        await anyio.sleep_until(self._zero + self.taken * 0.02 / self._pace)
        start = self.taken * PACKET_SAMPLES
        samples = np.zeros(PACKET_SAMPLES, np.int16)
        spoken = self._samples[start : start + PACKET_SAMPLES]
        samples[: len(spoken)] = spoken
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = 48_000
        frame.time_base = Fraction(1, 48_000)
        frame.pts = start
        self.taken += 1
        return frame


class Client:
    """Offers audio and the data channel `label`."""

    def __init__(
        self,
        samples: Samples | None = None,
        *,
        pace: float = 1.0,
        label: str = "oai-events",
        network: Network | None = None,
    ) -> None:
        self.microphone = Microphone(np.zeros(0, np.int16) if samples is None else samples, pace)
        self.connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.sender = self.connection.addTrack(self.microphone)
        self.channel: RTCDataChannel = self.connection.createDataChannel(label)
        self.texts: list[str] = []
        self.channel.on("message", self._hear_text)
        self.packets: list[RtpPacket] = []
        self._changed = anyio.Event()
        receiver = self.connection.getTransceivers()[0].receiver
        intercept(receiver, self._hear)
        choose_addresses(receiver, LOOPBACK)
        if network is not None:
            self._spoil(network)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self.change()

    async def change(self) -> None:
        """Wait until something comes."""
        await self._changed.wait()

    async def close(self) -> None:
        await self.connection.close()

    def heard(self) -> Samples:
        """All that came, decoded; the packets must have come in order."""
        return decoded([packet.payload for packet in self.packets])

    def _hear_text(self, message: str | bytes) -> None:
        assert isinstance(message, str)
        self.texts.append(message)
        self._change()

    def _hear(self, packet: RtpPacket) -> None:
        self.packets.append(packet)
        self._change()

    def _change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def _spoil(self, network: Network) -> None:
        path = self.sender.transport.transport
        send: Send = path._send

        async def pass_on(data: bytes) -> None:
            if 127 < data[0] < 192 and not is_rtcp(data):
                await network(data, send)
            else:
                await send(data)

        path._send = pass_on


def decoded(payloads: Sequence[bytes]) -> Samples:
    decoder = OpusDecoder()
    audio = [decoder.decode(payload) for payload in payloads]
    return np.concatenate([samples for samples in audio if samples is not None])


@asynccontextmanager
async def call(client: Client) -> AsyncIterator[Peer]:
    """Connect, and hang up at both ends."""
    try:
        peer, answer = await Peer.answer(await client.offer(), hosts=LOOPBACK)
        async with peer:
            await client.accept(answer)
            await peer.connected()
            yield peer
    finally:
        await client.close()
