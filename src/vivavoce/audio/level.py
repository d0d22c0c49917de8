"""How loud audio is, and where in it a voice begins and ends."""

from __future__ import annotations

from math import log10

import numpy as np

from vivavoce.core.audio import Samples

__all__ = ["SILENT_DBFS", "VOICED_DBFS", "VOICED_S", "peak_dbfs", "rms_dbfs", "voiced"]

FULL_SCALE = 32768.0
SILENT_DBFS = -96.3  # half of the smallest step; digital silence counts as this

# Speech recorded close to the mouth has its vowels at -30 to -15 dBFS and its weakest sounds (the
# end of "six") at about -45. Rooms are quieter, but not always: a recording with more noise than
# this (some in tests/recordings have -44 dBFS) needs a floor of its own.
VOICED_DBFS = -45.0
VOICED_S = 0.010  # about one pitch period of the deepest voices
# Half of the parts of those 10 ms must be loud: a click, however loud, fills two of them, and the
# burst of a final "k" or "t" fills more.
PARTS = 8
LOUD_PARTS = 4


def rms_dbfs(samples: Samples) -> float:
    """Root mean square in dB relative to full scale; a full-scale square wave is 0."""
    if not len(samples):
        return SILENT_DBFS
    return _dbfs(float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))))


def peak_dbfs(samples: Samples) -> float:
    """The largest magnitude in dB relative to full scale."""
    return _dbfs(float(np.abs(samples.astype(np.int32)).max(initial=0)))


def voiced(
    samples: Samples, sample_rate: int, *, floor_dbfs: float = VOICED_DBFS
) -> tuple[float, float] | None:
    """When the first voiced sample sounds and the last one ends, in seconds; None without any.

    Voiced is every stretch of 10 ms in half of which, at least, the root mean square reaches the
    floor; within the outermost two, the first and last sample that reach it are taken.
    """
    part = max(1, round(VOICED_S * sample_rate / PARTS))
    width = PARTS * part
    if len(samples) < width:
        return None
    floor = FULL_SCALE * 10 ** (floor_dbfs / 20)
    energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    loud_parts = energy[part:] - energy[:-part] >= part * floor**2
    count = len(samples) - width + 1
    filled = np.sum([loud_parts[at : at + count] for at in range(0, width, part)], axis=0)
    loud = np.flatnonzero(filled >= LOUD_PARTS)
    if not len(loud):
        return None
    magnitude = np.abs(samples.astype(np.int32))
    begin, end = int(loud[0]), int(loud[-1])
    first = begin + int(np.argmax(magnitude[begin : begin + width] >= floor))
    last = end + width - int(np.argmax(magnitude[end : end + width][::-1] >= floor))
    return first / sample_rate, last / sample_rate


def _dbfs(amplitude: float) -> float:
    return 20 * log10(amplitude / FULL_SCALE) if amplitude >= 0.5 else SILENT_DBFS
