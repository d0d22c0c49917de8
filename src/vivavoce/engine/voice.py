"""Voice activity: the probability that each window of audio holds speech."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import numpy as np

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.errors import BadReply
from vivavoce.core.protocols import VAD
from vivavoce.engine.failures import describe

__all__ = ["Voice", "checked_probability"]

_DEADLINE_S = 1.0  # for a window of some 32 ms: as long as audio may wait to be looked at
_FAILURES = 3  # in a row, after which the detector is given up
_LOUD = 500.0  # int16 mean magnitude, -36 dBFS: speech to a detector that has nothing better


class Voice:
    """One for each audio stream. Where the detector fails, loudness decides, so that a session
    goes on listening; `failed` is told the message."""

    def __init__(self, vad: VAD, failed: Callable[[str], None]) -> None:
        self._failed = failed
        self._failures = 0
        self._stream = vad.stream()
        self._window = np.zeros(vad.window_samples, np.int16)
        self._filled = 0

    async def feed(self, frame: AudioFrame) -> list[tuple[float, float, float]]:
        """Take audio at the detector's rate. Each window that it fills gives a probability, and
        when the window started and ended, on the frame's clock (s)."""
        found: list[tuple[float, float, float]] = []
        samples, taken, size = frame.samples, 0, len(self._window)
        while taken < len(samples):
            part = samples[taken : taken + size - self._filled]
            self._window[self._filled : self._filled + len(part)] = part
            self._filled += len(part)
            taken += len(part)
            if self._filled == size:
                self._filled = 0
                end = frame.start + taken / frame.sample_rate
                start = end - size / frame.sample_rate
                found.append((await self._probability(self._window.copy()), start, end))
        return found

    async def _probability(self, window: Samples) -> float:
        if self._failures < _FAILURES:
            try:
                with anyio.fail_after(_DEADLINE_S):
                    probability = checked_probability(await self._stream.probability(window))
            except Exception as error:  # noqa: BLE001  a provider is somebody else's code
                self._failures += 1
                self._failed(describe(error))
            else:
                self._failures = 0
                return probability
        return 1.0 if float(np.abs(window.astype(np.float32)).mean()) > _LOUD else 0.0


def checked_probability(value: float) -> float:
    """The value itself. Raises BadReply when it is no probability."""
    if not 0 <= value <= 1:
        raise BadReply(f"{value} is no probability")
    return value
