"""The frozen record of a turn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vivavoce.core.marks import Marks
from vivavoce.core.messages import Source, ToolCall, ToolResult, Usage

__all__ = ["Origin", "Outcome", "TurnRecord"]


class Outcome(StrEnum):
    """How a turn ended."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"  # nobody heard it
    FAILED = "failed"


class Origin(StrEnum):
    """What a turn answers."""

    SPEECH = "speech"
    TYPED = "typed"
    ANNOUNCED = "announced"


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A finished turn: what was asked, what was written, what was heard.

    `heard` is the words of `reply` whose end had been played when the turn settled. A client's
    late truncate does not change a record; see `Conversation.amend`.
    """

    id: str
    origin: Origin
    user_text: str
    reply: str
    heard: str
    outcome: Outcome
    marks: Marks
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()
    sources: tuple[Source, ...] = ()
    error: str = ""
    usage: Usage = Usage()
