"""Audio between the Realtime API's formats and frames."""

from __future__ import annotations

from vivavoce.audio.codecs import (
    alaw_decode,
    alaw_encode,
    pcm16_decode,
    pcm16_encode,
    ulaw_decode,
    ulaw_encode,
)
from vivavoce.audio.resample import Resampler
from vivavoce.core.audio import AudioFrame
from vivavoce.transports.realtime.wire import WireError

__all__ = ["Decoder", "Encoder"]

_RATES = {"audio/pcm": 24000, "audio/pcmu": 8000, "audio/pcma": 8000}


class Decoder:
    """A client's audio, chunk by chunk; `clock` is how much of it came (s)."""

    def __init__(self) -> None:
        self.clock = 0.0
        self._odd = b""

    def decode(self, kind: str, data: bytes) -> AudioFrame | None:
        """The next frame, None when there is not one sample yet. Raises WireError."""
        if kind == "audio/pcm":
            data = self._odd + data
            self._odd = data[len(data) & ~1 :]
            data = data[: len(data) & ~1]
            samples = pcm16_decode(data)
        else:
            samples = ulaw_decode(data) if kind == "audio/pcmu" else alaw_decode(data)
        if not len(samples):
            return None
        if len(samples) > 60 * _RATES[kind]:
            raise WireError("more than a minute of audio in one event", param="audio")
        frame = AudioFrame(samples, _RATES[kind], self.clock)
        self.clock = frame.end
        return frame


class Encoder:
    """An answer's audio, frame by frame."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._resampler: Resampler | None = None

    def encode(self, frame: AudioFrame) -> bytes:
        """The frame in the client's format."""
        samples, rate = frame.samples, _RATES[self._kind]
        if frame.sample_rate != rate:
            if self._resampler is None:
                self._resampler = Resampler(frame.sample_rate, rate)
            samples = self._resampler.push(samples)
        if self._kind == "audio/pcm":
            return pcm16_encode(samples)
        return ulaw_encode(samples) if self._kind == "audio/pcmu" else alaw_encode(samples)
