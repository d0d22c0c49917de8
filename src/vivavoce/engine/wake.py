"""Waking one waiting task: the cheapest thing that a stream or a mouth can wait for."""

from __future__ import annotations

import asyncio

__all__ = ["Wake"]


class Wake:
    """Tells the one task that waits to look again. What is `set` while nobody waits is remembered
    until the next `wait`.

    `anyio.Event` cannot be cleared, so that each wait would need a new one, and it looks up its
    backend when made: 6 us a wait instead of 1, at three waits a frame. A future of the loop takes
    part in anyio's cancellation like any other await.
    """

    __slots__ = ("_is_set", "_waiter")

    def __init__(self) -> None:
        self._is_set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the task."""
        self._is_set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, within: float | None = None) -> None:
        """Wait until set, at most `within` seconds; it is then not set any more."""
        if not self._is_set:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = None if within is None else loop.call_later(within, self.set)
            try:
                await self._waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        self._is_set = False
