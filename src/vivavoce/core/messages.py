"""What a language model sees and says, in no vendor's dialect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "ChatItem",
    "LLMDelta",
    "Message",
    "Role",
    "Source",
    "TextDelta",
    "ToolCall",
    "ToolResult",
    "ToolSpec",
    "Usage",
]


class Role(StrEnum):
    """Who a message is from."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. An assistant's message holds only what the user really heard."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a tool. `arguments` is a JSON object, decoded."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from."""

    title: str
    url: str
    passage: str = ""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave. `error` marks a failure that the model should be told of."""

    call_id: str
    name: str
    text: str
    error: bool = False
    sources: tuple[Source, ...] = ()


ChatItem = Message | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """How a tool is announced to a model. `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More text of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost, in tokens; `cached_tokens` of the prompt's were not computed again."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


LLMDelta = TextDelta | ToolCall | Source | Usage
