"""A language model in this process, on llama.cpp."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from pathlib import Path

from vivavoce.core.errors import BadReply, ProviderError
from vivavoce.core.messages import (
    ChatItem,
    LLMDelta,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)
from vivavoce.core.protocols import LLMCapabilities
from vivavoce.providers.local.llama_prompt import (
    SPOKEN_STYLE,
    callable_tools,
    chat,
    grammar,
    partial_chat,
)
from vivavoce.providers.local.llama_server import LlamaServer
from vivavoce.providers.local.runtime import Runtime

__all__ = ["SPOKEN_STYLE", "Llama"]

CONTEXT_TOKENS = 4096  # 115 MB with the 1.5B model; some 40 spoken turns
MAX_TOKENS = 160  # about a minute of speech; three sentences take 60

# Nearly greedy, because small models decide and calculate best so; the rest keeps them from loops:
# DRY makes it ever less likely to repeat a run of more than 4 tokens (SmolLM2 never ends without).
SAMPLING = {
    "temperature": 0.2,
    "top_p": 0.9,
    "min_p": 0.05,
    "dry_multiplier": 0.8,
    "dry_allowed_length": 4,
}


_SINGLE = re.compile(r"[^A-Za-z\s]")


class Llama:
    """A language-model provider over one GGUF file with a chat template.

    `style` is added to the conversation's instructions and holds the answers to what can be spoken
    ("" leaves the model as it is). All sessions share the model, one reply at a time; what each has
    said before is kept warm.
    """

    def __init__(
        self,
        runtime: Runtime,
        path: Path,
        *,
        name: str = "local/qwen2.5-1.5b",
        style: str = SPOKEN_STYLE,
        context_tokens: int = CONTEXT_TOKENS,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self.name = name
        self._runtime = runtime
        self._path = path
        self._style = style
        self._context_tokens = context_tokens
        self._max_tokens = max_tokens

    @property
    def capabilities(self) -> LLMCapabilities:
        """Bounded by the context that the constructor was given."""
        return LLMCapabilities(self._context_tokens, tools=True, prefill=True)

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[LLMDelta, None]:
        """Generate one reply: text as it is made, or one tool call, then the usage.

        Closing the iterator ends the generation within a token. Raises ProviderRefused when the
        prompt is longer than the context, BadReply for a call that breaks off or an empty reply.
        """
        server = await self._load()
        request = {
            "messages": chat(messages, tools, self._style),
            "grammar": grammar(callable_tools(messages, tools), self._style),
            "max_tokens": self._max_tokens,
            "cache_prompt": True,
            **SAMPLING,
        }
        call = ""
        empty = True
        lane = self._runtime.lane("llm")
        async with lane.stream(partial(server.complete, request), 2 * self._max_tokens) as pieces:
            async for piece in pieces:
                if isinstance(piece, Usage):
                    if call:
                        yield self._call(call)
                    elif empty:
                        raise self._bad("an empty reply")
                    yield piece
                elif call or (empty and tools and piece.startswith("{")):
                    call += piece
                else:
                    yield TextDelta(piece)
                empty = False

    async def prefill(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> None:
        """Read the prompt ahead. The last user message may be unfinished: its last word waits.

        Cancelling stops it within 32 tokens, and what was read stays read.
        """
        server = await self._load()
        request = {
            "messages": chat(partial_chat(messages), tools, self._style),
            "max_tokens": 0,
            "cache_prompt": True,
            "return_progress": True,
        }
        try:
            async with self._runtime.lane("llm").stream(
                partial(server.complete, request)
            ) as pieces:
                async for _ in pieces:
                    pass
        except ProviderError:
            return  # a hint; the reply will say what is wrong

    def count_tokens(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> int:
        """An estimate from the characters."""
        return sum(5 + _tokens(turn["content"]) for turn in chat(messages, tools, self._style)) + 5

    async def warm(self) -> None:
        """Load the model and make the grammar, whose first use takes 0.5 s.

        The instructions are read when a session starts (`prefill`), while nobody waits.
        """
        server = await self._load()
        request = {
            "messages": [{"role": "system", "content": ""}, {"role": "user", "content": "."}],
            "grammar": grammar((), self._style),
            "max_tokens": 1,
            "cache_prompt": True,
        }
        async with self._runtime.lane("llm").stream(partial(server.complete, request)) as pieces:
            async for _ in pieces:
                pass

    async def _load(self) -> LlamaServer:
        loader = partial(
            LlamaServer,
            self._path,
            threads=self._runtime.threads.llm,
            context_tokens=self._context_tokens,
            name=self.name,
        )
        key = ("llama", self._path, self._context_tokens)
        return await self._runtime.load(key, loader, LlamaServer.close)

    def _call(self, text: str) -> ToolCall:
        try:
            match json.loads(text):
                case {"tool": str(name), "arguments": dict(arguments)}:
                    return ToolCall(f"call_{secrets.token_hex(8)}", name, arguments)
        except ValueError:
            pass
        raise self._bad(f"a malformed tool call of {len(text)} characters")

    def _bad(self, what: str) -> BadReply:
        return BadReply(f"{self.name} gave {what}", provider=self.name, role="llm", retryable=True)


def _tokens(text: str) -> int:
    """Letters come in words of some 4; digits, signs and other scripts about one a token.

    Measured with Qwen2.5: English 0.26 a character, Spanish 0.31, Chinese 0.70, Korean 0.60,
    Hindi 1.02, numbers 0.98.
    """
    single = len(_SINGLE.findall(text))
    return single + round((len(text) - single) * 0.27)
