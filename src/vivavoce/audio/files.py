"""Audio files, pipes and bytes as a stream of frames."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Self

import numpy as np

from vivavoce.audio.decoding import AudioInfo, Source, describe, open_track
from vivavoce.audio.resample import Resampler
from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.core.errors import AudioError

__all__ = ["AudioInfo", "AudioReader", "Source", "probe", "read_audio"]


class AudioReader:
    """The frames of one source: mono, 20 ms each, the last one shorter.

    `sample_rate` is that of the frames: the one asked for, or the file's own. `warnings` grows
    while damage is met that leaves something to hear. Memory does not grow with the length.
    Iterate once; iteration to the end closes the file, and so does the `with` block.
    """

    def __init__(self, source: Source, sample_rate: int | None = None) -> None:
        self.warnings: list[str] = []
        self._name = describe(source)
        self._track = open_track(source, self.warnings.append)
        self.info = self._track.info
        self.sample_rate = sample_rate or self.info.sample_rate
        self._frames = self._read()

    def __iter__(self) -> Iterator[AudioFrame]:
        return self._frames

    def close(self) -> None:
        """Let go of the file."""
        self._frames.close()
        self._track.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> Generator[AudioFrame, None, None]:
        size = round(FRAME_S * self.sample_rate)
        pending, position = np.zeros(0, np.int16), 0
        for samples in self._resampled():
            pending = np.concatenate((pending, samples))
            whole = len(pending) // size * size
            for at in range(0, whole, size):
                frame = pending[at : at + size]
                yield AudioFrame(frame, self.sample_rate, (position + at) / self.sample_rate)
            pending, position = pending[whole:], position + whole
        if len(pending):
            yield AudioFrame(pending, self.sample_rate, position / self.sample_rate)
        elif not position:
            raise AudioError(f"{self._name} holds no audio that can be read")
        self._track.close()

    def _resampled(self) -> Iterator[Samples]:
        """Decoded audio at the wanted rate; a file may change its own on the way."""
        resampler: Resampler | None = None
        for samples, rate in self._track.blocks():
            if resampler is None or resampler.source_rate != rate:
                if resampler is not None:
                    yield resampler.flush()
                resampler = Resampler(rate, self.sample_rate)
            yield resampler.push(samples)
        if resampler is not None:
            yield resampler.flush()


def read_audio(source: Source, sample_rate: int | None = None) -> AudioReader:
    """Open a path, bytes, or "-" for the standard input; frames at `sample_rate` Hz or the file's.

    WAV needs nothing else; other audio and video files need PyAV (the extra `files`). Blocks while
    it reads. Raises AudioError, at once or while iterating: no such file, empty, not audio, no
    audio track, nothing readable in it.
    """
    return AudioReader(source, sample_rate)


def probe(source: Source) -> AudioInfo:
    """What a file says of its audio, without decoding it. Raises AudioError."""
    with AudioReader(source) as reader:
        return reader.info
