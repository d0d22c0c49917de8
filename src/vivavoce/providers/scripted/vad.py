"""Voice activity by loudness: right for scripted audio, and for nothing else."""

from __future__ import annotations

import numpy as np

from vivavoce.core.audio import Samples

__all__ = ["LevelVAD"]

_LOUD = 500.0  # int16 mean magnitude: -36 dBFS


class LevelVAD:
    """Says 0.99 for a loud window and 0.01 for a quiet one."""

    name = "scripted/level"
    sample_rate = 16000
    window_samples = 512

    def stream(self) -> LevelVAD:
        """The detector has no memory: every stream is itself."""
        return self

    async def probability(self, window: Samples) -> float:
        """0.99 or 0.01."""
        return 0.99 if float(np.abs(window).mean()) > _LOUD else 0.01
