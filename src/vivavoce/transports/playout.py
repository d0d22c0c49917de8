"""A loudspeaker's queue as plain arithmetic: what plays when, and what has been heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from vivavoce.core.audio import AudioFrame, Samples

__all__ = ["INSTANT_S", "Piece", "Playout"]

INSTANT_S = 1e-6  # times closer than this are one: float sums of frame lengths drift by less


@dataclass(frozen=True, slots=True)
class Piece:
    """Audio of one turn: `position` is where it stands in the turn's audio, `due` when it sounds.

    Both in seconds, `due` on the caller's clock. `samples` is int16 `(n,)`.
    """

    turn: str
    samples: Samples = field(repr=False)
    sample_rate: int
    position: float
    due: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def end(self) -> float:
        """When its last sample has sounded."""
        return self.due + self.duration

    def split(self, count: int) -> tuple[Piece, Piece]:
        """Its first `count` samples, and the rest."""
        passed = count / self.sample_rate
        rest = replace(
            self,
            samples=self.samples[count:],
            position=self.position + passed,
            due=self.due + passed,
        )
        return replace(self, samples=self.samples[:count]), rest


class Playout:
    """Plays what it is given, without a pause between, and tells what was heard by a given time.

    It owns no clock: every call carries the time, which never goes back.
    """

    def __init__(self) -> None:
        self._queue: deque[Piece] = deque()
        self._until = float("-inf")

    @property
    def turn(self) -> str | None:
        """The turn that plays, or None."""
        return self._queue[0].turn if self._queue else None

    @property
    def turn_until(self) -> float:
        """When what is queued of the turn that plays has sounded; infinity when nothing plays."""
        until = float("inf")
        for piece in self._queue:
            if piece.turn != self._queue[0].turn:
                break
            until = piece.end
        return until

    def ahead(self, now: float) -> float:
        """Seconds of audio that have not sounded yet."""
        return max(0.0, self._until - now) if self._queue else 0.0

    def add(self, turn: str, frame: AudioFrame, now: float) -> None:
        """Queue a frame: it sounds when what is queued has, at once if nothing is."""
        due = self._until if self._queue else now
        self._queue.append(Piece(turn, frame.samples, frame.sample_rate, frame.start, due))
        self._until = due + frame.duration

    def advance(self, now: float) -> list[Piece]:
        """Take out what has sounded by now, to the sample."""
        heard: list[Piece] = []
        while self._queue and self._queue[0].end <= now + INSTANT_S:
            heard.append(self._queue.popleft())
        if self._queue:
            piece = self._queue[0]
            count = int((now - piece.due + INSTANT_S) * piece.sample_rate)
            if count > 0:
                played, self._queue[0] = piece.split(count)
                heard.append(played)
        return heard

    def clear(self) -> list[Piece]:
        """Take out what has not sounded, as of the last `advance`."""
        dropped = list(self._queue)
        self._queue.clear()
        return dropped
