"""What a client's events ask of the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vivavoce.core.audio import AudioFrame
from vivavoce.core.messages import ChatItem
from vivavoce.core.protocols import Control

__all__ = [
    "AddItem",
    "Answer",
    "AnswerAside",
    "Command",
    "Configure",
    "DeleteItem",
    "StopAnswer",
    "ToolGave",
]


@dataclass(frozen=True, slots=True)
class Configure:
    """The session is as this says now."""

    session: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddItem:
    """Put this into the conversation as `id`, behind `after`: "" is the front, None the end."""

    id: str
    content: ChatItem
    after: str | None


@dataclass(frozen=True, slots=True)
class DeleteItem:
    """Take this out: an item of the conversation's own id, or of a turn the user's or the
    assistant's part, or a function's call and what it gave."""

    stored: str | None
    turn: str | None
    is_answer: bool
    call_id: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the conversation now; `session` is how for this once, None for as ever."""

    session: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class AnswerAside:
    """Make a response out of band: from these messages, or those of the conversation for None."""

    response: str
    session: Mapping[str, Any]
    messages: tuple[ChatItem, ...] | None
    speaks: bool


@dataclass(frozen=True, slots=True)
class ToolGave:
    """The client ran the function, or asked for an answer without (`output` None). Where no such
    call is under way the output goes into the conversation as `stored`."""

    call_id: str
    output: str | None
    stored: str | None = None


@dataclass(frozen=True, slots=True)
class StopAnswer:
    """The answer that has just begun was cancelled before it did."""


Command = (
    AudioFrame
    | Control
    | Configure
    | AddItem
    | DeleteItem
    | Answer
    | AnswerAside
    | StopAnswer
    | ToolGave
)
