"""When the user spoke, fell silent and was understood: the first marks of the turn to come."""

from __future__ import annotations

from vivavoce.core.marks import Interval, Point, Stage

__all__ = ["UserMarks"]


class UserMarks:
    """The user's side of the marks of the turn to come."""

    def __init__(self) -> None:
        self.stopped_at: float | None = None
        self._started_at: float | None = None
        self._text_at: float | None = None
        self._work: list[Interval] = []

    def started(self, onset: float) -> None:
        """Speech began; the first onset counts."""
        if self._started_at is None:
            self._started_at = onset

    def wrote(self, now: float, is_final: bool) -> None:
        """The recogniser's view of it changed."""
        self._text_at = now
        if is_final and self.stopped_at is not None and self.stopped_at <= now:
            self._work.append(Interval(Stage.STT_FINAL, self.stopped_at, now))

    def take(self, speech_ended: float | None) -> tuple[dict[Point, float], list[Interval]]:
        """The marks so far, if the turn answers speech; they begin anew."""
        if speech_ended is None:
            return {}, []
        points = {
            Point.SPEECH_STARTED: self._started_at,
            Point.SPEECH_ENDED: speech_ended,
            Point.TRANSCRIPT: self._text_at,
        }
        work = self._work
        self.forget()
        return {point: at for point, at in points.items() if at is not None}, work

    def forget(self) -> None:
        """What was said so far belongs to no turn to come."""
        self._started_at = self._text_at = None
        self._work = []
