"""Where the time of a turn went, on the session's timeline.

A turn's *gap* runs from the end of the user's speech to the first voiced sample of the answer. The
critical path through it is a chain of points; each pair of neighbours is one stage:

    speech ended → transcript → committed → first token → first clause → first byte → first sound

Stages may overlap with what happens elsewhere (a draft's tokens may come before the commit), so a
stage's share of the gap is the part that the points before it left over, and the shares always sum
to the gap. (Where a clock's error makes the gap negative, there is nothing to share.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["BUDGET", "GAP_BUDGET_S", "GAP_LIMIT_S", "Interval", "Marks", "Point", "Stage"]


class Point(StrEnum):
    """A moment of a turn."""

    SPEECH_STARTED = "speech_started"
    SPEECH_ENDED = "speech_ended"
    TRANSCRIPT = "transcript"
    STARTED = "started"
    COMMITTED = "committed"
    FIRST_TOKEN = "first_token"
    FIRST_CLAUSE = "first_clause"
    FIRST_BYTE = "first_byte"
    FIRST_SOUND = "first_sound"
    LAST_SOUND = "last_sound"


class Stage(StrEnum):
    """A share of the gap, or an interval that was measured."""

    STT = "stt"
    ENDPOINT = "endpoint"
    LLM = "llm"
    CLAUSE = "clause"
    TTS = "tts"
    PLAYOUT = "playout"
    STT_PARTIAL = "stt_partial"
    STT_FINAL = "stt_final"
    TOOL = "tool"


# Twilio's latency guide for voice agents (2025-11): targets and upper limits of a cascaded turn.
GAP_BUDGET_S = 1.100
GAP_LIMIT_S = 1.400
BUDGET: dict[Stage, float] = {Stage.STT: 0.350, Stage.LLM: 0.375, Stage.TTS: 0.100}

_CHAIN = (
    (Stage.STT, Point.TRANSCRIPT),
    (Stage.ENDPOINT, Point.COMMITTED),
    (Stage.LLM, Point.FIRST_TOKEN),
    (Stage.CLAUSE, Point.FIRST_CLAUSE),
    (Stage.TTS, Point.FIRST_BYTE),
    (Stage.PLAYOUT, Point.FIRST_SOUND),
)


@dataclass(frozen=True, slots=True)
class Interval:
    """A measured stretch of work, in seconds on the session's timeline."""

    stage: Stage
    start: float
    end: float
    label: str = ""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start


@dataclass(slots=True)
class Marks:
    """The points and intervals of one turn."""

    points: dict[Point, float] = field(default_factory=dict)
    intervals: list[Interval] = field(default_factory=list)

    def mark(self, point: Point, at: float) -> None:
        """Note a point; the first note stands."""
        self.points.setdefault(point, at)

    def move(self, point: Point, at: float) -> None:
        """Note a point; the last note stands."""
        self.points[point] = at

    @property
    def gap(self) -> float | None:
        """Seconds from the end of the user's speech to the first sound; None if either lacks."""
        first = self.points.get(Point.FIRST_SOUND)
        ended = self.points.get(Point.SPEECH_ENDED)
        return None if first is None or ended is None else first - ended

    def waterfall(self) -> Iterator[Interval]:
        """The gap's shares in order, without holes or overlaps; nothing when there is no gap."""
        if self.gap is None or self.gap < 0.0:
            return
        edge, last = self.points[Point.SPEECH_ENDED], self.points[Point.FIRST_SOUND]
        for stage, point in _CHAIN:
            at = self.points.get(point)
            if at is None:
                continue
            at = min(max(at, edge), last)
            yield Interval(stage, edge, at)
            edge = at
