"""A transport within the process: a test, or a program of yours, is the person.

It can imitate any set of capabilities: a client that owns its playback, one that cannot clear, one
whose reports come late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import anyio
import anyio.abc
import numpy as np

from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import Event
from vivavoce.core.protocols import (
    Control,
    InputClosed,
    Played,
    TransportCapabilities,
    Truncate,
)
from vivavoce.transports.playout import Piece, Playout

__all__ = ["MemoryTransport", "Sounded"]

_REPORT_S = 0.100


@dataclass(frozen=True, slots=True)
class Sounded:
    """Audio that the person heard: `at` is the loop's time of its first sample, `position` where
    that stands in the turn's audio (s)."""

    turn: str
    samples: Samples
    at: float
    position: float


class MemoryTransport:
    """Both ends in one object. The session's end is the `Transport` protocol; the person's end is
    `push`, `speak`, `control`, `close`, `lose`, `heard` and `events`.

    `report_delay` is how late the person's word on what was played arrives (s): reports, and the
    truncate of a client that owns its playback. `play_delay` is how much later than it arrives
    audio sounds (s); the capabilities' `latency` unless it says otherwise.
    """

    def __init__(
        self,
        capabilities: TransportCapabilities | None = None,
        *,
        report_delay: float = 0.0,
        play_delay: float | None = None,
    ) -> None:
        self.capabilities = capabilities or TransportCapabilities()
        self.events: list[Event] = []
        self.heard: list[Sounded] = []
        self._report_delay = report_delay
        self._play_delay = self.capabilities.latency if play_delay is None else play_delay
        self._input: deque[AudioFrame | Control] = deque()
        self._outbox: deque[tuple[float, Control]] = deque()
        self._clock = 0.0  # of the person's audio
        self._playout = Playout()
        self._last: tuple[str, float] | None = None
        self._lost = False
        self._changed = anyio.Event()
        self._tasks: anyio.abc.TaskGroup

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._play)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)
        self._settle()

    # --- the person's end -------------------------------------------------------------------

    def push(self, samples: Samples, sample_rate: int = 16000) -> None:
        """Audio of any length arrives now, int16 `(n,)`."""
        self._input.append(AudioFrame(samples, sample_rate, self._clock))
        self._clock += len(samples) / sample_rate
        self._notify()

    async def speak(self, samples: Samples, sample_rate: int = 16000) -> None:
        """Say this in real time, in 20 ms frames; the last may be shorter."""
        size = round(sample_rate * FRAME_S)
        due = anyio.current_time()
        for start in range(0, len(samples), size):
            frame = samples[start : start + size]
            due += len(frame) / sample_rate
            await anyio.sleep_until(due)
            self.push(frame, sample_rate)

    async def stay_silent(self, duration: float, sample_rate: int = 16000) -> None:
        """Send silence in real time."""
        await self.speak(np.zeros(round(duration * sample_rate), np.int16), sample_rate)

    def control(self, control: Control) -> None:
        """Type, press, truncate, or close the input."""
        self._input.append(control)
        self._notify()

    def close(self) -> None:
        """No more input comes."""
        self.control(InputClosed())

    def lose(self) -> None:
        """The connection breaks."""
        self._lost = True
        self._notify()

    @property
    def playing(self) -> bool:
        """Whether something sounds or is about to."""
        self._settle()
        return self._playout.turn is not None

    # --- the session's end ------------------------------------------------------------------

    async def receive(self) -> AsyncIterator[AudioFrame | Control]:
        """What the person says and does, in order."""
        while True:
            if self._lost:
                raise TransportClosed("the person is gone")
            now = anyio.current_time()
            if self._outbox and self._outbox[0][0] <= now:
                yield self._outbox.popleft()[1]
            elif self._input:
                yield self._input.popleft()
            else:
                await self._wait(self._outbox[0][0] if self._outbox else float("inf"))

    async def send(self, turn: str, frame: AudioFrame) -> None:
        """Plays it behind what is queued."""
        if self._lost:
            raise TransportClosed("the person is gone")
        self._settle()
        self._playout.add(turn, frame, anyio.current_time() + self._play_delay)
        self._notify()

    async def clear(self) -> None:
        """Drops what is queued, if it can; says how far the last turn was played."""
        self._settle()
        if not self.capabilities.clear:
            return
        dropped = self._playout.clear()
        if dropped and (self._last is None or self._last[0] != dropped[0].turn):
            self._last = (dropped[0].turn, 0.0)
        if dropped and self._last is not None and self.capabilities.client_owned:
            self._tell(Truncate(*self._last))
        self._report(final=True)

    async def notify(self, event: Event) -> None:
        """Kept in `events`."""
        self.events.append(event)

    # --- the loudspeaker --------------------------------------------------------------------

    async def _play(self) -> None:
        while True:
            before = self._last
            self._settle()
            if self._last != before:
                self._report(final=self._playout.turn is None)
            playing = self._playout.turn is not None
            deadline = anyio.current_time() + _REPORT_S if playing else float("inf")
            await self._wait(min(deadline, self._playout.turn_until))

    def _settle(self) -> None:
        for piece in self._playout.advance(anyio.current_time()):
            self.heard.append(_sounded(piece))
            self._last = (piece.turn, piece.position + piece.duration)

    def _report(self, *, final: bool) -> None:
        if self._last is not None and self.capabilities.reports_played:
            self._tell(Played(*self._last, final))

    def _tell(self, control: Control) -> None:
        self._outbox.append((anyio.current_time() + self._report_delay, control))
        self._notify()

    async def _wait(self, deadline: float) -> None:
        changed = self._changed
        with anyio.CancelScope(deadline=deadline):
            await changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def _sounded(piece: Piece) -> Sounded:
    return Sounded(piece.turn, piece.samples, piece.due, piece.position)
