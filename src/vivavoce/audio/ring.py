"""The last seconds of a stream, kept for whoever asks later."""

from __future__ import annotations

import numpy as np

from vivavoce.core.audio import AudioFrame, Samples, silence

__all__ = ["Ring"]


class Ring:
    """Holds the last `seconds` of one stream at `sample_rate` (Hz); pushing allocates nothing.

    Times are seconds on the stream's clock. Where frames leave a gap, the gap is silence.
    """

    def __init__(self, seconds: float, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._samples = silence(seconds, sample_rate)
        self._end = 0  # sample number on the stream's clock; the newest is at _end - 1
        self._held = 0

    @property
    def start(self) -> float:
        """Time of the oldest sample held."""
        return (self._end - self._held) / self.sample_rate

    @property
    def end(self) -> float:
        """Time after the newest sample held."""
        return self._end / self.sample_rate

    def push(self, frame: AudioFrame) -> None:
        """Take the next frame, at the ring's own rate; one that starts too early is appended."""
        gap = round(frame.start * self.sample_rate) - self._end
        if self._held == 0 or gap >= len(self._samples):
            self._end += gap
            self._held = 0
        elif gap > 0:
            self._append(None, gap)
        self._append(frame.samples, len(frame.samples))

    def last(self, seconds: float) -> Samples:
        """The newest samples, int16 `(n,)`; shorter when less is held."""
        return self._slice(self._end - round(seconds * self.sample_rate), self._end)

    def between(self, start: float, end: float) -> Samples:
        """The part of [start, end) that is held, int16 `(n,)`; empty when it is gone."""
        return self._slice(round(start * self.sample_rate), round(end * self.sample_rate))

    def _append(self, samples: Samples | None, count: int) -> None:
        """Write samples, or zeros for None, at the end; only the newest that fit stay."""
        size = len(self._samples)
        skipped = max(0, count - size)
        at = (self._end + skipped) % size
        first = min(count - skipped, size - at)
        rest = count - skipped - first
        if samples is None:
            self._samples[at : at + first] = 0
            self._samples[:rest] = 0
        else:
            self._samples[at : at + first] = samples[skipped : skipped + first]
            self._samples[:rest] = samples[skipped + first :]
        self._end += count
        self._held = min(size, self._held + count)

    def _slice(self, start: int, end: int) -> Samples:
        start = max(start, self._end - self._held)
        end = min(end, self._end)
        if end <= start:
            return np.zeros(0, np.int16)
        at = start % len(self._samples)
        first = self._samples[at : at + end - start]
        return np.concatenate((first, self._samples[: end - start - len(first)]))
