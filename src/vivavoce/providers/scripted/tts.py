"""A synthesiser that spells, with the delays that it is told to have."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from vivavoce.core.protocols import TTSCapabilities
from vivavoce.core.speech import Speech
from vivavoce.engine.closing import closing
from vivavoce.engine.streams import Stream
from vivavoce.providers.scripted.spelling import Speller

__all__ = ["ScriptedTTS"]


@dataclass(slots=True)
class ScriptedTTS:
    """The first audio of a text `first_byte` seconds after it was given, the rest `speed` times as
    fast as it is spoken, in chunks of `chunk` seconds. `open_streams` are in use now."""

    speller: Speller
    first_byte: float = 0.100
    speed: float = 5.0
    chunk: float = 0.200
    characters_a_second: float = 15.0  # about 180 words a minute
    word_times: bool = True
    name: str = "scripted/tts"
    sample_rate: int = 24000
    open_streams: int = field(default=0, init=False)

    @property
    def capabilities(self) -> TTSCapabilities:
        """Any language, as long as it has words."""
        return TTSCapabilities(self.sample_rate, word_times=self.word_times)

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[_Stream]:
        """Open a stream for one answer."""
        self.open_streams += 1
        try:
            yield _Stream(self)
        finally:
            self.open_streams -= 1


class _Stream:
    def __init__(self, tts: ScriptedTTS) -> None:
        self._tts = tts
        self._texts: Stream[str] = Stream(64)

    async def say(self, text: str) -> None:
        await self._texts.send(text)

    async def finish(self) -> None:
        self._texts.close()

    async def __aiter__(self) -> AsyncIterator[Speech]:
        async for text in self._texts:
            async with closing(self._speech(text)) as chunks:
                async for speech in chunks:
                    yield speech

    async def _speech(self, text: str) -> AsyncIterator[Speech]:
        tts = self._tts
        letters = sum(len(word) for word in tts.speller.words(text))
        samples, words = tts.speller.spell(text, letters / tts.characters_a_second, tts.sample_rate)
        await anyio.sleep(tts.first_byte)
        size = round(tts.chunk * tts.sample_rate)
        if not len(samples):
            yield Speech(samples, tts.sample_rate, text, ends=True)
        for start in range(0, len(samples), size):
            if start:
                await anyio.sleep(tts.chunk / tts.speed)
            first = start == 0
            yield Speech(
                samples[start : start + size],
                tts.sample_rate,
                text if first else "",
                tuple(words) if first and tts.word_times else (),
                ends=start + size >= len(samples),
            )
