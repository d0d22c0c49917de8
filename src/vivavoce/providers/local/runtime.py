"""The models of this process, and the lanes that run them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Literal, Protocol, Self, TypeVar, cast

import anyio

from vivavoce.providers.local.lane import Lane, LaneStatistics, LaneStream, computing

__all__ = ["Lane", "LaneKind", "LaneStream", "Runtime", "Threads"]

M = TypeVar("M")

LaneKind = Literal["vad", "stt_partial", "stt_final", "turn", "llm", "tts", "load"]

# Spinning OpenMP threads starve the rest: on 2 busy cores llama.cpp falls from 20 to 1-5 tokens/s.
# The library reads these when it is loaded.
OPENMP = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}


def available_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


class Warmable(Protocol):
    """A provider that can get ready ahead of its first use."""

    async def warm(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Threads:
    """How many native threads each kind of model computes with."""

    stt: int = 1
    llm: int = 2
    tts: int = 1
    onnx: int = 1

    @classmethod
    def for_cores(cls, cores: int) -> Threads:
        """The share of each on a machine of that many cores.

        On 2 cores the language model has both, because nothing else of the same turn computes
        while its first words are awaited; the others have one, so that a decode and a sentence
        of speech can run beside each other.
        """
        return cls(stt=max(1, min(4, cores // 2)), llm=max(1, min(8, cores)))


class Runtime:
    """Owns the models of a process and gives each kind of work its own lane.

    Cheap to make: threads start and models load at their first use. All sessions and all event
    loops of a process share one.
    """

    def __init__(self, cores: int | None = None, *, llm_slots: int = 1) -> None:
        """Plan for that many cores (None: those this process may run on).

        `llm_slots` is how many replies may be generated at a time.
        """
        for name, value in OPENMP.items():
            os.environ.setdefault(name, value)
        self.cores = cores or available_cores()
        self.threads = Threads.for_cores(self.cores)
        self._lanes: dict[LaneKind, Lane] = {
            "vad": Lane("vad"),
            "stt_partial": Lane("stt_partial"),
            "stt_final": Lane("stt_final"),
            "turn": Lane("turn"),
            "llm": Lane("llm", llm_slots),
            "tts": Lane("tts"),
            "load": Lane("load", min(4, self.cores)),
        }
        self._lock = Lock()
        self._models: dict[Hashable, Future[object]] = {}
        self._closers: list[Callable[[], object]] = []

    def lane(self, kind: LaneKind) -> Lane:
        """The lane for that kind of work."""
        return self._lanes[kind]

    def statistics(self) -> list[LaneStatistics]:
        """One entry a lane."""
        return [lane.statistics() for lane in self._lanes.values()]

    async def load(
        self, key: Hashable, loader: Callable[[], M], close: Callable[[M], object] | None = None
    ) -> M:
        """The model of that key, loaded by `loader` in a thread if it is not there yet.

        Who comes while it loads waits for the same load; cancelling one of them does not stop it.
        A load that failed is tried again by the next caller. `close` frees the model at the
        runtime's end. Raises what `loader` raises.
        """
        with self._lock:
            future = self._models.get(key)
            if future is None or (future.done() and future.exception() is not None):
                future = self._lanes["load"].submit(partial(self._load, loader, close))
                self._models[key] = future
        if not future.done():
            with computing():
                await asyncio.shield(asyncio.wrap_future(future))
        return cast("M", future.result())  # a key names one kind of model

    def _load(self, loader: Callable[[], M], close: Callable[[M], object] | None) -> object:
        model = loader()
        if close is not None:
            with self._lock:
                self._closers.append(partial(close, model))
        return model

    async def warm(self, *providers: Warmable) -> None:
        """Load and try every provider, as many at a time as there are cores (at most 4)."""
        async with anyio.create_task_group() as group:
            for provider in providers:
                group.start_soon(provider.warm)

    async def aclose(self) -> None:
        """Stop all lanes, wait for their threads (a bounded time), free the models."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for lane in self._lanes.values():
                    group.start_soon(lane.aclose)
            while self._closers:
                await anyio.to_thread.run_sync(self._closers.pop())
            self._models.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
