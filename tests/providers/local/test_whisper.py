"""Whisper's real weights on human voices and on what is none."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import numpy as np
import pytest

from vivavoce.audio.files import read_audio
from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.errors import ConfigError, ProviderUnavailable
from vivavoce.core.protocols import STT
from vivavoce.core.transcript import Transcript
from vivavoce.models import path
from vivavoce.providers.local.runtime import Lane, Runtime
from vivavoce.providers.local.whisper import Whisper

TINY = path("whisper-tiny.en")
BASE = path("whisper-base")
RECORDINGS = Path(__file__).parents[2] / "recordings"
INDEX = json.loads((RECORDINGS / "index.json").read_text())
RATE = 16000

pytestmark = pytest.mark.anyio


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime(2) as runtime:
        yield runtime


async def recording(name: str) -> Samples:
    def read() -> Samples:
        with read_audio(RECORDINGS / name, RATE) as reader:
            return np.concatenate([frame.samples for frame in reader])

    return await anyio.to_thread.run_sync(read)


async def transcribe(
    whisper: STT,
    samples: Samples,
    language: str | None = None,
    *,
    start: float = 0.0,
    partials: Lane | None = None,
) -> list[Transcript]:
    """Every transcript of audio that comes fast, or, given the lane, as fast as partials do."""
    found: list[Transcript] = []
    async with whisper.stream(language=language) as stream, anyio.create_task_group() as group:

        async def speak() -> None:
            for first in range(0, len(samples), 8000):
                frame = AudioFrame(samples[first : first + 8000], RATE, start + first / RATE)
                await stream.send(frame)
                await anyio.wait_all_tasks_blocked()
                while partials is not None and partials.busy:
                    await anyio.lowlevel.checkpoint()
            await stream.flush()

        group.start_soon(speak)
        async for transcript in stream:
            found.append(transcript)
            if transcript.is_final:
                break
    return found


def words(text: str) -> list[str]:
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def word_errors(reference: list[str], heard: list[str]) -> int:
    """Levenshtein's distance, in words."""
    row = list(range(len(heard) + 1))
    for number, expected in enumerate(reference, 1):
        before, row = row, [number]
        for place, word in enumerate(heard, 1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (word != expected)))
    return row[-1]


async def test_human_sentences_are_heard(runtime: Runtime) -> None:
    whisper = Whisper(runtime, TINY)
    errors = total = 0
    for entry in INDEX:
        if entry["speaker"] in ("austen", "61"):
            final = (await transcribe(whisper, await recording(entry["file"])))[-1]
            expected = words(entry["text"].replace("mister", "mr"))
            errors += word_errors(expected, words(final.text))
            total += len(expected)
    assert total > 80
    assert errors / total < 0.10


async def test_times_are_on_the_timeline_of_the_frames(runtime: Runtime) -> None:
    samples = await recording("go_forward.flac")
    found = await transcribe(Whisper(runtime, TINY), samples, start=7.5)
    assert {transcript.start for transcript in found} == {7.5}
    assert found[-1].end == pytest.approx(7.5 + len(samples) / RATE, abs=0.001)
    assert words(found[-1].text)[:2] == ["go", "forward"]


async def test_stable_text_never_changes_from_partial_to_partial(runtime: Runtime) -> None:
    lane = runtime.lane("stt_partial")
    whisper = Whisper(runtime, TINY)
    found = await transcribe(whisper, await recording("austen_0870.flac"), partials=lane)
    partials = found[:-1]
    assert len(partials) > 8
    stable = ""
    for partial in partials:
        assert partial.stable_text.startswith(stable)
        stable = partial.stable_text
    assert "Dashwood" in stable


async def test_short_commands_do_not_loop(runtime: Runtime) -> None:
    whisper = Whisper(runtime, TINY)
    for name in ("cards_001.flac", "cards_003.flac", "go_forward.flac"):
        final = (await transcribe(whisper, await recording(name)))[-1]
        assert 3 <= len(words(final.text)) <= 4


@pytest.mark.parametrize("level", [3, 300, 3000])
async def test_noise_holds_no_words(runtime: Runtime, level: int) -> None:
    noise = np.random.default_rng(0).standard_normal(2 * RATE) * level
    found = await transcribe(Whisper(runtime, TINY), noise.astype(np.int16))
    assert [transcript.text for transcript in found] == [""]


async def test_a_monologue_longer_than_the_window_is_heard_to_its_end(runtime: Runtime) -> None:
    samples = np.concatenate([await recording("acoustic.flac"), await recording("cold.flac")])
    final = (await transcribe(Whisper(runtime, TINY), samples))[-1]
    heard = words(final.text)
    assert heard[:5] == ["this", "is", "the", "acoustic", "corpus"]
    assert heard[-1] == "thanks"
    assert 85 < len(heard) < 140


async def test_english_weights_refuse_another_language_by_name(runtime: Runtime) -> None:
    with pytest.raises(ConfigError, match=r"local/whisper-tiny\.en does not know"):
        async with Whisper(runtime, TINY).stream(language="fr"):
            pytest.fail("opened")


async def test_multilingual_weights_say_which_language_they_heard(runtime: Runtime) -> None:
    whisper = Whisper(runtime, BASE)
    final = (await transcribe(whisper, await recording("wizard.flac")))[-1]
    assert final.language == "en"
    assert "wizard" in words(final.text)
    final = (await transcribe(whisper, await recording("wizard.flac"), "de"))[-1]
    assert final.language == "de"


async def test_missing_weights_are_named(runtime: Runtime, tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match=re.escape(str(tmp_path))):
        await Whisper(runtime, tmp_path).warm()


async def test_it_is_a_recogniser_that_gives_partials(runtime: Runtime) -> None:
    whisper = Whisper(runtime, TINY)
    assert isinstance(whisper, STT)
    assert whisper.name == "local/whisper-tiny.en"
    assert whisper.capabilities.partials
    await whisper.warm()
    assert runtime.lane("stt_final").statistics().jobs == 1
