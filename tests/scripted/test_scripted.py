"""Scripted providers and the transport in memory do what they are told, when they are told."""

from __future__ import annotations

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.audio.resample import resample
from vivavoce.core.audio import FRAME_S, AudioFrame, silence
from vivavoce.core.errors import TransportClosed
from vivavoce.core.messages import Message, Role, Source, TextDelta, ToolCall, Usage
from vivavoce.core.protocols import InputClosed, Played, TransportCapabilities, Truncate, TypedText
from vivavoce.engine.closing import closing
from vivavoce.providers.scripted.llm import last_user_text
from vivavoce.testing import (
    LevelVAD,
    MemoryTransport,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    Speller,
)

pytestmark = pytest.mark.anyio
WORDS = st.lists(st.from_regex(r"\A[a-z]{2,8}\Z"), min_size=1, max_size=12)


# --- spelling -----------------------------------------------------------------------------------


@given(words=WORDS, rate=st.sampled_from([8000, 16000, 22050, 24000, 44100, 48000]))
def test_what_was_spelled_can_be_read_at_any_rate(words: list[str], rate: int) -> None:
    speller = Speller()
    text = " ".join(words)
    samples, said = speller.spell(text, len(text) * 0.07, 16000)
    assert [word.text for word in said] == words
    heard = speller.read(resample(samples, 16000, rate), rate)
    assert [word.text for word in heard] == words
    for one, other in zip(said, heard, strict=True):
        assert other.start == pytest.approx(one.start, abs=0.003)
        assert other.end == pytest.approx(one.end, abs=0.003)


def test_a_word_is_a_character_where_there_are_no_spaces_and_marks_are_silent() -> None:
    speller = Speller()
    assert speller.words("今日は 안녕, it's 3.5!") == ["今", "日", "は", "안", "녕", "it's", "3.5"]
    samples, words = speller.spell("?!", 0.5, 8000)
    assert (len(samples), words) == (4000, [])
    assert speller.read(samples[:0], 8000) == []


def test_a_vocabulary_has_a_limit() -> None:
    speller = Speller()
    with pytest.raises(ValueError, match="room for 1750 words"):
        speller.spell(" ".join(f"word{n}" for n in range(2000)), 500, 16000)


# --- recognition --------------------------------------------------------------------------------


async def test_partials_lag_and_the_final_comes_so_long_after_the_last_word() -> None:
    speller = Speller()
    stt = ScriptedSTT(speller, endings=(("one two", "?"),))
    samples, _ = speller.spell("one two", 1.0, 16000)
    samples = np.concatenate([samples, silence(0.2, 16000)])
    got: list[tuple[float, str, bool]] = []

    async with stt.stream() as stream, anyio.create_task_group() as group:

        async def listen() -> None:
            async for transcript in stream:
                got.append((round(anyio.current_time(), 3), transcript.text, transcript.is_final))

        group.start_soon(listen)
        await stream.flush()  # nothing was said
        for first in range(0, len(samples), 320):
            await anyio.sleep(FRAME_S)
            await stream.send(AudioFrame(samples[first : first + 320], 16000, first / 16000))
        await stream.flush()
        await anyio.sleep(5)
        assert stt.open_streams == 1
        group.cancel_scope.cancel()
    assert stt.open_streams == 0
    assert got[0] == (0.35, "", False)
    assert "one" in [text for _, text, _ in got]
    at, text, is_final = got[-1]
    assert at == pytest.approx(0.99 + 0.35, abs=0.02)
    assert (text, is_final) == ("one two?", True)


async def test_silence_that_was_left_out_keeps_its_place() -> None:
    speller = Speller()
    samples, _ = speller.spell("one", 0.5, 16000)
    async with ScriptedSTT(speller).stream() as stream:
        await stream.send(AudioFrame(samples, 16000, 1.0))
        await stream.send(AudioFrame(samples, 16000, 3.0))
        await stream.flush()
        async with closing(aiter(stream)) as transcripts:
            finals = [await anext(transcripts) for _ in range(1)]
    assert [round(word.start, 2) for word in finals[-1].words] == [1.0, 3.0]


async def test_loudness_is_all_that_the_scripted_detector_knows() -> None:
    vad = LevelVAD()
    stream = vad.stream()
    assert await stream.probability(np.full(512, -3000, np.int16)) == 0.99
    assert await stream.probability(np.zeros(512, np.int16)) == 0.01


# --- reasoning ----------------------------------------------------------------------------------


async def test_a_model_follows_its_script_at_its_pace_and_the_last_reply_lasts() -> None:
    call, source = ToolCall("1", "look", {}), Source("Almanac", "https://example.com")
    llm = ScriptedLLM(["One two.", ["Three", call, source]])
    asked = [Message(Role.USER, "hello there")]
    times, deltas = [], []
    for _ in range(3):
        async for delta in llm.reply(asked):
            times.append(round(anyio.current_time(), 3))
            deltas.append(delta)
    assert deltas[:3] == [TextDelta("One"), TextDelta(" two."), Usage(2, 2)]
    assert times[:2] == [0.375, 0.39]
    assert deltas[3:6] == [TextDelta("Three"), call, source]
    assert deltas[7:10] == deltas[3:6]
    assert llm.requests == [asked] * 3
    assert llm.open_replies == 0


async def test_a_model_raises_what_it_is_told_to() -> None:
    llm = ScriptedLLM(lambda messages: [last_user_text(messages), ValueError("now")])
    said = []
    async with closing(
        llm.reply([Message(Role.USER, "echo"), Message(Role.ASSISTANT, "no")])
    ) as deltas:
        said.append(await anext(deltas))
        with pytest.raises(ValueError, match="now"):
            await anext(deltas)
    assert said == [TextDelta("echo")]
    assert llm.open_replies == 0
    assert last_user_text([]) == ""


# --- speech -------------------------------------------------------------------------------------


async def test_a_voice_spells_its_texts_in_order_with_their_times() -> None:
    speller = Speller()
    tts = ScriptedTTS(speller)
    async with tts.stream() as stream:
        assert tts.open_streams == 1
        await stream.say("One two ")
        await stream.say("🙂")
        await stream.finish()
        spoken = [(round(anyio.current_time(), 3), speech) async for speech in stream]
    assert tts.open_streams == 0
    assert spoken[0][0] == 0.1
    assert [speech.text for _, speech in spoken if speech.text] == ["One two ", "🙂"]
    samples = np.concatenate([speech.samples for _, speech in spoken])
    assert [word.text for word in speller.read(samples, 24000)] == ["One", "two"]
    assert [speech.ends for _, speech in spoken].count(True) == 2


# --- the transport in memory --------------------------------------------------------------------


def tone(duration: float) -> np.ndarray:
    return np.full(round(duration * 24000), 1000, np.int16)


async def test_what_the_person_does_arrives_in_order_and_then_the_input_ends() -> None:
    transport = MemoryTransport()
    async with transport, closing(transport.receive()) as items:
        transport.push(tone(0.1), 24000)
        transport.control(TypedText("hello"))
        transport.push(tone(0.1), 24000)
        transport.close()
        got = [await anext(items) for _ in range(4)]
        first, typed, second, closed = got
        assert isinstance(first, AudioFrame)
        assert isinstance(second, AudioFrame)
        assert [first.start, second.start] == pytest.approx([0.0, 0.1])
        assert (typed, closed) == (TypedText("hello"), InputClosed())


async def test_a_lost_line_raises_on_both_ways() -> None:
    transport = MemoryTransport()
    async with transport, closing(transport.receive()) as items:
        transport.lose()
        with pytest.raises(TransportClosed):
            await anext(items)
        with pytest.raises(TransportClosed):
            await transport.send("turn", AudioFrame(tone(0.02), 24000, 0.0))


async def test_reports_come_as_late_as_they_are_told_to() -> None:
    transport = MemoryTransport(TransportCapabilities(reports_played=True), report_delay=0.3)
    async with transport, closing(transport.receive()) as items:
        await transport.send("turn", AudioFrame(tone(0.15), 24000, 0.0))
        assert transport.playing
        first, last = await anext(items), await anext(items)
        assert isinstance(first, Played)
        assert isinstance(last, Played)
        assert (first.final, last.final) == (False, True)
        assert [first.position, last.position] == pytest.approx([0.1, 0.15], abs=1e-4)
        assert anyio.current_time() == pytest.approx(0.45)
        assert not transport.playing


async def test_a_client_that_owns_its_playback_says_where_it_stopped() -> None:
    transport = MemoryTransport(
        TransportCapabilities(client_owned=True), report_delay=0.2, play_delay=0.1
    )
    async with transport, closing(transport.receive()) as items:
        await transport.send("turn", AudioFrame(tone(1.0), 24000, 0.0))
        await anyio.sleep(0.5)
        await transport.clear()
        cut = await anext(items)
        assert isinstance(cut, Truncate)
        assert (cut.turn, round(cut.position, 3)) == ("turn", 0.4)
        assert anyio.current_time() == pytest.approx(0.7)
        await transport.send("other", AudioFrame(tone(1.0), 24000, 0.0))
        await transport.clear()
        assert await anext(items) == Truncate("other", 0.0)


async def test_what_cannot_be_cleared_is_heard_to_its_end() -> None:
    transport = MemoryTransport(TransportCapabilities(clear=False))
    async with transport:
        await transport.send("turn", AudioFrame(tone(0.5), 24000, 0.0))
        await transport.clear()
        await anyio.sleep(1)
        assert not transport.playing
    assert sum(len(piece.samples) for piece in transport.heard) == 12000
    assert [piece.position for piece in transport.heard] == sorted(
        piece.position for piece in transport.heard
    )
