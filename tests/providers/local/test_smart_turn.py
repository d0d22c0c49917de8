"""The end-of-turn model, and the spectrogram that it shares with Whisper."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import numpy as np
import pytest

from vivavoce.audio.files import read_audio
from vivavoce.core.audio import Samples
from vivavoce.core.errors import ProviderUnavailable
from vivavoce.core.protocols import TurnDetector
from vivavoce.models import path
from vivavoce.providers.local.log_mel import log_mel
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.smart_turn import SmartTurn

(WEIGHTS,) = path("smart-turn").glob("*.onnx")
RECORDINGS = Path(__file__).parents[2] / "recordings"
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


async def test_a_finished_sentence_is_likelier_complete_than_its_beginning(
    runtime: Runtime,
) -> None:
    detector = SmartTurn(runtime, WEIGHTS)
    sentence = await recording("austen_0870.flac")
    whole = await detector.probability(sentence)
    begun = await detector.probability(sentence[: round(2.2 * RATE)])
    assert whole > 0.9
    assert begun < 0.5


async def test_only_the_last_eight_seconds_count(runtime: Runtime) -> None:
    detector = SmartTurn(runtime, WEIGHTS)
    long = np.concatenate([await recording("cold.flac"), await recording("wizard.flac")])
    assert await detector.probability(long) == await detector.probability(long[-8 * RATE :])


async def test_no_audio_at_all_is_judged_too(runtime: Runtime) -> None:
    detector = SmartTurn(runtime, WEIGHTS)
    assert 0 <= await detector.probability(np.zeros(0, np.int16)) <= 1


async def test_a_missing_file_is_named(runtime: Runtime, tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match=r"none\.onnx"):
        await SmartTurn(runtime, tmp_path / "none.onnx").warm()


async def test_it_is_a_turn_detector(runtime: Runtime) -> None:
    detector = SmartTurn(runtime, WEIGHTS)
    assert isinstance(detector, TurnDetector)
    assert (detector.sample_rate, detector.window) == (16000, 8.0)


def test_the_spectrogram_of_a_tone_is_a_line_in_its_band() -> None:
    time = np.arange(RATE) / RATE
    levels = log_mel((0.5 * np.sin(2 * np.pi * 1000 * time)).astype(np.float32))
    assert levels.shape == (80, 100)
    # 80 bands over 45.2 mel (Slaney), of which 1 kHz is at 15: 81 * 15 / 45.25 - 1
    assert set(levels[:, 2:-2].argmax(axis=0)) <= {25, 26}
    assert levels.max() - levels.min() == pytest.approx(2.0)


def test_the_spectrogram_of_silence_is_flat() -> None:
    assert np.unique(log_mel(np.zeros(RATE, np.float32))) == pytest.approx([-1.5])
