"""Events to whoever listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from vivavoce.core.events import Event
from vivavoce.engine.streams import Full, Stream

__all__ = ["Listener", "Listeners"]


class Listener(Enum):
    """Who listens, which says how much is held for it and what happens past that."""

    WATCHER = (256, Full.DROP_OLDEST)  # metrics, a dashboard: what it misses is counted
    CLIENT = (1024, Full.CLOSE)  # a protocol's peer: lossless, or closed as too slow
    LEDGER = (4096, Full.WAIT)  # lossless; the next turn waits for it


class Listeners:
    """The fan-out of one session."""

    def __init__(self) -> None:
        self._streams: list[Stream[Event]] = []

    def emit(self, event: Event) -> None:
        """Give the event to everyone; never waits."""
        for stream in self._streams:
            stream.put(event)

    async def settled(self) -> None:
        """Wait for a ledger that is behind by more than is held for it."""
        for stream in list(self._streams):
            if stream.full is Full.WAIT:
                await stream.within_bound()

    @contextmanager
    def listen(self, kind: Listener = Listener.WATCHER) -> Iterator[Stream[Event]]:
        """A stream of the events from now on, until the block ends or the session does."""
        bound, full = kind.value
        stream: Stream[Event] = Stream(bound, full)
        self._streams.append(stream)
        try:
            yield stream
        finally:
            self._streams.remove(stream)
            stream.close()

    def close(self) -> None:
        """The session is over: the streams end after what they hold."""
        for stream in self._streams:
            stream.close()
