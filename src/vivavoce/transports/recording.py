"""What was heard of a conversation's answers, kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np

from vivavoce.audio.wav import WavWriter
from vivavoce.core.audio import Samples, silence
from vivavoce.core.errors import AudioError
from vivavoce.engine.clock import computing
from vivavoce.transports.playout import Piece

__all__ = ["Recording"]

TURN_PAUSE_S = 0.5  # the longest silence kept between two turns
GATHERED_S = 2.0  # of audio before the disk is troubled


class Recording:
    """Writes what was heard to `target` (a path, or "-"); None keeps nothing.

    Silence between two pieces of one turn is kept; between turns no more than half a second is.
    The first failure ends the recording and waits in `failure` for whoever closes it.
    """

    def __init__(self, target: str | Path | None, sample_rate: int) -> None:
        self.failure: AudioError | None = None
        self._target = target
        self._sample_rate = sample_rate
        self._writer: WavWriter | None = None
        self._lock = anyio.Lock()  # pieces reach the file in order
        self._gathered: list[Samples] = []
        self._gathered_samples = 0
        self._turn: str | None = None
        self._end = 0.0

    async def open(self) -> None:
        """Create the file. Raises AudioError when that cannot be."""
        if self._target is not None:
            with computing():
                self._writer = await anyio.to_thread.run_sync(
                    WavWriter, self._target, self._sample_rate
                )

    def hear(self, piece: Piece) -> None:
        """Take a piece that has sounded, later than every one before it."""
        if self._writer is None or self.failure:
            return
        if self._turn is not None:
            pause = piece.due - self._end
            pause = pause if piece.turn == self._turn else min(pause, TURN_PAUSE_S)
            self._gather(silence(pause, self._sample_rate))
        self._gather(piece.samples)
        self._turn, self._end = piece.turn, piece.end

    async def keep(self, *, all_of_it: bool = False) -> None:
        """Write what was gathered, once there is enough of it; cancellation waits until it is."""
        if not all_of_it and self._gathered_samples < GATHERED_S * self._sample_rate:
            return
        with anyio.CancelScope(shield=True):
            async with self._lock:
                gathered, self._gathered, self._gathered_samples = self._gathered, [], 0
                if gathered:
                    await self._try(lambda writer: writer.write(np.concatenate(gathered)))

    async def close(self) -> None:
        """Complete the file, as far as it could be written; later calls are without effect."""
        with anyio.CancelScope(shield=True):
            await self.keep(all_of_it=True)
            async with self._lock:
                await self._try(WavWriter.finish)
                self._writer = None

    async def _try(self, action: Callable[[WavWriter], None]) -> None:
        """Do what may be refused, in a thread: a disk may be slow."""
        if self._writer is None or self.failure:
            return
        try:
            with computing():
                await anyio.to_thread.run_sync(action, self._writer)
        except AudioError as error:
            self.failure = error

    def _gather(self, samples: Samples) -> None:
        self._gathered.append(samples)
        self._gathered_samples += len(samples)
