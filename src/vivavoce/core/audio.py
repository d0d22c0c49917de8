"""Audio as it travels inside: mono int16 frames that know when they start."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRAME_S", "AudioFrame", "Samples", "silence"]

Samples = NDArray[np.int16]

FRAME_S = 0.020  # one packet of every real-time transport (RFC 3551 section 4.2)


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """A stretch of mono audio.

    `samples` is int16 `(n,)`, `sample_rate` in Hz, `start` in seconds on the clock of the stream
    that carries it (0 at the stream's first sample).
    """

    samples: Samples = field(repr=False)
    sample_rate: int
    start: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def end(self) -> float:
        """Time of the first sample after this frame, in seconds on the stream's clock."""
        return self.start + len(self.samples) / self.sample_rate


def silence(duration: float, sample_rate: int) -> Samples:
    """Zero samples, int16 `(n,)`, for `duration` seconds."""
    return np.zeros(max(0, round(duration * sample_rate)), np.int16)
