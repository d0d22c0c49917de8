"""What our own page is told beyond the Realtime API: `vivavoce.*` events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vivavoce.core import events as happened
from vivavoce.core.marks import BUDGET
from vivavoce.core.turn import TurnRecord

__all__ = ["told"]

Json = dict[str, Any]


def told(
    event: happened.Event, *, response: str | None, item: str | None
) -> Iterator[tuple[str, Json]]:
    """The events' types and fields. `response` and `item` are those under way."""
    state = _state(event)
    if state is not None:
        yield "vivavoce.state", {"state": state}
    match event:
        case happened.TranscriptUpdated(transcript=transcript):
            yield (
                "vivavoce.transcript",
                {
                    "text": transcript.text,
                    "stable": len(transcript.stable_text),
                    "is_final": transcript.is_final,
                },
            )
        case happened.Heard(text=text):
            yield "vivavoce.heard", {"response_id": response, "item_id": item, "text": text}
        case happened.ToolStarted(call=call):
            fields = {"call_id": call.id, "name": call.name, "arguments": dict(call.arguments)}
            yield "vivavoce.tool", {"response_id": response, "phase": "started", **fields}
        case happened.ToolEnded(result=result):
            fields = {"call_id": result.call_id, "name": result.name, "result": result.text}
            yield (
                "vivavoce.tool",
                {"response_id": response, "phase": "ended", **fields, "is_error": result.error},
            )
        case happened.SourceFound(source=source):
            fields = {"title": source.title, "url": source.url, "passage": source.passage}
            yield "vivavoce.source", {"response_id": response, **fields}
        case happened.TurnEnded(record=record):
            yield "vivavoce.turn", {"response_id": response, **_turn(record)}
        case happened.Failed(role=role, message=message, fatal=fatal):
            yield "vivavoce.failed", {"role": role, "message": message, "fatal": fatal}
        case _:
            pass


def _state(event: happened.Event) -> str | None:
    match event:
        case happened.SpeechStarted():
            return "listening"
        case happened.TurnCommitted():
            return "thinking"
        case happened.Heard() | happened.TurnResumed():
            return "speaking"
        case happened.TurnHeld():
            return "held"
        case happened.TurnEnded() | happened.SpeechIgnored():
            return "ready"
        case _:
            return None


def _turn(record: TurnRecord) -> Json:
    gap = record.marks.gap
    shares = list(record.marks.waterfall())
    stages = [
        {
            "name": str(interval.stage),
            "start_ms": round(1000 * (interval.start - shares[0].start)),
            "duration_ms": round(1000 * interval.duration),
            "budget_ms": round(1000 * BUDGET[interval.stage]) if interval.stage in BUDGET else None,
        }
        for interval in shares
    ]
    sources = [
        {"title": source.title, "url": source.url, "passage": source.passage}
        for source in record.sources
    ]
    return {
        "outcome": str(record.outcome),
        "user_text": record.user_text,
        "written": record.reply,
        "heard": record.heard,
        "gap_ms": None if gap is None else round(1000 * gap),
        "stages": stages,
        "sources": sources,
    }
