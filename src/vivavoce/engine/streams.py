"""A bounded stream between two tasks, with a rule for what happens at the bound."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

import anyio

from vivavoce.core.errors import TransportClosed
from vivavoce.engine.wake import Wake

__all__ = ["Full", "Statistics", "Stream"]

T = TypeVar("T")


class Full(Enum):
    """What happens at the bound."""

    WAIT = "wait"
    DROP_OLDEST = "drop oldest"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Statistics:
    """`load` is what is held now, in the bound's unit; `dropped` counts items since the start."""

    load: float
    bound: float
    dropped: int
    taken: int


class Stream(Generic[T]):
    """Items in order, for one consumer.

    `bound` is in items, or in what `weigh` measures (such as seconds of audio). One item always
    fits into an empty stream.
    """

    def __init__(
        self, bound: float, full: Full = Full.WAIT, weigh: Callable[[T], float] | None = None
    ) -> None:
        self._bound = bound
        self.full = full
        self._weigh = weigh
        self._items: deque[T] = deque()
        self._load = 0.0
        self._dropped = 0
        self._taken = 0
        self._closed = False
        self._filled = Wake()
        self._drained = anyio.Event()
        self._overflowed = anyio.Event()

    def statistics(self) -> Statistics:
        """How full it is and what it lost."""
        return Statistics(self._load, self._bound, self._dropped, self._taken)

    def _weight(self, item: T) -> float:
        return 1.0 if self._weigh is None else self._weigh(item)

    def _fits(self, weight: float) -> bool:
        return self._load + weight <= self._bound

    def put(self, item: T) -> bool:
        """Add an item now; past the bound the rule applies (a WAIT stream takes it all the same).

        Returns whether nothing was lost by it. A closed stream takes nothing.
        """
        if self._closed:
            return False
        kept = True
        weight = self._weight(item)
        if self._items and not self._fits(weight):
            if self.full is Full.CLOSE:
                self._dropped += 1
                self._overflowed.set()
                self.close()
                return False
            while self.full is Full.DROP_OLDEST and self._items and not self._fits(weight):
                self._load -= self._weight(self._items.popleft())
                self._dropped += 1
                kept = False
        self._items.append(item)
        self._load += weight
        self._filled.set()
        return kept

    async def send(self, item: T) -> None:
        """Add an item, waiting for room. Raises TransportClosed when the stream is closed."""
        while self._items and not self._closed and not self._fits(self._weight(item)):
            await self._wait_for_one_taken()
        if self._closed:
            raise TransportClosed("the stream's consumer is gone")
        self.put(item)

    async def within_bound(self) -> None:
        """Wait while `put` has taken it past its bound."""
        while self._load > self._bound and not self._closed:
            await self._wait_for_one_taken()

    async def _wait_for_one_taken(self) -> None:
        if self._drained.is_set():
            self._drained = anyio.Event()
        await self._drained.wait()

    async def overflowed(self) -> None:
        """Wait until a CLOSE stream was closed at its bound."""
        await self._overflowed.wait()

    def close(self) -> None:
        """No more items; what is there can still be taken."""
        self._closed = True
        self._filled.set()
        self._drained.set()

    def __aiter__(self) -> Stream[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self._closed:
                raise StopAsyncIteration
            await self._filled.wait()
        item = self._items.popleft()
        self._load -= self._weight(item)
        self._taken += 1
        if not self._drained.is_set():
            self._drained.set()
        return item
