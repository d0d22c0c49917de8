"""Opus for voice (RFC 6716), mono, through the libopus that PyAV carries.

Encoded and decoded here, not by aiortc, which makes stereo at 96 kbit/s of it and hands each packet
to a thread. 20 ms take 0.2 ms to encode and 0.05 ms to decode: too little to be worth the way.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from vivavoce.core.audio import Samples
from vivavoce.transports.webrtc.jitter import CLOCK_RATE

__all__ = ["SAMPLE_RATES", "OpusDecoder", "OpusEncoder"]

SAMPLE_RATES = (24_000, 48_000)  # that voices come in, of the rates that Opus takes

BIT_RATE = 32_000  # bit/s: what browsers use for a voice; super-wideband is transparent from 28
# In-band correction doubles as concealment at the peer: a lost packet's outline is in the next one.
OPTIONS = {"application": "voip", "fec": "1", "packet_loss": "5"}

# Nobody speaks most of the time, and silence takes as long to encode as speech. After so many
# silent packets the codec has settled; the last one is sent again, and decodes to zero again.
SETTLED = 10


class OpusEncoder:
    """20 ms of audio in, one packet out."""

    def __init__(self, sample_rate: int) -> None:
        import av

        self._frame = av.AudioFrame.from_ndarray
        self._sample_rate = sample_rate
        self._encoded = 0
        self._silent = 0  # packets, up to now
        self._last = b""
        self._codec = av.AudioCodecContext.create("libopus", "w")
        self._codec.sample_rate = sample_rate
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._codec.bit_rate = BIT_RATE
        self._codec.time_base = Fraction(1, sample_rate)
        self._codec.options = OPTIONS

    def encode(self, samples: Samples) -> bytes:
        """The packet for int16 `(sample_rate / 50,)`."""
        self._silent = 0 if samples.any() else self._silent + 1
        if self._silent > SETTLED:
            return self._last
        frame = self._frame(samples[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = self._sample_rate
        frame.pts = self._encoded
        self._encoded += len(samples)
        self._last = b"".join(map(bytes, self._codec.encode(frame)))
        return self._last


class OpusDecoder:
    """Packets in, 48 kHz audio out; what is lost is filled in by the codec itself."""

    def __init__(self) -> None:
        import av

        self._packet = av.Packet
        self._invalid = av.error.FFmpegError
        self._codec = av.AudioCodecContext.create("libopus", "r")
        self._codec.sample_rate = CLOCK_RATE
        self._codec.layout = "mono"
        self._codec.format = "s16"
        self._last = b""

    def decode(self, payload: bytes) -> Samples | None:
        """The audio of a packet, int16 `(n,)` at 48 kHz; None where it is none."""
        if not payload:  # to the decoder it would mean the stream's end
            return None
        try:
            frames = self._codec.decode(self._packet(payload))
        except self._invalid:
            return None
        samples = [frame.to_ndarray()[0] for frame in frames]
        if not samples:
            return None
        self._last = payload[:1]
        return np.concatenate(samples) if len(samples) > 1 else samples[0]

    def conceal(self) -> Samples | None:
        """What may have stood in the next packet: a frame as long as the last one's were.

        A packet that ends behind its first byte holds one frame of no length, for which the decoder
        plays its concealment (RFC 6716 sections 3.2.2 and 4.4). PyAV offers no other way to ask.
        """
        if not self._last:
            return None
        return self.decode(bytes([self._last[0] & 0b11111100]))
