"""Piper and espeak as providers: speech whose words know when they are heard."""

import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import faster_whisper
import numpy as np
import pytest

from vivavoce.audio.resample import resample
from vivavoce.core.audio import Samples
from vivavoce.core.errors import ConfigError, LocalProtocolError, ModelError
from vivavoce.core.protocols import TTS
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Word
from vivavoce.models import path
from vivavoce.providers.local.espeak import Espeak, times
from vivavoce.providers.local.espeak_process import EspeakProcess, SpokenWord
from vivavoce.providers.local.phonemes import read
from vivavoce.providers.local.piper import Piper, chunks
from vivavoce.providers.local.piper_model import PiperModel
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.utterances import utterances
from vivavoce.text.normalise import speakable

VOICE = path("piper-joe") / "en_US-joe-medium.onnx"

pytestmark = pytest.mark.anyio

SENTENCE = "It costs $3.50, at 10 a.m. on the corner of the street. Really! Yes."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime(2) as runtime:
        yield runtime


@pytest.fixture(params=["piper", "espeak"])
def tts(request: pytest.FixtureRequest, runtime: Runtime) -> TTS:
    return Piper(runtime, VOICE) if request.param == "piper" else Espeak(runtime)


@dataclass
class Said:
    samples: Samples
    words: tuple[Word, ...]
    chunks: list[Speech]


async def said(tts: TTS, *texts: str, language: str | None = None) -> list[Said]:
    """What came for each text."""
    found: list[list[Speech]] = []
    async with tts.stream(language=language) as stream:
        for text in texts:
            await stream.say(text)
        await stream.finish()
        fresh = True
        async for speech in stream:
            if fresh:
                found.append([])
            found[-1].append(speech)
            fresh = speech.ends
    return [
        Said(
            np.concatenate([speech.samples for speech in speeches]),
            tuple(word for speech in speeches for word in speech.words),
            speeches,
        )
        for speeches in found
    ]


async def idle(runtime: Runtime) -> None:
    """Wait for the lane's one thread: calls are served in order."""
    with anyio.fail_after(20):
        await runtime.lane("tts").run(int)


async def test_every_text_comes_back_whole_and_in_order(tts: TTS) -> None:
    assert isinstance(tts, TTS)
    texts = [SENTENCE, "Second, ", "and **third**."]
    for text, one in zip(texts, await said(tts, *texts), strict=True):
        assert [speech.text for speech in one.chunks] == [text] + [""] * (len(one.chunks) - 1)
        assert [speech.ends for speech in one.chunks] == [False] * (len(one.chunks) - 1) + [True]
        assert {speech.sample_rate for speech in one.chunks} == {tts.capabilities.sample_rate}


async def test_the_words_are_those_of_the_text_and_lie_inside_of_the_audio(tts: TTS) -> None:
    (one,) = await said(tts, SENTENCE)
    assert "".join(word.text for word in one.words).replace(" ", "") == SENTENCE.replace(" ", "")
    moments = [moment for word in one.words for moment in (word.start, word.end)]
    assert moments == sorted(moments)
    assert moments[0] >= 0
    assert moments[-1] <= len(one.samples) / 22050
    assert max(word.end - word.start for word in one.words) < 3  # "three dollars and fifty cents"


async def test_speech_is_heard_where_the_words_are(tts: TTS) -> None:
    (one,) = await said(tts, "Banana. Potato.")
    first, second = one.words
    loud = np.abs(one.samples.astype(int)) > 600
    for word in (first, second):
        middle = loud[round(word.start * 22050) : round(word.end * 22050)]
        assert middle.mean() > 0.2
    pause = loud[round((first.end + 0.05) * 22050) : round((second.start - 0.02) * 22050)]
    assert not pause.any()
    assert 0.15 < second.start - first.end < 0.5


@pytest.mark.parametrize("text", ["", " ", "…", "!?", "😀🎉", "***", "\0\x07", "---\n\n"])
async def test_a_text_with_nothing_to_say_gives_one_empty_chunk(tts: TTS, text: str) -> None:
    (one,) = await said(tts, text)
    assert len(one.chunks) == 1
    assert (one.chunks[0].text, one.chunks[0].ends, len(one.samples)) == (text, True, 0)


async def test_pieces_of_a_sentence_join_without_a_gap_or_a_click(tts: TTS) -> None:
    for one in await said(tts, "The capital of France ", "is the city of Paris."):
        assert abs(int(one.samples[0])) < 50
        assert abs(int(one.samples[-1])) < 50
    gap = len(one.samples) / 22050 - one.words[-1].end
    assert 0.1 < gap < 0.35  # after the sentence
    (cut,) = await said(tts, "The capital of France ")
    assert len(cut.samples) / 22050 - cut.words[-1].end < 0.1


async def test_the_loudness_is_fixed_and_nothing_clips(tts: TTS) -> None:
    quiet, loud = await said(tts, "Mm.", "STOP! WATCH OUT! That is a truck, Bob, back up!")
    peaks = [np.abs(one.samples.astype(int)).max() for one in (quiet, loud)]
    assert all(1000 < peak < 32767 for peak in peaks)


async def test_ten_thousand_characters_start_early_and_stop_at_once(
    tts: TTS, runtime: Runtime
) -> None:
    text = "word " * 2000
    async with tts.stream() as stream:
        await stream.say(text)
        first = await anext(aiter(stream))
    assert first.text == text
    assert not first.ends
    await idle(runtime)
    assert runtime.lane("tts").statistics().seconds < 15  # of thread time; all of it takes 60


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_cancelling_after_any_chunk_leaves_the_engine_usable(
    tts: TTS, runtime: Runtime
) -> None:
    await said(tts, "Warm.")
    descriptors = open_files()
    for count in range(4):
        with anyio.CancelScope() as scope:
            async with tts.stream() as stream:
                await stream.say(SENTENCE)
                await stream.say(SENTENCE)
                seen = 0
                async for _ in stream:
                    seen += 1
                    if seen > count:
                        scope.cancel()
    await idle(runtime)
    gc.collect()
    assert open_files() <= descriptors
    assert (await said(tts, "Still here."))[0].words[-1].text == "here."


async def test_text_after_the_end_is_our_own_mistake(tts: TTS) -> None:
    async with tts.stream() as stream:
        await stream.finish()
        await stream.finish()
        with pytest.raises(LocalProtocolError):
            await stream.say("late")
        assert [speech async for speech in stream] == []
    with pytest.raises(LocalProtocolError):
        await stream.say("later")


async def test_an_unknown_language_is_a_config_error(tts: TTS) -> None:
    with pytest.raises(ConfigError, match="tlh"):
        async with tts.stream(language="tlh"):
            pass


async def test_the_english_voice_refuses_korean_and_reads_what_it_is_given(
    runtime: Runtime,
) -> None:
    piper = Piper(runtime, VOICE)
    with pytest.raises(ConfigError, match="espeak"):
        async with piper.stream(language="ko"):
            pass
    (one,) = await said(piper, "안녕하세요 friend", language="en-GB")
    assert [word.text for word in one.words] == ["안녕하세요", "friend"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ko", "안녕하세요, 저는 사과를 샀어요."),
        ("ja", "こんにちは、いいてんきです。"),
        ("zh", "你好，今天天气很好。"),
        ("es", "Hola, ¿qué tal? Muy bien."),
        ("de", "Guten Tag, wie geht es Ihnen?"),
    ],
)
async def test_espeak_speaks_other_languages(runtime: Runtime, language: str, text: str) -> None:
    espeak = Espeak(runtime)
    (one,) = await said(espeak, text, language=language)
    assert "".join(word.text for word in one.words).replace(" ", "") == text.replace(" ", "")
    assert 0.5 < one.words[-1].end <= len(one.samples) / 22050
    assert language in espeak.capabilities.languages


def test_one_event_over_several_words_shares_its_time_out() -> None:
    spans = times("abcd ef", ["abcd", "ef"], [SpokenWord(0, 7, 0.0)], 0.7)
    assert spans == [(0.0, pytest.approx(0.5)), (pytest.approx(0.5), 0.7)]
    disordered = [SpokenWord(0, 1, 0.0), SpokenWord(2, 1, 0.9), SpokenWord(4, 1, 0.4)]
    moments = [
        moment for span in times("a b c", ["a", "b", "c"], disordered, 1.0) for moment in span
    ]
    assert moments == sorted(moments)


def test_chunks_cover_all_frames_and_leave_no_scrap() -> None:
    for count in (1, 15, 16, 17, 40, 41, 200, 2000):
        found = list(chunks(count))
        assert [begin for begin, _ in found] == [0] + [end for _, end in found[:-1]]
        assert found[-1][1] == count
        assert len(found) == 1 or found[-1][1] - found[-1][0] >= 24


def test_utterances_end_with_sentences_and_stay_short() -> None:
    parts = utterances(speakable("One two. Three, four! " + "word " * 200))
    assert [part.text for part in parts[:2]] == ["One two.", "Three, four!"]
    assert max(len(part.text) for part in parts) <= 310
    assert "".join(part.text for part in parts).count("word") == 200


def test_chunks_sound_exactly_like_the_whole() -> None:
    model = PiperModel(VOICE)
    with EspeakProcess() as reader:
        sounds = read(
            ["Put", "the", "egg", "in", "cold", "water", "and", "wait", "ten", "minutes."],
            "en-us",
            reader,
        )
    frames = model.prepare(sounds)
    whole = model.decode(frames, 0, frames.count)
    parts = [model.decode(frames, begin, end) for begin, end in chunks(frames.count)]
    assert np.abs(np.concatenate(parts) - whole).max() < 1 / 32768
    assert len(whole) == frames.count * model.hop


def test_a_voice_that_is_none_is_a_model_error(tmp_path: Path) -> None:
    missing = tmp_path / "none.onnx"
    with pytest.raises(ModelError, match="models fetch"):
        PiperModel(missing)
    missing.write_bytes(b"not a graph")
    settings = tmp_path / "none.onnx.json"
    settings.write_text("{}")
    with pytest.raises(ModelError, match="does not describe"):
        PiperModel(missing)
    settings.write_text(VOICE.with_name(f"{VOICE.name}.json").read_text())
    with pytest.raises(ModelError, match="not a Piper voice"):
        PiperModel(missing)


async def test_a_recogniser_understands_the_voice(runtime: Runtime) -> None:
    texts = [
        "The capital of France is Paris.",
        "A leap year has three hundred and sixty six days.",
        "Put the egg in cold water and wait for ten minutes.",
    ]
    whisper = faster_whisper.WhisperModel(
        str(path("whisper-tiny.en")), device="cpu", compute_type="int8", cpu_threads=1
    )
    asked, right = 0, 0
    for text, one in zip(texts, await said(Piper(runtime, VOICE), *texts), strict=True):
        audio = resample(one.samples, 22050, 16000).astype(np.float32) / 32768
        segments, _ = whisper.transcribe(audio, language="en", beam_size=1)
        answer = "".join(segment.text for segment in segments).lower()
        answer = answer.replace("366", "three hundred and sixty six").replace("10", "ten")
        words = text.lower().strip(".").split()
        asked += len(words)
        right += sum(word in answer for word in words)
    assert right / asked > 0.8  # the voice is never twice the same
