"""Audio containers opened and decoded: through PyAV, or plain WAV through the standard library."""

from __future__ import annotations

import io
import sys
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from vivavoce.audio.codecs import downmix, float_to_int16
from vivavoce.audio.resample import check_sample_rate
from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

if TYPE_CHECKING:
    import av

__all__ = ["AudioInfo", "Source", "Track", "describe", "open_track"]

Source = str | Path | bytes
Block = tuple[Samples, int]
Report = Callable[[str], None]

# What people record and receive. A whitelist, because FFmpeg's playlist and device formats
# (concat, hls, lavfi, sdp ...) would let a file name other files and addresses to open.
FORMATS = (
    "wav,w64,aiff,au,caf,flac,mp3,aac,ac3,amr,ogg,mov,mp4,m4a,matroska,webm,avi,asf,flv,mpegts,mpeg,"
    "ape,wv,tta,mpc8,g722,nistsphere,voc"
)
MISSING_S = 0.25  # a decoded length this much under the declared one is a truncated file
LENGTH_GUESSED = ("mp3", "aac", "ac3", "amr", "mpegts", "mpeg")  # declared from size and bit rate
ENDLESS = 0xFFFF0000  # a RIFF header written to a pipe promises about this many bytes
BLOCK_S = 0.25  # read at a time by the standard library's reader


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file says of itself; `duration` in seconds is None where nothing tells (a pipe)."""

    duration: float | None
    sample_rate: int
    channels: int
    codec: str


class Track(Protocol):
    """The audio of one open file."""

    info: AudioInfo

    def blocks(self) -> Iterator[Block]:
        """Decoded mono int16 `(n,)` and its rate (Hz), piece by piece; once."""

    def close(self) -> None:
        """Let go of the file."""


def describe(source: Source) -> str:
    """What a message calls the source."""
    if isinstance(source, bytes):
        return f"the audio data ({len(source)} bytes)"
    return "the standard input" if source == "-" else str(source)


def open_track(source: Source, report: Report) -> Track:
    """Open a path, bytes, or "-" (standard input); `report` is told of damage while decoding.

    Raises AudioError: no such file, empty, not audio, no audio track.
    """
    file, name = _open(source), describe(source)
    try:
        _check_size(file, name, report)
        try:
            return _ContainerTrack(file, name, report)
        except ModuleNotFoundError:
            return _WaveTrack(file, name)
    except BaseException:
        _close(file)
        raise


def _open(source: Source) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if source == "-":
        return sys.stdin.buffer
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise AudioError(f"cannot open {source}: {error.strerror}") from error


def _peek(file: BinaryIO) -> bytes:
    """The first bytes, still to be read; empty at the end of the file."""
    if isinstance(file, io.BufferedReader):
        return file.peek(12)[:12]
    start = file.read(12)
    file.seek(0)
    return start


def _close(file: BinaryIO) -> None:
    if file is not sys.stdin.buffer:
        file.close()


def _check_size(file: BinaryIO, name: str, report: Report) -> None:
    """Refuse an empty file; report a RIFF header that promises more, for FFmpeg says nothing."""
    start = _peek(file)
    if not start:
        raise AudioError(f"{name} is empty")
    if start[:4] != b"RIFF" or start[8:12] != b"WAVE" or not file.seekable():
        return
    promised = int.from_bytes(start[4:8], "little") + 8
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size < promised < ENDLESS:
        report(f"{name} is truncated: {promised - size} bytes of its audio are missing")


class _ContainerTrack:
    """The first audio track of anything that FFmpeg reads, by way of PyAV."""

    def __init__(self, file: BinaryIO, name: str, report: Report) -> None:
        import av  # optional, and heavy

        self._file, self._name, self._report = file, name, report
        hint = "" if file.seekable() else "; some formats, MP4 for one, cannot come through a pipe"
        try:
            self._container = av.open(
                file,
                "r",
                metadata_errors="ignore",
                container_options={"format_whitelist": FORMATS},
            )
        except av.error.FFmpegError as error:
            raise AudioError(f"{name} is not audio in a known format, or damaged{hint}") from error
        if not self._container.streams.audio:
            self._container.close()
            raise AudioError(f"{name} has no audio track")
        self._stream = self._container.streams.audio[0]
        codec = self._stream.codec_context
        if not codec.channels or not codec.sample_rate:
            self._container.close()
            raise AudioError(
                f"{name} has {codec.channels} channels at {codec.sample_rate} Hz: no sound"
            )
        check_sample_rate(codec.sample_rate)
        self.info = AudioInfo(self._duration(), codec.sample_rate, codec.channels, codec.name)

    def blocks(self) -> Iterator[Block]:
        import av

        broken, not_numbers, length = 0, 0, 0.0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                self._report(f"{self._name} cannot be read further than {length:.1f} s: {error}")
                break
            if packet is None:
                break
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                broken += 1
                continue
            for frame in frames:
                samples, bad = _mono(frame)
                not_numbers += bad
                length += len(samples) / frame.sample_rate
                yield samples, frame.sample_rate
        self._tell(broken, not_numbers, length)

    def close(self) -> None:
        self._container.close()
        _close(self._file)

    def _duration(self) -> float | None:
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return None if self._container.duration is None else self._container.duration / 1e6

    def _tell(self, broken: int, not_numbers: int, length: float) -> None:
        """Report what was wrong with the whole, once it is known."""
        if not_numbers:
            self._report(f"{not_numbers} samples are not numbers (NaN); they became silence")
        if broken:
            self._report(f"{self._name} is damaged: {broken} pieces of it cannot be decoded")
        declared = self.info.duration
        told = self._container.format.name not in LENGTH_GUESSED and self._file.seekable()
        if told and declared is not None and length < declared - MISSING_S:
            self._report(
                f"{self._name} is cut off or damaged: {length:.1f} of {declared:.1f} s can be heard"
            )


def _mono(frame: av.AudioFrame) -> Block:
    """A decoded frame as mono int16 `(n,)`, and how many of its samples were not numbers."""
    data: NDArray[np.generic] = frame.to_ndarray()
    channels = frame.layout.nb_channels
    data = data.T if frame.format.is_planar else data.reshape(-1, channels)
    if np.issubdtype(data.dtype, np.floating):
        samples, bad = float_to_int16(data.reshape(-1).astype(np.float32))
        return downmix(samples.reshape(data.shape)), bad
    return downmix(_integers(data)), 0


def _integers(data: NDArray[np.generic]) -> Samples:
    """Integer samples of any width as int16, the same shape."""
    if data.dtype == np.int16:
        return data.astype(np.int16, copy=False)
    if data.dtype == np.uint8:
        return (data.astype(np.int16) - 128) << 8
    return (data.astype(np.int64) >> (8 * data.dtype.itemsize - 16)).astype(np.int16)


class _WaveTrack:
    """PCM in a WAV file, by way of the standard library."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        try:
            self._wave = wave.Wave_read(file)
        except (wave.Error, EOFError) as error:
            raise AudioError(
                f"{name} is not a plain WAV file ({str(error) or 'too short'}); "
                "for other formats install PyAV: pip install 'vivavoce[files]'"
            ) from error
        rate, channels = check_sample_rate(self._wave.getframerate()), self._wave.getnchannels()
        self._width = self._wave.getsampwidth()
        count = self._wave.getnframes()
        duration = count / rate if count * channels * self._width < ENDLESS - 4096 else None
        self.info = AudioInfo(duration, rate, channels, f"pcm{8 * self._width}")

    def blocks(self) -> Iterator[Block]:
        rate, channels = self.info.sample_rate, self.info.channels
        while data := self._wave.readframes(round(BLOCK_S * rate)):
            whole = len(data) // (self._width * channels) * channels
            if whole:
                yield downmix(self._samples(data, whole).reshape(-1, channels)), rate

    def close(self) -> None:
        self._wave.close()
        _close(self._file)

    def _samples(self, data: bytes, count: int) -> Samples:
        """The upper 16 bits of each of `count` samples."""
        if self._width == 1:
            return _integers(np.frombuffer(data, np.uint8, count))
        octets = np.frombuffer(data, np.uint8, count * self._width).reshape(count, self._width)
        return np.ascontiguousarray(octets[:, -2:]).view("<i2").reshape(-1).astype(np.int16)
