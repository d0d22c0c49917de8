"""What is done ahead of time: the prompt's prefix, and making room in the context."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio

from vivavoce.core.messages import ChatItem, Message, Role, TextDelta, ToolSpec
from vivavoce.core.protocols import LLM
from vivavoce.engine.closing import closing
from vivavoce.engine.failures import describe
from vivavoce.engine.history import History

__all__ = ["Ahead"]

_FULL = 0.6  # of the context in use, past which the older half is summarised
_SUMMARY = (
    "Summarise the conversation so far in at most five short sentences. Keep names, numbers, "
    "decisions and open questions. Write only the summary."
)


class Ahead:
    """Runs while no answer is made; `pause` ends what is under way at once."""

    def __init__(
        self, llm: LLM, tools: Sequence[ToolSpec], history: History, failed: Callable[[str], None]
    ) -> None:
        self._llm = llm
        self._tools = tools
        self._history = history
        self._failed = failed
        self._text: str | None = None
        self._done: list[ChatItem] = []
        self._wanted = anyio.Event()
        self._scope = anyio.CancelScope()

    def configure(self, llm: LLM, tools: Sequence[ToolSpec]) -> None:
        """The prompt will be read by this model, with these tools."""
        self._llm, self._tools = llm, tools
        self._done = []
        self.prefill("")

    def prefill(self, text: str) -> None:
        """The user's words so far are `text`: compute the prompt up to there."""
        self._text = text
        self._wanted.set()

    def pause(self) -> None:
        """An answer is needed: give way."""
        self._text = None
        self._scope.cancel()

    async def run(self) -> None:
        """Work when there is something to do, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted = anyio.Event()
            text, self._text = self._text, None
            if text is None:
                continue
            with anyio.CancelScope() as self._scope:
                try:
                    if not text:
                        await self._compact()
                    view = self._history.view(text)
                    if self._llm.capabilities.prefill and view != self._done:
                        await self._llm.prefill(view, self._tools)
                        self._done = view
                except Exception as error:  # noqa: BLE001  a provider is somebody else's code
                    self._failed(describe(error))

    async def _compact(self) -> None:
        """Replace the older half of a long conversation by the model's summary of it."""
        limit = self._llm.capabilities.context_tokens
        conversation = self._history.conversation
        messages = conversation.messages()
        if limit is None or self._llm.count_tokens(messages, self._tools) < _FULL * limit:
            return
        items = list(conversation)
        half = [index for index, item in enumerate(items) if _is_user(item.content)]
        if len(half) < 2:
            return
        border = half[len(half) // 2]
        upto = items[border - 1].id
        older = [item.content for item in items[:border] if isinstance(item.content, Message)]
        if conversation.summary:
            older.insert(0, Message(Role.USER, f"Earlier: {conversation.summary}"))
        summary = ""
        prompt = [*older, Message(Role.USER, _SUMMARY)]
        async with closing(self._llm.reply(prompt)) as deltas:
            async for delta in deltas:
                if isinstance(delta, TextDelta):
                    summary += delta.text
        if summary.strip() and any(item.id == upto for item in conversation):
            conversation.compact(summary.strip(), upto)


def _is_user(content: ChatItem) -> bool:
    return isinstance(content, Message) and content.role is Role.USER
