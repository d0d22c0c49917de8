"""An event loop whose time is virtual: it jumps over waiting and runs while models compute.

With no model running, a sleep costs nothing and the order of events is the same in every run: the
clock of the tests. While something computes off the loop (`computing`), virtual time runs at the
speed of real time, so that a recording that is fed in by sleeping is processed as fast as the
models allow and yet every latency is what it would have been live: the clock of `ask --fast`.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import anyio

__all__ = ["VirtualClockLoop", "computing", "run_virtual"]

T = TypeVar("T")


class _Selector(selectors.BaseSelector):
    """Delegates to the real selector, but turns waiting into a jump of the clock."""

    def __init__(self, loop: VirtualClockLoop) -> None:
        self._loop = loop
        self._real = selectors.DefaultSelector()

    def register(
        self, fileobj: Any, events: int, data: Any = None
    ) -> selectors.SelectorKey:  # Any: the signature of selectors.BaseSelector
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.step()
        if timeout is None or self._loop.is_computing:
            return self._real.select(timeout)
        ready = self._real.select(0)
        if not ready:
            self._loop.jump(timeout)
        return ready


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """A selector event loop on virtual time, which starts at 0."""

    def __init__(self) -> None:
        self._base = 0.0
        self._real_start = 0.0
        self._computing = 0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Virtual seconds."""
        if self._computing:
            return self._base + time.perf_counter() - self._real_start
        return self._base

    @property
    def is_computing(self) -> bool:
        """Whether virtual time now runs with real time."""
        return self._computing > 0

    def step(self) -> None:
        """Called before each step of the loop: for a test that counts them, or acts between."""

    def jump(self, seconds: float) -> None:
        """Skip time in which nothing can happen."""
        self._base += max(0.0, seconds)

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Charge the time inside to the clock. Enter and leave on the loop's thread."""
        if not self._computing:
            self._real_start = time.perf_counter()
        self._computing += 1
        try:
            yield
        finally:
            if self._computing == 1:
                self._base = self.time()
            self._computing -= 1


def computing() -> AbstractContextManager[None]:
    """Charge the time inside to the running loop's clock, if that is virtual."""
    loop = asyncio.get_running_loop()
    return loop.computing() if isinstance(loop, VirtualClockLoop) else nullcontext()


def run_virtual(function: Callable[..., Coroutine[Any, Any, T]], *args: object) -> T:
    """Run an async function to its end on a virtual clock, as `anyio.run` does on the real one."""
    return anyio.run(
        function, *args, backend="asyncio", backend_options={"loop_factory": VirtualClockLoop}
    )
