"""What the scripted model answers in benchmarks, and how the words of it are read off audio."""

from __future__ import annotations

import re
import zlib
from collections.abc import AsyncIterator, Sequence

import anyio
import numpy as np

from vivavoce.core.audio import Samples
from vivavoce.core.messages import ChatItem, LLMDelta, TextDelta, ToolSpec, Usage
from vivavoce.core.protocols import LLMCapabilities
from vivavoce.providers.scripted import Speller
from vivavoce.providers.scripted.llm import last_user_text
from vivavoce.text.pieces import PieceSplitter

__all__ = [
    "CHARACTERS_A_SECOND",
    "SHORTEST_S",
    "AnsweringLLM",
    "answer_speller",
    "heard_words",
    "more_tokens",
]

CHARACTERS_A_SECOND = 15.0  # about 180 words a minute
_TOKEN = re.compile(r"\s*\S+")
_GAP_S = 0.010  # the speller's, between words
_FADE_S = 0.006  # at most so much of a word's beginning is faded in when an answer goes on
_EXACT_S = 0.001  # the engine's measure of "played to the end"

ANSWERS = (
    "It is sunny today and quite warm, so you will not need a coat. Tomorrow it may well rain.",
    "That takes about twenty minutes on foot, or seven by bus, which leaves from the corner here.",
    "The shop on the main street stays open until nine this evening, except on most Sundays.",
    "I would start with the smaller one because it is easier to learn, and then move on slowly.",
    "The train to the airport leaves every quarter of an hour from platform four, near the exit.",
    "There are three good places nearby, and the second one also has tables outside in summer.",
)


class AnsweringLLM:
    """Answers by what was asked: the first token after `first_token` seconds, the others
    `token_interval` apart.

    Unlike `ScriptedLLM` it keeps no record, whose memory would count as the engine's, and its
    tokens are due at their own times: no model waits for a busy event loop.
    """

    name = "bench/answers"
    capabilities = LLMCapabilities(prefill=True)

    def __init__(self, *, first_token: float, token_interval: float) -> None:
        self._first_token = first_token
        self._token_interval = token_interval

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        """The answer to the last message."""
        due = anyio.current_time() + self._first_token
        tokens = _TOKEN.findall(_answer(messages))
        for token in tokens:
            await anyio.sleep_until(due)
            due += self._token_interval
            yield TextDelta(token)
        yield Usage(self.count_tokens(messages, tools), len(tokens))

    async def prefill(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> None:
        """Costs nothing."""

    def count_tokens(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> int:
        """Never too many: the context has no limit."""
        return 0


def _answer(messages: Sequence[ChatItem]) -> str:
    return ANSWERS[zlib.crc32(last_user_text(messages).encode()) % len(ANSWERS)]


def answer_speller() -> Speller:
    """A speller that gives every word of the answers the same value in every process."""
    speller = Speller()
    for answer in ANSWERS:
        speller.spell(answer, 60.0, 1000)
    return speller


def _spoken_s(answer: str) -> float:
    return sum(map(len, Speller().words(answer))) / CHARACTERS_A_SECOND


SHORTEST_S = min(_spoken_s(answer) for answer in ANSWERS)  # of speech in any answer


def more_tokens(reply: str) -> int:
    """How many tokens the first piece of an answer has beyond its first; `reply` may be cut."""
    for answer in ANSWERS:
        if reply and answer.startswith(reply):
            first = next(iter([*PieceSplitter().feed(answer), answer]))
            return len(first.split()) - 1
    raise ValueError("no answer of the script begins like this reply")


def heard_words(speller: Speller, samples: Samples, sample_rate: int) -> list[str]:
    """The words that were played to their end, in audio that may end within one."""
    words = speller.read(samples, sample_rate)
    end = len(samples) / sample_rate
    heard = []
    for word in words:
        missing = len(word.text) / CHARACTERS_A_SECOND - _GAP_S - (word.end - word.start)
        touches_end = end - word.end < 0.5 / sample_rate
        if missing <= (_EXACT_S if touches_end else _FADE_S):
            heard.append(word.text)
    return heard


def remembered_words(speller: Speller, texts: Sequence[str]) -> list[str]:
    """The words of what a conversation says that was heard."""
    return [word for text in texts for word in speller.words(text)]


def wrong_words(remembered: Sequence[str], heard: Sequence[str]) -> int:
    """Words remembered and not heard, or heard and not remembered."""
    same = np.flatnonzero([one != other for one, other in zip(remembered, heard, strict=False)])
    common = int(same[0]) if len(same) else min(len(remembered), len(heard))
    return len(remembered) + len(heard) - 2 * common
