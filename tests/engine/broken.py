"""Providers that misbehave, one way each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
import numpy as np

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.messages import ChatItem, LLMDelta, TextDelta, ToolCall, ToolSpec
from vivavoce.core.protocols import LLMCapabilities, STTCapabilities, TTSCapabilities
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Transcript


class Unlucky(Exception):
    """What somebody else's code raises."""


async def cling() -> None:
    """Swallow cancellation three times."""
    for _ in range(3):
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            continue
    await anyio.sleep_forever()


class BrokenLLM:
    """`how` is the name of one of the ways below."""

    name = "broken/llm"
    capabilities = LLMCapabilities(prefill=False)

    def __init__(self, how: str) -> None:
        self.how = how
        self.open_replies = 0

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        self.open_replies += 1
        try:
            match self.how:
                case "raises":
                    raise Unlucky
                case "hangs":
                    await anyio.sleep_forever()
                case "clings":
                    await cling()
            for delta in self.says(len(messages)):
                yield delta
            if self.how == "raises later":
                raise Unlucky
            if self.how.endswith("at its close"):
                await anyio.sleep_forever()
        finally:
            self.open_replies -= 1
            if self.how == "hangs at its close":
                await anyio.sleep(30)
            if self.how == "raises at its close":
                raise Unlucky

    def says(self, number: int) -> list[LLMDelta]:
        match self.how:
            case "says nothing":
                return []
            case "says emoji":
                return [TextDelta("🙂🙂")]
            case "is no text":
                return [TextDelta(cast(str, None))]
            case "is no delta":
                return [cast(LLMDelta, 7)]
            case "only calls tools":
                return [ToolCall(f"call_{number}", "missing", {"x": 1})]
        return [TextDelta("The answer is ")]

    async def prefill(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> None:
        pass

    def count_tokens(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> int:
        return 0


class BrokenTTS:
    name = "broken/tts"
    capabilities = TTSCapabilities(24000)

    def __init__(self, how: str) -> None:
        self.how = how
        self.open_streams = 0

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[BrokenTTS]:
        self.open_streams += 1
        try:
            if self.how == "cannot be opened":
                raise Unlucky
            self.said = anyio.Event()
            yield self
        finally:
            self.open_streams -= 1
            if self.how == "hangs at its close":
                await anyio.sleep(30)

    async def say(self, text: str) -> None:
        if self.how == "takes no text":
            await anyio.sleep_forever()
        if self.how == "refuses text":
            raise Unlucky
        self.text = text
        self.said.set()

    async def finish(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Speech]:
        if self.how != "ends at once":
            await self.said.wait()
        loud = np.full(2400, 3000, np.int16)
        match self.how:
            case "raises":
                raise Unlucky
            case "raises later":
                yield Speech(loud, 24000, self.text)
                raise Unlucky
            case "hangs" | "takes no text" | "refuses text" | "hangs at its close":
                await anyio.sleep_forever()
            case "clings":
                await cling()
            case "gives floats":
                yield Speech(cast(Samples, loud / 32768), 24000, self.text, ends=True)
            case "gives two channels":
                yield Speech(np.stack([loud, loud]), 24000, self.text, ends=True)
            case "has no rate":
                yield Speech(loud, 0, self.text, ends=True)
            case "gives silence":
                yield Speech(np.zeros(2400, np.int16), 24000, self.text, ends=True)
            case "ends at once":
                pass


class BrokenSTT:
    name = "broken/stt"
    capabilities = STTCapabilities()

    def __init__(self, how: str) -> None:
        self.how = how
        self.open_streams = 0
        self.streams = 0

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[BrokenSTT]:
        self.open_streams += 1
        self.streams += 1
        try:
            if self.how == "cannot be opened":
                raise Unlucky
            if self.how == "hangs when opened":
                await anyio.sleep_forever()
            yield self
        finally:
            self.open_streams -= 1

    async def send(self, frame: AudioFrame) -> None:
        if self.how == "refuses audio":
            raise Unlucky
        if self.how == "takes no audio":
            await anyio.sleep_forever()

    async def flush(self) -> None:
        pass

    def cut(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        match self.how:
            case "raises":
                raise Unlucky
            case "clings":
                await cling()
            case "ends at once":
                pass
            case "is no transcript":
                yield cast(Transcript, "hello")
            case "has no text":
                yield Transcript(cast(str, None), 0.0, 1.0)
            case "has no time":
                yield Transcript("hello", float("nan"), 1.0)
            case _:
                await anyio.sleep_forever()


class BrokenVAD:
    name = "broken/vad"
    sample_rate = 16000
    window_samples = 512

    def __init__(self, how: str) -> None:
        self.how = how

    def stream(self) -> BrokenVAD:
        return self

    async def probability(self, window: Samples) -> float:
        match self.how:
            case "raises":
                raise Unlucky
            case "hangs":
                await anyio.sleep_forever()
            case "clings":
                await cling()
            case "is no number":
                return cast(float, "loud")
        return float("nan") if self.how == "is not a number" else 7.0


class BrokenTurnDetector(BrokenVAD):
    name = "broken/turn"
    window = 8.0
