"""Sample rate conversion with a short, known delay.

A polyphase windowed-sinc filter (A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing,
4.6 and 7.6). Output sample k stands at time k / target_rate: the filter is symmetric and its delay
is held back, not added to the signal, so that times stay comparable on both sides.

The usual libraries filter in blocks through an FFT. soxr 1.1.0 holds back 60 ms between 8 and
16 kHz at its quickest quality and 26 ms at the next, in each direction of a telephone call; this
filter holds back 3 ms there, and 1.5 ms between 16 and 24 kHz.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

__all__ = ["MAX_SAMPLE_RATE", "Resampler", "check_sample_rate", "resample"]

MAX_SAMPLE_RATE = 384_000  # Hz; beyond it nothing records sound, and a header is damaged

# Zero crossings of the sinc on each side, counted at the lower of the two rates. With the roll-off
# and the window below the pass band ends at 0.85 of the lower Nyquist frequency and the stop band,
# 70 dB down, begins at 1.03 of it.
CROSSINGS = 24
ROLL_OFF = 0.94
KAISER_BETA = 6.76  # 70 dB: 0.1102 (A - 8.7)

DENSE_PHASES = 64  # up x down up to which one small matrix product beats gathering each sample

Weights = NDArray[np.float32]


def check_sample_rate(sample_rate: int) -> int:
    """The rate itself. Raises AudioError when no sound can have it."""
    if not 1000 <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioError(
            f"a sample rate of {sample_rate} Hz cannot be used; 1000 to {MAX_SAMPLE_RATE} Hz can"
        )
    return sample_rate


@lru_cache(maxsize=32)
def _phases(up: int, down: int) -> Weights:
    """The filter's taps for each of the `up` positions between two samples, `(up, taps)`."""
    cutoff = min(1.0, up / down)
    half = ceil(CROSSINGS / cutoff)
    distance = np.arange(1 - half, half + 1)[None, :] - np.arange(up)[:, None] / up
    window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None)))
    taps = np.sinc(distance * cutoff * ROLL_OFF) * window
    phases: Weights = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return phases


@lru_cache(maxsize=32)
def _block(up: int, down: int) -> Weights:
    """The filter that makes `up` samples from each step of `down`, `(window, up)`."""
    phases = _phases(up, down)
    taps = phases.shape[1]
    block = np.zeros((taps + (up - 1) * down // up, up), np.float32)
    for index in range(up):
        offset, phase = divmod(index * down, up)
        block[offset : offset + taps, index] = phases[phase]
    return block


class Resampler:
    """Converts one stream of audio; equal rates pass through untouched.

    `delay` is how much of the newest audio is held back, in seconds.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        self.source_rate = check_sample_rate(source_rate)
        self.target_rate = check_sample_rate(target_rate)
        common = gcd(source_rate, target_rate)
        self._up, self._down = target_rate // common, source_rate // common
        self._identity = source_rate == target_rate
        self._dense = self._up * self._down <= DENSE_PHASES
        self._half = 0 if self._identity else _phases(self._up, self._down).shape[1] // 2
        self.delay = (self._half + (self._down if self._dense else 1)) / source_rate
        if self._identity:
            self.delay = 0.0
        self._pending: Weights = np.zeros(0, np.float32)
        self._position = self._taken = self._given = 0
        self._restart()

    @property
    def held(self) -> float:
        """How much of what was pushed has not come out yet (s)."""
        return self._taken / self.source_rate - self._given / self.target_rate

    def push(self, samples: Samples) -> Samples:
        """Convert the next int16 `(n,)`; what comes out may be short by `delay`, or empty."""
        if self._identity:
            return samples
        self._taken += len(samples)
        self._pending = np.concatenate((self._pending, samples), dtype=np.float32)
        converted = self._convert_blocks() if self._dense else self._convert_each()
        self._given += len(converted)
        np.clip(np.rint(converted, out=converted), -32768, 32767, out=converted)
        return converted.astype(np.int16)

    def flush(self) -> Samples:
        """What was held back; the stream has then given `target_rate / source_rate` of its samples
        (rounded up), and the next push begins a new one.
        """
        if self._identity:
            return np.zeros(0, np.int16)
        wanted = -(-self._taken * self._up // self._down) - self._given
        tail = self.push(np.zeros(2 * (self._half + self._down), np.int16))[:wanted]
        self._restart()
        return tail

    def _restart(self) -> None:
        self._pending = np.zeros(max(0, self._half - 1), np.float32)
        self._position = 0  # of the next output sample, in 1/up of a pending sample
        self._taken = 0
        self._given = 0

    def _convert_blocks(self) -> Weights:
        block = _block(self._up, self._down)
        count = max(0, (len(self._pending) - len(block)) // self._down + 1)
        if not count:
            return np.zeros(0, np.float32)
        windows = sliding_window_view(self._pending, len(block))[:: self._down][:count]
        converted: Weights = (np.ascontiguousarray(windows) @ block).ravel()
        self._pending = self._pending[count * self._down :]
        return converted

    def _convert_each(self) -> Weights:
        phases = _phases(self._up, self._down)
        room = (len(self._pending) - phases.shape[1] + 1) * self._up
        count = max(0, (room - 1 - self._position) // self._down + 1)
        if not count:
            return np.zeros(0, np.float32)
        offsets, indices = np.divmod(self._position + np.arange(count) * self._down, self._up)
        windows = sliding_window_view(self._pending, phases.shape[1])
        converted: Weights = np.einsum("ij,ij->i", windows[offsets], phases[indices])
        dropped, self._position = divmod(self._position + count * self._down, self._up)
        self._pending = self._pending[dropped:]
        return converted


def resample(samples: Samples, source_rate: int, target_rate: int) -> Samples:
    """The whole of `samples` (int16 `(n,)`) at another rate, in time with the original."""
    resampler = Resampler(source_rate, target_rate)
    step = source_rate  # one second at a time bounds the memory that the filter's windows take
    parts = [resampler.push(samples[at : at + step]) for at in range(0, len(samples), step)]
    return np.concatenate([*parts, resampler.flush()])
