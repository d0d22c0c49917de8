"""Voice activity, one session and many."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import numpy as np
import pytest

from vivavoce.audio.files import read_audio
from vivavoce.core.audio import Samples
from vivavoce.core.errors import ProviderUnavailable
from vivavoce.core.protocols import VAD
from vivavoce.models import path
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.silero import Silero, SileroStream

(WEIGHTS,) = path("silero-vad").glob("*.onnx")
RECORDINGS = Path(__file__).parents[2] / "recordings"
WINDOW = 512


def speech() -> list[Samples]:
    """Windows: 1 s of silence, then a sentence that begins 0.3 s later."""
    with read_audio(RECORDINGS / "wizard.flac", 16000) as reader:
        voice = np.concatenate([np.zeros(16000, np.int16), *(frame.samples for frame in reader)])
    return [voice[first : first + WINDOW] for first in range(0, len(voice) - WINDOW, WINDOW)]


SPEECH = speech()

pytestmark = pytest.mark.anyio


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime(2) as runtime:
        yield runtime


@pytest.fixture
def silero(runtime: Runtime) -> Silero:
    return Silero(runtime, WEIGHTS)


async def listen(stream: SileroStream, windows: list[Samples]) -> list[float]:
    return [await stream.probability(window) for window in windows]


async def test_it_tells_speech_from_silence(silero: Silero) -> None:
    chances = await listen(silero.stream(), SPEECH)
    assert max(chances[:31]) < 0.2
    assert np.median(chances[45:]) > 0.9


async def test_many_sessions_at_a_time_hear_what_each_would_hear_alone(silero: Silero) -> None:
    windows = SPEECH[20:80]
    alone = [await listen(silero.stream(), windows[first:]) for first in range(0, 40, 2)]
    together: dict[int, list[float]] = {}

    async def hear(first: int) -> None:
        together[first] = await listen(silero.stream(), windows[first:])

    async with anyio.create_task_group() as group:
        for first in range(0, 40, 2):
            group.start_soon(hear, first)
    for index, chances in enumerate(alone):
        assert together[2 * index] == pytest.approx(chances, abs=1e-3)


async def test_windows_that_wait_together_are_one_batch(silero: Silero, runtime: Runtime) -> None:
    await silero.warm()
    lane = runtime.lane("vad")
    before = lane.statistics().jobs
    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(silero.stream().probability, SPEECH[40])
    assert lane.statistics().jobs - before <= 5


async def test_reset_forgets_what_was_heard(silero: Silero) -> None:
    windows = SPEECH[30:60]
    stream = silero.stream()
    first = await listen(stream, windows)
    assert await listen(stream, windows) != first
    stream.reset()
    assert await listen(stream, windows) == first


async def test_a_cancelled_awaiter_leaves_the_others_served(silero: Silero) -> None:
    await silero.warm()
    window = SPEECH[40]
    for steps in range(6):
        async with anyio.create_task_group() as group, anyio.create_task_group() as cancelled:
            cancelled.start_soon(silero.stream().probability, window)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            group.start_soon(silero.stream().probability, window)
            cancelled.cancel_scope.cancel()
    assert await silero.stream().probability(window) >= 0


async def test_it_serves_several_event_loops(silero: Silero) -> None:
    windows = SPEECH[30:50]
    here = await listen(silero.stream(), windows)

    def elsewhere() -> list[float]:
        return asyncio.run(listen(silero.stream(), windows))

    assert await anyio.to_thread.run_sync(elsewhere) == here


async def test_a_window_of_the_wrong_length_is_refused(silero: Silero) -> None:
    with pytest.raises(ValueError, match="512"):
        await silero.stream().probability(np.zeros(480, np.int16))


async def test_a_damaged_file_is_named(runtime: Runtime, tmp_path: Path) -> None:
    damaged = tmp_path / "silero.onnx"
    damaged.write_bytes(b"not a model")
    with pytest.raises(ProviderUnavailable, match=r"silero\.onnx"):
        await Silero(runtime, damaged).warm()


async def test_it_is_a_voice_activity_detector(silero: Silero) -> None:
    assert isinstance(silero, VAD)
    assert (silero.sample_rate, silero.window_samples) == (16000, 512)
