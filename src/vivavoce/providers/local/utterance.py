"""The audio of one transcript, as segments that fit Whisper's window."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.providers.local.log_mel import SAMPLE_RATE

__all__ = ["Segment", "Utterance"]

SEGMENT_S = 25.0  # a segment is closed then; the window holds 30
SEARCH_S = 8.0  # the stretch before its end in which the quietest place is looked for
QUIET_S = 0.1  # the width of that place
GAP_S = 1.0  # silence that was not sent is put back, up to that much


@dataclass(slots=True)
class Segment:
    """A closed stretch; `text` is None until it is decoded, after which the audio is let go."""

    samples: Samples
    text: str | None = None


@dataclass(slots=True)
class Utterance:
    """All audio since a cut. `start` and `end` are on the session's timeline."""

    start: float = 0.0
    end: float = 0.0
    closed: list[Segment] = field(default_factory=list)
    _chunks: list[Samples] = field(default_factory=list)
    _count: int = 0

    @property
    def empty(self) -> bool:
        """Whether it has got no audio yet."""
        return not self._count and not self.closed

    @property
    def seconds(self) -> float:
        """The length of the segment that is still open."""
        return self._count / SAMPLE_RATE

    @property
    def undecoded(self) -> int:
        """How many closed segments wait for their text."""
        return sum(segment.text is None for segment in self.closed)

    def add(self, frame: AudioFrame) -> bool:
        """Take more audio; true when that closed a segment."""
        if self.empty:
            self.start = frame.start
        elif frame.start > self.end:
            gap = round(min(GAP_S, frame.start - self.end) * SAMPLE_RATE)
            self._append(np.zeros(gap, np.int16))
        self._append(frame.samples)
        self.end = frame.end
        if self.seconds < SEGMENT_S:
            return False
        samples = self.samples()
        cut = _quietest(samples)
        self.closed.append(Segment(samples[:cut].copy()))
        self._chunks, self._count = [samples[cut:].copy()], len(samples) - cut
        return True

    def samples(self) -> Samples:
        """The open segment, int16 `(n,)`."""
        if len(self._chunks) != 1:
            self._chunks = [np.concatenate([np.zeros(0, np.int16), *self._chunks])]
        return self._chunks[0]

    def _append(self, samples: Samples) -> None:
        self._chunks.append(samples)
        self._count += len(samples)


def _quietest(samples: Samples) -> int:
    """The middle of the quietest place near the end, where no word is cut in two."""
    first = len(samples) - round(SEARCH_S * SAMPLE_RATE)
    width = round(QUIET_S * SAMPLE_RATE)
    energy = np.cumsum(samples[first:].astype(np.float64) ** 2)
    return first + int(np.argmin(energy[width:] - energy[:-width])) + width // 2
