"""Silero's voice activity detection, for many sessions at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from vivavoce.core.audio import Samples
from vivavoce.core.errors import ProviderError
from vivavoce.providers.local.lane import computing
from vivavoce.providers.local.onnx_model import OnnxModel
from vivavoce.providers.local.runtime import Runtime

__all__ = ["Silero", "SileroStream"]

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64  # the end of the window before, which the model wants in front
STATE_SIZE = 128
GATHER_S = 0.005  # between two batches of a crowd; a thread's wake-up costs as much as two windows
LARGEST_BATCH = 64  # from 16 on a window costs no less; more would only delay the first

Waiting = asyncio.Future[float]


class Silero:
    """A voice activity detector over Silero's ONNX file at `path` (version 5 or 6).

    One thread, that of the runtime's lane, serves all sessions: windows that come while it computes
    are the next batch, so the price of a window falls as the load rises and a lone session waits
    for nobody.
    """

    def __init__(self, runtime: Runtime, path: Path, *, name: str = "local/silero") -> None:
        self.name = name
        self.sample_rate = SAMPLE_RATE
        self.window_samples = WINDOW_SAMPLES
        self._runtime = runtime
        self._path = path
        self._model: OnnxModel | None = None
        self._lock = Lock()
        self._queue: deque[tuple[SileroStream, Samples, Waiting]] = deque()
        self._draining = False
        self._latest: frozenset[SileroStream] = frozenset()  # whose windows were the last batch
        self._began = 0.0  # when that was

    def stream(self) -> SileroStream:
        """Voice activity of one more audio stream."""
        return SileroStream(self)

    async def warm(self) -> None:
        """Load the model and look at a window of silence."""
        await self.stream().probability(np.zeros(WINDOW_SAMPLES, np.int16))

    async def probability(self, stream: SileroStream, window: Samples) -> float:
        """The probability of speech in `window` as the next one of `stream`."""
        if self._model is None:
            load = partial(OnnxModel, self._path, self._runtime.threads.onnx, self.name, "vad")
            self._model = await self._runtime.load(("silero", self._path), load)
        waiting: Waiting = asyncio.get_running_loop().create_future()
        with computing():
            with self._lock:
                self._queue.append((stream, window, waiting))
                idle, self._draining = not self._draining, True
            if idle:
                self._runtime.lane("vad").submit(self._drain, self._model)
            return await waiting

    # In the lane's thread.

    def _drain(self, model: OnnxModel) -> None:
        while batch := self._gather():
            streams = [stream for stream, _, _ in batch]
            try:
                chances = _speech(model, streams, [window for _, window, _ in batch])
            except ProviderError as error:
                _deliver([(waiting, error) for _, _, waiting in batch])
            else:
                _deliver(
                    [
                        (waiting, float(chance))
                        for (_, _, waiting), chance in zip(batch, chances, strict=True)
                    ]
                )

    def _gather(self) -> list[tuple[SileroStream, Samples, Waiting]]:
        """The next batch; where many sessions talk, not sooner than `GATHER_S` after the last."""
        with self._lock:
            others = bool(self._queue) and self._queue[0][0] not in self._latest
        crowd = others or len(self._latest) > 1
        rest = self._began + GATHER_S - time.monotonic()
        if crowd and rest > 0:
            time.sleep(rest)
        batch = self._take()
        self._began = time.monotonic()
        if batch:
            self._latest = frozenset(stream for stream, _, _ in batch)
        return batch

    def _take(self) -> list[tuple[SileroStream, Samples, Waiting]]:
        """The next batch, with one window of a stream at most, as each builds on the one before."""
        batch: dict[SileroStream, tuple[SileroStream, Samples, Waiting]] = {}
        with self._lock:
            while self._queue and len(batch) < LARGEST_BATCH and self._queue[0][0] not in batch:
                entry = self._queue.popleft()
                batch[entry[0]] = entry
            self._draining = bool(batch)
        return list(batch.values())


class SileroStream:
    """Voice activity of one audio stream. Windows are 512 samples, one behind the other."""

    def __init__(self, silero: Silero) -> None:
        self._silero = silero
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: the next window begins a new recording."""
        self.state = np.zeros((2, 1, STATE_SIZE), np.float32)
        self.context = np.zeros(CONTEXT_SAMPLES, np.float32)

    async def probability(self, window: Samples) -> float:
        """The probability that `window`, int16 `(512,)`, holds speech.

        A window whose awaiter was cancelled still counts as heard. Raises ValueError for a window
        of another length, ProviderError when the model fails or cannot be loaded.
        """
        if len(window) != WINDOW_SAMPLES:
            raise ValueError(f"a window is {WINDOW_SAMPLES} samples, not {len(window)}")
        return await self._silero.probability(self, window)


def _speech(
    model: OnnxModel, streams: Sequence[SileroStream], windows: Sequence[Samples]
) -> NDArray[np.float32]:
    """One inference: probabilities `(n,)`; the streams' states move on."""
    audio = np.empty((len(streams), CONTEXT_SAMPLES + WINDOW_SAMPLES), np.float32)
    for row, stream, window in zip(audio, streams, windows, strict=True):
        row[:CONTEXT_SAMPLES] = stream.context
        np.multiply(window, np.float32(1 / 32768), out=row[CONTEXT_SAMPLES:])
    state = np.concatenate([stream.state for stream in streams], axis=1)
    inputs = {"input": audio, "state": state, "sr": np.array(SAMPLE_RATE, np.int64)}
    chances, after = model.run(["output", "stateN"], inputs)
    for index, stream in enumerate(streams):
        stream.context = audio[index, -CONTEXT_SAMPLES:]
        stream.state = after[:, index : index + 1]
    return chances[:, 0]


def _deliver(results: Sequence[tuple[Waiting, float | ProviderError]]) -> None:
    """Hand results over, with one wake-up for each event loop among the awaiters."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[Waiting, float | ProviderError]]] = {}
    for result in results:
        loops.setdefault(result[0].get_loop(), []).append(result)
    for loop, share in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, share)
        except RuntimeError:
            continue  # that loop was closed meanwhile, and its awaiters with it


def _settle(results: Sequence[tuple[Waiting, float | ProviderError]]) -> None:
    for waiting, result in results:
        if waiting.done():  # cancelled
            continue
        if isinstance(result, ProviderError):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)
