"""Does a provider or transport keep its protocol? Run these in your own tests.

Each check takes a function that makes a fresh object, runs on the current event loop, and raises
AssertionError with what was expected. They wait at most `LIMIT_S` for anything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import anyio
import numpy as np

from vivavoce.core.audio import FRAME_S, AudioFrame, Samples, silence
from vivavoce.core.messages import Message, Role, TextDelta, Usage
from vivavoce.core.protocols import LLM, STT, TTS, VAD, STTStream, Transport, TurnDetector
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Transcript
from vivavoce.engine.closing import closing

__all__ = [
    "check_llm",
    "check_stt",
    "check_transport",
    "check_tts",
    "check_turn_detector",
    "check_vad",
]

LIMIT_S = 60.0
CANCEL_S = 1.0  # the protocol says half a second; the rest is the test machine's


def _demand(holds: object, expected: str) -> None:
    if not holds:
        raise AssertionError(expected)


# --- recognition --------------------------------------------------------------------------------


async def check_stt(make: Callable[[], STT], speech: Samples) -> None:
    """`speech` is a short utterance with words, int16 `(n,)` at the recogniser's sample rate."""
    stt = make()
    _demand(isinstance(stt, STT), "an STT has name, capabilities and stream()")
    _demand(stt.name, "an STT has a name")
    rate = stt.capabilities.sample_rate
    with anyio.fail_after(LIMIT_S):
        await _final_covers_what_was_sent(stt, speech, rate)
        await _silence_has_no_words(stt, rate)
        await _cut_begins_anew(stt, speech, rate)
        await _stt_stops_when_cancelled(stt, speech, rate)


async def _send(stream: STTStream, samples: Samples, rate: int, start: float) -> float:
    size = round(FRAME_S * rate)
    for first in range(0, len(samples), size):
        frame = AudioFrame(samples[first : first + size], rate, start + first / rate)
        await stream.send(frame)
        await anyio.lowlevel.checkpoint()
    return start + len(samples) / rate


async def _final(transcripts: AsyncIterator[Transcript]) -> tuple[Transcript, list[Transcript]]:
    partials: list[Transcript] = []
    async for transcript in transcripts:
        if transcript.is_final:
            return transcript, partials
        partials.append(transcript)
    raise AssertionError("a flush is answered by a final transcript before iteration ends")


async def _final_covers_what_was_sent(stt: STT, speech: Samples, rate: int) -> None:
    async with stt.stream() as stream:
        end = await _send(stream, speech, rate, 10.0)
        await stream.flush()
        final, partials = await _final(aiter(stream))
    _demand(final.text.strip(), "speech has words")
    _demand(abs(final.start - 10.0) < 0.5, "a transcript starts where its audio does")
    _demand(abs(final.end - end) < 0.5, "a final covers all audio that was sent before the flush")
    _demand(final.stable_text == final.text, "a final is stable throughout")
    for transcript in (*partials, final):
        _demand(transcript.stable <= len(transcript.text), "stable counts characters of the text")
    for word in final.words:
        _demand(word.start <= word.end <= final.end + 0.5, "a word ends after it starts")


async def _silence_has_no_words(stt: STT, rate: int) -> None:
    async with stt.stream() as stream:
        await _send(stream, silence(1.0, rate), rate, 0.0)
        await stream.flush()
        final, _ = await _final(aiter(stream))
    _demand(not final.text.strip(), f"silence has no words, not {final.text!r}")


async def _cut_begins_anew(stt: STT, speech: Samples, rate: int) -> None:
    async with stt.stream() as stream:
        transcripts = aiter(stream)
        end = await _send(stream, speech, rate, 0.0)
        await stream.flush()
        await _final(transcripts)
        stream.cut()
        await _send(stream, speech, rate, end + 2.0)
        await stream.flush()
        final, _ = await _final(transcripts)
        while final.end <= end:  # the old transcript, told again
            final, _ = await _final(transcripts)
    _demand(final.start >= end + 1.5, "after a cut a new transcript begins with the new audio")


async def _stt_stops_when_cancelled(stt: STT, speech: Samples, rate: int) -> None:
    with anyio.move_on_after(0.01) as scope:
        async with stt.stream() as stream:
            await _send(stream, speech, rate, 0.0)
            await stream.flush()
            await anyio.sleep_forever()
    _in_time(scope)


def _in_time(scope: anyio.CancelScope) -> None:
    late = anyio.current_time() - scope.deadline
    _demand(late < CANCEL_S, f"a cancelled stream ends within half a second, not {late:.2f} s")


# --- reasoning ----------------------------------------------------------------------------------

_ASKED = (
    Message(Role.SYSTEM, "You are brief."),
    Message(Role.USER, "Say that the sky is blue."),
)


async def check_llm(make: Callable[[], LLM]) -> None:
    """It has to answer a plain question with text."""
    llm = make()
    _demand(isinstance(llm, LLM), "an LLM has name, capabilities, reply, prefill, count_tokens")
    with anyio.fail_after(LIMIT_S):
        text, usages = "", 0
        async with closing(llm.reply(_ASKED)) as deltas:
            async for delta in deltas:
                text += delta.text if isinstance(delta, TextDelta) else ""
                usages += isinstance(delta, Usage)
        _demand(text.strip(), "a reply has text")
        _demand(usages <= 1, "usage is told once at most")
        if llm.capabilities.prefill:
            await llm.prefill(_ASKED[:1])
            await llm.prefill(_ASKED)
        longer = (*_ASKED, Message(Role.ASSISTANT, "It is blue. " * 20))
        _demand(
            0 < llm.count_tokens(_ASKED) < llm.count_tokens(longer), "longer prompts count more"
        )
        async with closing(llm.reply(_ASKED)) as deltas:
            await anext(deltas)
        with anyio.move_on_after(0.05) as scope:
            async with closing(llm.reply(_ASKED)) as deltas:
                async for _ in deltas:
                    pass
                await anyio.sleep_forever()
        _in_time(scope)


# --- speech -------------------------------------------------------------------------------------

_TEXTS = ("Hello there, ", "how are you today? ", "🙂 ", "Fine.")


async def check_tts(make: Callable[[], TTS], texts: Sequence[str] = _TEXTS) -> None:
    """`texts` are said one behind the other; at least one has words."""
    tts = make()
    _demand(isinstance(tts, TTS), "a TTS has name, capabilities and stream()")
    with anyio.fail_after(LIMIT_S):
        spoken = await _say(tts, texts)
        _demand(
            [s.text for s in spoken if s.text] == list(texts), "each text is named once, in order"
        )
        _demand(sum(s.ends for s in spoken) == len(texts), "the last chunk of each text says so")
        rates = {s.sample_rate for s in spoken}
        _demand(
            rates == {tts.capabilities.sample_rate}, f"the rate is the promised one, not {rates}"
        )
        samples = np.concatenate([s.samples for s in spoken])
        _demand(samples.dtype == np.int16, "samples are int16")
        _demand(int(np.abs(samples.astype(np.int32)).max(initial=0)) > 500, "speech is audible")
        if tts.capabilities.word_times:
            _check_words(spoken)
        await _say(tts, ())
        with anyio.move_on_after(0.05) as scope:
            await _say(
                tts, ("This sentence is going to be interrupted very soon. " * 5,), hang=True
            )
        _in_time(scope)


async def _say(tts: TTS, texts: Sequence[str], *, hang: bool = False) -> list[Speech]:
    spoken: list[Speech] = []
    async with tts.stream() as stream, anyio.create_task_group() as group:

        async def feed() -> None:
            for text in texts:
                await stream.say(text)
            if not hang:
                await stream.finish()

        group.start_soon(feed)
        async for speech in stream:
            spoken.append(speech)
    return spoken


def _check_words(spoken: Sequence[Speech]) -> None:
    text, duration, last = "", 0.0, 0.0
    for speech in spoken:
        if speech.text:
            text, duration, last = speech.text, 0.0, 0.0
        duration += len(speech.samples) / speech.sample_rate
        for word in speech.words:
            _demand(word.text in text, f"{word.text!r} is a word of {text!r}")
            _demand(last - 1e-6 <= word.start <= word.end, "words follow one another")
            last = word.start
        if speech.ends:
            _demand(last <= duration + 1e-6, "words lie within their audio")


# --- turn-taking --------------------------------------------------------------------------------


async def check_vad(make: Callable[[], VAD], speech: Samples) -> None:
    """`speech` holds clear speech, int16 `(n,)` at the detector's sample rate."""
    vad = make()
    _demand(isinstance(vad, VAD), "a VAD has name, sample_rate, window_samples and stream()")
    size = vad.window_samples
    with anyio.fail_after(LIMIT_S):
        quiet, loud = vad.stream(), vad.stream()
        heard, missed = [], []
        for first in range(0, len(speech) - size, size):
            heard.append(await loud.probability(speech[first : first + size]))
            missed.append(await quiet.probability(np.zeros(size, np.int16)))
    _demand(all(0 <= p <= 1 for p in heard + missed), "probabilities lie between 0 and 1")
    _demand(max(heard) > 0.5, "speech is noticed")
    _demand(max(missed) < 0.5, "silence is not speech, whatever another stream hears")


async def check_turn_detector(make: Callable[[], TurnDetector], speech: Samples) -> None:
    """`speech` is an utterance, int16 `(n,)` at the detector's sample rate."""
    detector = make()
    _demand(isinstance(detector, TurnDetector), "a TurnDetector has name, sample_rate and window")
    long = np.tile(speech, 1 + round(detector.window * detector.sample_rate / len(speech)))
    with anyio.fail_after(LIMIT_S):
        for samples in (speech, speech[: len(speech) // 4], long, speech[:0]):
            probability = await detector.probability(samples)
            _demand(0 <= probability <= 1, f"a probability lies between 0 and 1, not {probability}")


# --- transports ---------------------------------------------------------------------------------


async def check_transport(make: Callable[[], Transport]) -> None:
    """It has to take audio, drop it, and close, without a peer that does anything."""
    transport = make()
    _demand(
        isinstance(transport, Transport),
        "a Transport has capabilities, receive, send, clear and notify, and is a context manager",
    )
    rate = transport.capabilities.sample_rate
    frame = round(FRAME_S * rate)
    with anyio.fail_after(LIMIT_S):
        async with transport:
            for number in range(5):
                samples = np.full(frame, 1000, np.int16)
                await transport.send("turn", AudioFrame(samples, rate, number * FRAME_S))
            await transport.clear()
            await transport.clear()
        with anyio.move_on_after(0.05) as scope:
            async with make() as other, closing(other.receive()) as items:
                async for _ in items:
                    pass
                await anyio.sleep_forever()
        _in_time(scope)
