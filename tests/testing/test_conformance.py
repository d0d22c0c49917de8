"""The checks pass what keeps its protocol, and fail each way of not keeping it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import anyio
import numpy as np
import pytest

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.messages import ChatItem, LLMDelta, TextDelta, ToolSpec, Usage
from vivavoce.core.protocols import (
    LLM,
    STT,
    TTS,
    VAD,
    Control,
    LLMCapabilities,
    STTStream,
    Transport,
    TransportCapabilities,
    TTSStream,
    TurnDetector,
)
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Transcript, Word
from vivavoce.testing import (
    LevelVAD,
    MemoryTransport,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    Speller,
    check_llm,
    check_stt,
    check_transport,
    check_tts,
    check_turn_detector,
    check_vad,
)

pytestmark = pytest.mark.anyio

SPELLER = Speller()
SPEECH, _ = SPELLER.spell("what is the weather", 1.2, 16000)


class Nothing:
    """Has none of what any protocol asks for."""


async def stubborn() -> None:
    """Takes two seconds to be cancelled."""
    try:
        await anyio.sleep_forever()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(2)


# --- recognition --------------------------------------------------------------------------------


class BentSTT(ScriptedSTT):
    """A scripted recogniser whose transcripts, or whose stream, are bent."""

    def __init__(
        self,
        bend: Callable[[Transcript], Transcript | None] = lambda transcript: transcript,
        how: str = "",
    ) -> None:
        super().__init__(SPELLER)
        self.bend = bend
        self.how = how

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[STTStream]:  # type: ignore[override]
        try:
            async with super().stream(language=language) as stream:
                yield Bent(stream, self.bend, self.how)
        except anyio.get_cancelled_exc_class():
            if self.how == "stubborn":
                await stubborn_for_a_while()
            raise


async def stubborn_for_a_while() -> None:
    with anyio.CancelScope(shield=True):
        await anyio.sleep(2)


class Bent:
    def __init__(
        self, stream: STTStream, bend: Callable[[Transcript], Transcript | None], how: str
    ) -> None:
        self.stream, self.bend, self.how = stream, bend, how

    async def send(self, frame: AudioFrame) -> None:
        await self.stream.send(frame)

    async def flush(self) -> None:
        await self.stream.flush()

    def cut(self) -> None:
        if self.how != "no cut":
            self.stream.cut()

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        async for transcript in self.stream:
            bent = self.bend(transcript)
            if bent is None:
                return
            yield bent


def finals(**changes: object) -> Callable[[Transcript], Transcript]:
    return lambda given: replace(given, **changes) if given.is_final else given  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Nothing, "an STT has name"),
        (lambda: ScriptedSTT(SPELLER, name=""), "an STT has a name"),
        (lambda: BentSTT(lambda _: None), "a flush is answered by a final"),
        (lambda: BentSTT(finals(text="")), "speech has words"),
        (
            lambda: BentSTT(finals(text="hello there", stable=0)),
            "silence has no words, not 'hello there'",
        ),
        (lambda: BentSTT(finals(start=0.0)), "a transcript starts where its audio does"),
        (lambda: BentSTT(finals(end=10.1)), "a final covers all audio"),
        (lambda: BentSTT(finals(words=(Word("a", 3.0, 2.0),))), "a word ends after it starts"),
        (lambda: BentSTT(lambda given: replace(given, stable=99)), "stable counts characters"),
        (lambda: BentSTT(how="no cut"), "after a cut"),
        (lambda: BentSTT(how="stubborn"), "a cancelled stream ends within half a second"),
    ],
)
async def test_a_recogniser_that_breaks_a_rule_fails(
    make: Callable[[], STT], expected: str
) -> None:
    with pytest.raises(AssertionError, match=expected):
        await check_stt(make, SPEECH)


async def test_the_scripted_recogniser_passes() -> None:
    await check_stt(lambda: ScriptedSTT(SPELLER), SPEECH)


# --- reasoning ----------------------------------------------------------------------------------


class BentLLM(ScriptedLLM):
    def __init__(self, how: str) -> None:
        super().__init__(["The sky is blue."])
        self.how = how

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        try:
            if self.how == "says nothing":
                yield TextDelta(" ")
            else:
                async for delta in super().reply(messages, tools):
                    yield delta
            if self.how == "counts twice":
                yield Usage()
        except anyio.get_cancelled_exc_class():
            if self.how == "stubborn":
                await stubborn_for_a_while()
            raise

    def count_tokens(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> int:
        return 7 if self.how == "counts alike" else super().count_tokens(messages, tools)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Nothing, "an LLM has name"),
        (lambda: BentLLM("says nothing"), "a reply has text"),
        (lambda: BentLLM("counts twice"), "usage is told once at most"),
        (lambda: BentLLM("counts alike"), "longer prompts count more"),
        (lambda: BentLLM("stubborn"), "ends within half a second"),
    ],
)
async def test_a_model_that_breaks_a_rule_fails(make: Callable[[], LLM], expected: str) -> None:
    with pytest.raises(AssertionError, match=expected):
        await check_llm(make)


async def test_the_scripted_model_passes() -> None:
    await check_llm(lambda: ScriptedLLM(["The sky is blue."]))

    class Cold(ScriptedLLM):
        def __init__(self) -> None:
            super().__init__(["The sky is blue."])
            self.capabilities = LLMCapabilities(prefill=False)

        async def prefill(
            self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
        ) -> None:
            raise NotImplementedError

    await check_llm(Cold)


# --- speech -------------------------------------------------------------------------------------


class BentTTS(ScriptedTTS):
    def __init__(
        self, bend: Callable[[Speech], Speech] = lambda speech: speech, how: str = ""
    ) -> None:
        super().__init__(SPELLER)
        self.bend = bend
        self.how = how

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[TTSStream]:  # type: ignore[override]
        try:
            async with super().stream(language=language) as stream:
                yield BentSpeech(stream, self.bend)
        except anyio.get_cancelled_exc_class():
            if self.how == "stubborn":
                await stubborn_for_a_while()
            raise


class BentSpeech:
    def __init__(self, stream: TTSStream, bend: Callable[[Speech], Speech]) -> None:
        self.stream, self.bend = stream, bend

    async def say(self, text: str) -> None:
        await self.stream.say(text)

    async def finish(self) -> None:
        await self.stream.finish()

    async def __aiter__(self) -> AsyncIterator[Speech]:
        async for speech in self.stream:
            yield self.bend(speech)


def words(*given: Word) -> Callable[[Speech], Speech]:
    return lambda speech: replace(speech, words=given if "Fine" in speech.text else ())


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Nothing, "a TTS has name"),
        (lambda: BentTTS(lambda s: replace(s, text=s.text.strip())), "each text is named once"),
        (lambda: BentTTS(lambda s: replace(s, ends=False)), "the last chunk of each text says so"),
        (lambda: BentTTS(lambda s: replace(s, sample_rate=8000)), "the rate is the promised one"),
        (
            lambda: BentTTS(lambda s: replace(s, samples=cast(Samples, s.samples / 2))),
            "samples are int16",
        ),
        (lambda: BentTTS(lambda s: replace(s, samples=s.samples // 99)), "speech is audible"),
        (lambda: BentTTS(words(Word("other", 0, 0.1))), "'other' is a word of 'Fine.'"),
        (lambda: BentTTS(words(Word("Fine", 0.2, 0.1))), "words follow one another"),
        (
            lambda: BentTTS(words(Word("Fine", 0.1, 0.2), Word("Fine", 0.0, 0.1))),
            "words follow one another",
        ),
        (lambda: BentTTS(words(Word("Fine", 9.0, 9.1))), "words lie within their audio"),
        (lambda: BentTTS(how="stubborn"), "ends within half a second"),
    ],
)
async def test_a_voice_that_breaks_a_rule_fails(make: Callable[[], TTS], expected: str) -> None:
    with pytest.raises(AssertionError, match=expected):
        await check_tts(make)


async def test_the_scripted_voice_passes() -> None:
    await check_tts(lambda: ScriptedTTS(SPELLER))
    await check_tts(lambda: ScriptedTTS(SPELLER, word_times=False))


# --- turn-taking --------------------------------------------------------------------------------


class FixedVAD(LevelVAD):
    def __init__(self, *probabilities: float) -> None:
        self.probabilities = probabilities

    def stream(self) -> FixedVAD:
        return self

    async def probability(self, window: Samples) -> float:
        return self.probabilities[int(np.abs(window).max() > 500)]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Nothing, "a VAD has name"),
        (lambda: FixedVAD(0.0, 1.5), "probabilities lie between 0 and 1"),
        (lambda: FixedVAD(0.0, 0.2), "speech is noticed"),
        (lambda: FixedVAD(0.9, 0.9), "silence is not speech"),
    ],
)
async def test_a_voice_detector_that_breaks_a_rule_fails(
    make: Callable[[], VAD], expected: str
) -> None:
    with pytest.raises(AssertionError, match=expected):
        await check_vad(make, SPEECH)


async def test_the_scripted_voice_detector_passes() -> None:
    await check_vad(LevelVAD, SPEECH)


class FixedDetector:
    name, sample_rate, window = "fixed", 16000, 8.0

    def __init__(self, probability: float) -> None:
        self.given = probability

    async def probability(self, samples: Samples) -> float:
        return self.given


async def test_a_turn_detector_has_to_give_a_probability() -> None:
    await check_turn_detector(lambda: FixedDetector(0.5), SPEECH)
    with pytest.raises(AssertionError, match="between 0 and 1, not 7"):
        await check_turn_detector(lambda: FixedDetector(7.0), SPEECH)
    with pytest.raises(AssertionError, match="a TurnDetector has name"):
        await check_turn_detector(cast(Callable[[], TurnDetector], Nothing), SPEECH)


# --- transports ---------------------------------------------------------------------------------


class Stubborn(MemoryTransport):
    async def receive(self) -> AsyncIterator[AudioFrame | Control]:
        try:
            async for item in super().receive():
                yield item
        except anyio.get_cancelled_exc_class():
            await stubborn_for_a_while()
            raise


async def test_a_transport_has_to_end_when_cancelled() -> None:
    await check_transport(MemoryTransport)
    await check_transport(lambda: MemoryTransport(TransportCapabilities(clear=False)))
    with pytest.raises(AssertionError, match="ends within half a second"):
        await check_transport(Stubborn)
    with pytest.raises(AssertionError, match="a Transport has"):
        await check_transport(cast(Callable[[], Transport], Nothing))
