"""Speech as the bytes of an audio file or stream, made piece by piece."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import numpy as np

from vivavoce.audio.codecs import pcm16_encode
from vivavoce.audio.resample import Resampler
from vivavoce.core.audio import Samples
from vivavoce.server.refusals import Refusal

if TYPE_CHECKING:
    import av

__all__ = ["MEDIA_TYPES", "SAMPLE_RATE", "SpeechEncoder"]

SAMPLE_RATE = 24_000  # Hz; what OpenAI's `pcm` is, so clients expect it
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}

# FFmpeg's container, encoder and the container's options: what else would seek back at the end
# (a pipe cannot), or hold audio back for a second.
_FFMPEG: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp3": ("mp3", "libmp3lame", {"write_xing": "0", "id3v2_version": "0"}),
    "opus": ("ogg", "libopus", {"page_duration": "200000"}),
    "aac": ("adts", "aac", {}),
    "flac": ("flac", "flac", {}),
}
_BIT_RATES = {"mp3": 64_000, "opus": 32_000, "aac": 64_000}  # transparent for mono speech
_SLOWEST_STEP = 0.5  # of FFmpeg's atempo; slower takes two


class _Format(Protocol):
    def encode(self, samples: Samples) -> bytes: ...
    def finish(self) -> bytes: ...


class SpeechEncoder:
    """int16 `(n,)` of one sample rate in; bytes of `format` at 24 kHz mono out.

    `speed` stretches time and keeps the pitch. Raises Refusal when PyAV is needed and missing.
    Every call takes the processor for about a hundredth of the audio's length.
    """

    def __init__(self, format: str, sample_rate: int, speed: float = 1.0) -> None:
        self._resampler = Resampler(sample_rate, SAMPLE_RATE)
        try:
            self._tempo = None if speed == 1 else _Tempo(speed)
            plain = format in {"pcm", "wav"}
            self._format: _Format = _Plain(format) if plain else _Container(format)
        except ModuleNotFoundError as error:
            raise Refusal(
                "this server has no encoder for that; it can give wav and pcm at speed 1 "
                "(PyAV is missing: pip install 'vivavoce[files]')",
                code="unsupported_value",
                param="response_format" if speed == 1 else "speed",
            ) from error

    def encode(self, samples: Samples) -> bytes:
        """More speech; what can be given out of it, which may be nothing yet."""
        return self._encode(self._resampler.push(samples))

    def finish(self) -> bytes:
        """What was held back, and the format's end."""
        rest = self._encode(self._resampler.flush())
        if self._tempo is not None:
            rest += self._format.encode(self._tempo.flush())
        return rest + self._format.finish()

    def _encode(self, samples: Samples) -> bytes:
        if self._tempo is not None:
            samples = self._tempo.push(samples)
        return self._format.encode(samples) if len(samples) else b""


class _Plain:
    """PCM, and WAV with a header that leaves the length open, as for a pipe."""

    def __init__(self, format: str) -> None:
        self._head = b"" if format == "pcm" else _wav_header()

    def encode(self, samples: Samples) -> bytes:
        head, self._head = self._head, b""
        return head + pcm16_encode(samples)

    def finish(self) -> bytes:
        return self.encode(np.zeros(0, np.int16))


def _wav_header() -> bytes:
    """RIFF WAVE with one PCM format chunk, and as long as a header can promise."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    size = 0xFFFFFFFF
    return (
        struct.pack("<4sI4s", b"RIFF", size, b"WAVE")
        + form
        + struct.pack("<4sI", b"data", size - 36)
    )


class _Sink:
    """What FFmpeg writes into; it cannot seek."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        data = bytes(self._written)
        self._written.clear()
        return data


class _Container:
    """Any format that FFmpeg writes."""

    def __init__(self, format: str) -> None:
        import av

        container, codec, options = _FFMPEG[format]
        self._sink = _Sink()
        self._container = av.open(
            self._sink,
            "w",
            format=container,
            container_options={"flush_packets": "1", **options},
        )
        stream = self._container.add_stream(codec, rate=SAMPLE_RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        self._stream = stream
        if format in _BIT_RATES:
            self._stream.bit_rate = _BIT_RATES[format]
        self._position = 0

    def encode(self, samples: Samples) -> bytes:
        if len(samples):
            frame = _frame(samples, self._position)
            self._position += len(samples)
            self._container.mux(self._stream.encode(frame))
        return self._sink.take()

    def finish(self) -> bytes:
        head = b""
        if not self._position:  # no format is empty
            head = self.encode(np.zeros(SAMPLE_RATE // 10, np.int16))
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return head + self._sink.take()


class _Tempo:
    """FFmpeg's atempo, which overlaps and adds (WSOLA)."""

    def __init__(self, speed: float) -> None:
        import av

        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(
            sample_rate=SAMPLE_RATE,
            format="s16",
            layout="mono",
            channels=1,
            time_base=Fraction(1, SAMPLE_RATE),
        )
        steps = [speed] if speed >= _SLOWEST_STEP else [_SLOWEST_STEP, speed / _SLOWEST_STEP]
        filters = [
            source,
            *(self._graph.add("atempo", f"{step:.6f}") for step in steps),
            self._graph.add("aformat", "sample_fmts=s16:channel_layouts=mono"),
            self._graph.add("abuffersink"),
        ]
        self._graph.link_nodes(*filters).configure()
        self._position = 0

    def push(self, samples: Samples) -> Samples:
        if len(samples):
            self._graph.push(_frame(samples, self._position))
            self._position += len(samples)
        return self._pull()

    def flush(self) -> Samples:
        self._graph.push(None)
        return self._pull()

    def _pull(self) -> Samples:
        import av

        parts = [np.zeros(0, np.int16)]
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return np.concatenate(parts)
            assert isinstance(frame, av.AudioFrame)
            parts.append(frame.to_ndarray().reshape(-1).astype(np.int16))


def _frame(samples: Samples, position: int) -> av.AudioFrame:
    import av

    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    frame.pts = position
    return frame
