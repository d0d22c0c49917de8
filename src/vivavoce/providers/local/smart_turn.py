"""Smart Turn: whether a speaker is done, judged from how it sounded."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from vivavoce.core.audio import Samples
from vivavoce.providers.local.log_mel import SAMPLE_RATE, log_mel
from vivavoce.providers.local.onnx_model import OnnxModel
from vivavoce.providers.local.runtime import Runtime

__all__ = ["SmartTurn"]

WINDOW_S = 8.0
WINDOW_SAMPLES = round(WINDOW_S * SAMPLE_RATE)


class SmartTurn:
    """An end-of-turn detector over Smart Turn version 3 at `path`, an ONNX file.

    A hint and no gate: on read speech its area under the curve is 0.68.
    """

    def __init__(self, runtime: Runtime, path: Path, *, name: str = "local/smart-turn") -> None:
        self.name = name
        self.sample_rate = SAMPLE_RATE
        self.window = WINDOW_S
        self._runtime = runtime
        self._path = path

    async def warm(self) -> None:
        """Load the model and judge a window of silence."""
        await self.probability(np.zeros(WINDOW_SAMPLES, np.int16))

    async def probability(self, samples: Samples) -> float:
        """The probability that the turn that ends with `samples` (int16 `(n,)`) is complete.

        Only the last 8 s count. Raises ProviderError when the model fails or cannot be loaded.
        """
        threads = self._runtime.threads.onnx
        load = partial(OnnxModel, self._path, threads, self.name, "turn_detector")
        model = await self._runtime.load(("smart-turn", self._path), load)
        return await self._runtime.lane("turn").run(_complete, model, samples)


def _complete(model: OnnxModel, samples: Samples) -> float:
    window = np.zeros(WINDOW_SAMPLES, np.float32)
    recent = samples[-WINDOW_SAMPLES:]
    window[WINDOW_SAMPLES - len(recent) :] = recent
    window /= 32768
    # As its makers prepare it: zero mean and unit variance over the window, silence included.
    window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
    (probability,) = model.run(["logits"], {"input_features": log_mel(window)[None]})
    return float(probability[0, 0])
