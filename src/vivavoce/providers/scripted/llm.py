"""A language model that says what it is told to say, at the pace it is told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence

import anyio

from vivavoce.core.messages import (
    ChatItem,
    LLMDelta,
    Message,
    Role,
    Source,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)
from vivavoce.core.protocols import LLMCapabilities

__all__ = ["Reply", "ScriptedLLM"]

Part = str | ToolCall | Source | BaseException
Reply = Part | Sequence[Part]
_TOKEN = re.compile(r"\s*\S+")


class ScriptedLLM:
    """Answers with `replies` in turn, the last one for ever, or with what a function makes of the
    messages. A reply is text, a tool call, a source, an exception to raise, or several of them.

    `requests` keeps what it was asked.
    """

    name = "scripted/llm"

    def __init__(
        self,
        replies: Sequence[Reply] | Callable[[Sequence[ChatItem]], Reply],
        *,
        first_token: float = 0.375,
        token_interval: float = 0.015,
        context_tokens: int | None = None,
    ) -> None:
        self.capabilities = LLMCapabilities(context_tokens, prefill=True)
        self.requests: list[list[ChatItem]] = []
        self.prefills: list[list[ChatItem]] = []
        self.open_replies = 0
        self._replies = replies
        self._asked = 0
        self._first_token = first_token
        self._token_interval = token_interval

    def _reply(self, messages: Sequence[ChatItem]) -> Reply:
        if callable(self._replies):
            return self._replies(messages)
        reply = self._replies[min(self._asked, len(self._replies) - 1)]
        self._asked += 1
        return reply

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        """The next reply of the script."""
        self.requests.append(list(messages))
        script = self._reply(messages)
        parts = script if isinstance(script, Sequence) and not isinstance(script, str) else [script]
        self.open_replies += 1
        try:
            await anyio.sleep(self._first_token)
            tokens = 0
            for part in parts:
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, ToolCall | Source):
                    yield part
                    continue
                for token in _TOKEN.findall(part):
                    if tokens:
                        await anyio.sleep(self._token_interval)
                    tokens += 1
                    yield TextDelta(token)
            yield Usage(self.count_tokens(messages, tools), tokens)
        finally:
            self.open_replies -= 1

    async def prefill(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> None:
        """Notes what was prefilled."""
        self.prefills.append(list(messages))

    def count_tokens(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> int:
        """A token a word."""
        texts = (item.text for item in messages if isinstance(item, Message))
        return sum(len(text.split()) for text in texts)


def last_user_text(messages: Sequence[ChatItem]) -> str:
    """What the user said last; "" when nothing."""
    for item in reversed(messages):
        if isinstance(item, Message) and item.role is Role.USER:
            return item.text
    return ""
