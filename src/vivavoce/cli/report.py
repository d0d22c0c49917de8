"""A turn in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

from vivavoce.core.marks import BUDGET, GAP_BUDGET_S, Stage
from vivavoce.core.turn import Outcome, TurnRecord

__all__ = ["turn_as_json", "turn_as_text"]

_LABELS = {
    Stage.STT: "transcript",
    Stage.ENDPOINT: "endpoint",
    Stage.LLM: "first token",
    Stage.CLAUSE: "first clause",
    Stage.TTS: "first voice",
    Stage.PLAYOUT: "first sound",
}
_BAR_S = 0.025  # of the gap, a character of the waterfall
_WIDEST = 60


def turn_as_text(record: TurnRecord) -> Iterator[str]:
    """The lines that a terminal shows of a turn."""
    if record.user_text:
        yield f"you     {record.user_text}"
    for call in record.calls:
        yield f"tool    {call.name}"
    yield f"answer  {record.reply}"
    if record.heard != record.reply:
        yield f"heard   {record.heard or '(nothing)'}"
    for source in record.sources:
        yield f"source  {source.title} {source.url}"
    if record.outcome is Outcome.FAILED:
        yield f"failed  {record.error}"
    gap = record.marks.gap
    if gap is None:
        return
    yield f"gap     {gap:.3f} s from the end of your speech to the first sound"
    ended = None
    for share in record.marks.waterfall():
        ended = share.start if ended is None else ended
        before = min(_WIDEST, round((share.start - ended) / _BAR_S))
        length = min(_WIDEST - before, max(1, round(share.duration / _BAR_S)))
        budget = BUDGET.get(share.stage)
        note = "" if budget is None else f"  (budget {budget * 1000:.0f})"
        bar = " " * before + "█" * length
        yield f"  {_LABELS[share.stage]:<13}{share.duration * 1000:6.0f} ms  {bar}{note}"
    yield f"  {'budget':<13}{GAP_BUDGET_S * 1000:6.0f} ms"


def turn_as_json(record: TurnRecord) -> dict[str, object]:
    """The object that `--json` prints of a turn; its schema stands in docs/ask.md."""
    marks = record.marks
    gap = marks.gap
    return {
        "id": record.id,
        "outcome": record.outcome.value,
        "user": record.user_text,
        "answer": record.reply,
        "heard": record.heard,
        "sources": [
            {"title": source.title, "url": source.url, "passage": source.passage}
            for source in record.sources
        ],
        "tools": [{"name": call.name, "arguments": dict(call.arguments)} for call in record.calls],
        "turn_gap_ms": None if gap is None else _ms(gap),
        "stages_ms": {share.stage.value: _ms(share.duration) for share in marks.waterfall()},
        "work_ms": [
            {"stage": work.stage.value, "label": work.label, "ms": _ms(work.duration)}
            for work in marks.intervals
        ],
        "points_ms": {point.value: _ms(at) for point, at in marks.points.items()},
        "error": record.error or None,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
