"""Inference off the event loop: one lane of worker threads for each kind of work.

A lane is a small thread pool of its own rather than a share of `anyio.to_thread`, for three
reasons. Its place is taken until the *thread* is done, not until the awaiter has left (anyio frees
the limiter at once when a call is abandoned, so that cancelled decodes pile up on the cores). Work
that is cancelled while it queues never runs. And the same few threads serve every event loop, so
that each OpenMP team is made once instead of once a thread that happens to call.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Condition
from types import TracebackType
from typing import Generic, Self, TypeVar, TypeVarTuple

import anyio

from vivavoce.core.errors import ProviderUnavailable

__all__ = ["Lane", "LaneStatistics", "LaneStream"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

STREAM_BOUND = 64  # items; as "LLM text -> TTS" in docs/architecture.md
CLOSE_S = 5.0  # the longest step that cannot be interrupted: a final decode of 25 s of speech

logger = logging.getLogger(__name__)


def computing() -> AbstractContextManager[object]:
    """Charges what is computed meanwhile to the running loop's clock, if that clock is virtual.

    Such a loop has a method of this name; asking for a protocol would cost 10 us a window.
    """
    loop = asyncio.get_running_loop()
    charge: Callable[[], AbstractContextManager[object]] = getattr(loop, "computing", nullcontext)
    return charge()


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """`jobs` were finished in `seconds` of thread time; `running` and `queued` are not yet."""

    name: str
    jobs: int
    seconds: float
    running: int
    queued: int


class Lane:
    """Runs functions in `workers` threads of its own, first come, first served."""

    def __init__(self, name: str, workers: int = 1) -> None:
        self.name = name
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"vivavoce-{name}")
        self._lock = Condition()
        self._stops: set[Callable[[], None]] = set()
        self._pending = 0
        self._running = 0
        self._jobs = 0
        self._seconds = 0.0
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a thread works or something waits for one; abandoned work counts."""
        return self._pending > 0

    def statistics(self) -> LaneStatistics:
        """What was done so far, and what is under way."""
        with self._lock:
            queued = self._pending - self._running
            return LaneStatistics(self.name, self._jobs, self._seconds, self._running, queued)

    async def run(self, function: Callable[[*Ts], T], *args: *Ts) -> T:
        """Call `function` in a thread of the lane and return what it returns.

        Cancelling returns at once: a call that still waits for its turn is dropped, one that runs
        ends by itself in the background, and its result is dropped. Raises what `function` raises,
        and ProviderUnavailable once the lane is closed.
        """
        await anyio.lowlevel.checkpoint_if_cancelled()
        with computing():
            return await asyncio.wrap_future(self.submit(function, *args))

    def stream(
        self,
        produce: Callable[[Callable[[T], None], Callable[[], bool]], object],
        bound: int = STREAM_BOUND,
    ) -> LaneStream[T]:
        """Items that a function makes one by one; see `LaneStream`."""
        return LaneStream(self, produce, bound)

    def submit(self, function: Callable[[*Ts], T], *args: *Ts) -> Future[T]:
        """Queue a call without waiting for it. Raises ProviderUnavailable once closed."""
        call = partial(self._work, partial(function, *args))
        with self._lock:
            self._refuse_when_closed()
            future = self._pool.submit(copy_context().run, call)
            self._pending += 1
        future.add_done_callback(lambda _: self._forget())
        return future

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise ProviderUnavailable(f"the {self.name} lane is closed", provider="local")

    def _work(self, call: Callable[[], T]) -> T:
        with self._lock:
            self._refuse_when_closed()
            self._running += 1
        begin = time.perf_counter()
        try:
            return call()
        finally:
            with self._lock:
                self._running -= 1
                self._jobs += 1
                self._seconds += time.perf_counter() - begin

    def _forget(self) -> None:
        with self._lock:
            self._pending -= 1
            self._lock.notify_all()

    def _wait_until_idle(self, within: float) -> bool:
        with self._lock:
            return self._lock.wait_for(lambda: not self._pending, within)

    async def aclose(self, within: float = CLOSE_S) -> bool:
        """Refuse new work, stop the streams, wait at most `within` seconds for the threads.

        Queued calls raise ProviderUnavailable. True when nothing runs on. It finishes even when
        cancelled, because a thread left behind would use a model that is being freed.
        """
        with self._lock:
            self._closed = True
            stops = list(self._stops)
        for stop in stops:
            stop()
        self._pool.shutdown(wait=False)
        with anyio.CancelScope(shield=True):
            idle = await anyio.to_thread.run_sync(self._wait_until_idle, within)
        if not idle:
            logger.warning("%s: %d calls run on after %.1f s", self.name, self._pending, within)
        return idle


class LaneStream(Generic[T]):
    """What `produce(emit, stopped)` emits in a thread of the lane, in order, as an async iterator.

    Open it with `async with`; the call begins then. `emit(item)` hands over one item and waits
    while `bound` items are unread; after the end of the block it returns at once and the item is
    dropped. `stopped()` turns true at the end of the block, upon which `produce` should return
    soon: the lane's place is free only then. Leaving the block never waits for the thread.

    Iteration raises what `produce` raised, after the items that came before.
    """

    def __init__(
        self,
        lane: Lane,
        produce: Callable[[Callable[[T], None], Callable[[], bool]], object],
        bound: int,
    ) -> None:
        self._lane = lane
        self._produce = produce
        self._bound = bound
        self._items: deque[T] = deque()
        self._changed = Condition()
        self._stopped = False
        self._waiting = False  # the producer, for the consumer

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._charge: AbstractContextManager[object] | None = None
        self._future = self._lane.submit(self._produce, self._emit, self._is_stopped)
        self._lane._stops.add(self.stop)
        self._hold()
        self._future.add_done_callback(lambda _: self._tell(self._wake.set))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lane._stops.discard(self.stop)
        self.stop()
        self._future.cancel()
        self._release()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            self._wake.clear()
            with self._changed:
                done = self._future.done()  # before the items: none can come after it
                if self._items:
                    return self._take()
            if done:
                self._release()
                self._future.result()
                raise StopAsyncIteration
            await self._wake.wait()

    def _take(self) -> T:
        item = self._items.popleft()
        if self._waiting:
            self._waiting = False
            self._hold()
            self._changed.notify()
        return item

    def stop(self) -> None:
        """Tell the producer that nobody wants more. Any thread may call it."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    # The clock is charged while the function runs, except while it waits for the consumer. The
    # context manager is the loop's, so both ends are called on the loop only.

    def _hold(self) -> None:
        if self._charge is None:
            self._charge = computing()
            self._charge.__enter__()

    def _release(self) -> None:
        if self._charge is not None:
            charge, self._charge = self._charge, None
            charge.__exit__(None, None, None)

    def _release_if_waiting(self) -> None:
        with self._changed:
            if self._waiting:
                self._release()

    # In the lane's thread.

    def _is_stopped(self) -> bool:
        return self._stopped

    def _emit(self, item: T) -> None:
        with self._changed:
            if len(self._items) >= self._bound and not self._stopped:
                self._waiting = True
                self._tell(self._release_if_waiting)
                self._changed.wait_for(lambda: self._stopped or not self._waiting)
            if self._stopped:
                return
            self._items.append(item)
        self._tell(self._wake.set)

    def _tell(self, callback: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            # The loop was closed while an abandoned call was ending; nobody is left to be told.
            logger.debug("%s: a call ended after its event loop", self._lane.name)
