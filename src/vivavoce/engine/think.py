"""Thinking: the language model's text in speakable pieces, with tools in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import anyio

from vivavoce.core.errors import BadReply, ProviderTimeout
from vivavoce.core.messages import (
    ChatItem,
    LLMDelta,
    Message,
    Role,
    Source,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
)
from vivavoce.core.protocols import LLM
from vivavoce.engine.closing import closing

__all__ = ["ROUNDS", "fit", "think"]

ROUNDS = 5  # of tool use in one turn; then the model has to answer with what it has
_REPLY_TOKENS = 512  # of the context, kept free for the reply

CallTools = Callable[[Sequence[ToolCall]], Awaitable[Sequence[ToolResult]]]


async def think(
    llm: LLM,
    messages: Sequence[ChatItem],
    tools: Sequence[ToolSpec],
    call_tools: CallTools,
    *,
    deadline: float,
) -> AsyncIterator[TextDelta | ToolCall | Source | Usage]:
    """One answer, as it is made: text, the calls that were made, sources and usage.

    `deadline` bounds the wait for each delta (s). Raises ProviderTimeout past it, and BadReply when
    the model says nothing at all. Closing the iterator ends the model's generation.
    """
    used: list[ChatItem] = []
    spoke = False
    rounds = 0
    while True:
        text, calls = "", list[ToolCall]()
        offered = tools if rounds < ROUNDS else ()
        reply = llm.reply(fit(llm, messages, used, offered), offered)
        async with closing(reply) as deltas:
            while (delta := await _next(deltas, llm.name, deadline)) is not None:
                match delta:
                    case TextDelta(text=more):
                        text += more
                    case ToolCall():
                        calls.append(delta)
                    case _:
                        pass
                yield delta
        spoke = spoke or bool(text.strip())
        if not calls or rounds == ROUNDS:
            break
        rounds += 1
        results = await call_tools(calls)
        used += [Message(Role.ASSISTANT, text)] if text.strip() else []
        used += [*calls, *results]
    if not spoke:
        raise BadReply(f"{llm.name} answered with nothing", provider=llm.name, role="llm")


def fit(
    llm: LLM, messages: Sequence[ChatItem], used: Sequence[ChatItem], tools: Sequence[ToolSpec]
) -> list[ChatItem]:
    """The messages and what this answer used so far, without the oldest messages as far as the
    model's context demands it. The instructions and the last message stay."""
    limit = llm.capabilities.context_tokens
    view = list(messages)
    if limit is None:
        return [*view, *used]
    first = 1 if view and isinstance(view[0], Message) and view[0].role is Role.SYSTEM else 0
    while len(view) > first + 1 and llm.count_tokens([*view, *used], tools) > limit - _REPLY_TOKENS:
        del view[first]
        while len(view) > first + 1 and isinstance(view[first], ToolCall | ToolResult):
            del view[first]  # an answer must not stand without its question
    return [*view, *used]


async def _next(deltas: AsyncIterator[LLMDelta], name: str, deadline: float) -> LLMDelta | None:
    """The next delta, None at the end."""
    try:
        with anyio.fail_after(deadline):
            return await anext(deltas, None)
    except TimeoutError:
        raise ProviderTimeout(
            f"{name} gave nothing for {deadline:g} s", provider=name, role="llm", retryable=True
        ) from None
