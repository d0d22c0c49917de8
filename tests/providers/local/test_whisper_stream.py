"""A Whisper stream over a model that answers what the test wants, when it wants."""

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

import anyio
import numpy as np
import pytest

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.errors import ProviderError
from vivavoce.core.transcript import Transcript
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.utterance import SEGMENT_S
from vivavoce.providers.local.whisper_model import Decoded, WhisperModel
from vivavoce.providers.local.whisper_stream import WhisperStream

pytestmark = pytest.mark.anyio

RATE = 16000


@dataclass
class Speller:
    """Hears one letter each half second of audio; calls wait while the gate is shut."""

    calls: list[tuple[float, str, bool]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    given_up: list[bool] = field(default_factory=list)
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.gate.set()

    def decode(
        self,
        samples: Samples,
        language: str | None,
        *,
        prefix: str,
        careful: bool,
        stopped: Callable[[], bool],
    ) -> Decoded:
        self.calls.append((len(samples) / RATE, prefix, careful))
        self.entered.set()
        assert self.gate.wait(10)
        self.given_up.append(stopped())
        if self.error is not None:
            raise self.error
        count = round(len(samples) / RATE * 2)
        letters = [chr(97 + index % 26) for index in range(count)]
        return Decoded("".join(f" {letter}" for letter in letters), -0.1, 0.1, language or "en")


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime(2) as runtime:
        yield runtime


@pytest.fixture
def model() -> Speller:
    return Speller()


@pytest.fixture
def stream(runtime: Runtime, model: Speller) -> WhisperStream:
    return WhisperStream(runtime, cast(WhisperModel, model), "en", "local/speller")


def voice(start: float, duration: float) -> AudioFrame:
    noise = np.random.default_rng(0).integers(-3000, 3000, round(duration * RATE))
    return AudioFrame(noise.astype(np.int16), RATE, start)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.lowlevel.checkpoint()


async def read(stream: WhisperStream) -> Transcript:
    with anyio.fail_after(10):
        return await anext(stream)


async def test_a_flush_gives_everything_since_the_last_cut(stream: WhisperStream) -> None:
    await stream.send(voice(3.0, 1.0))
    await stream.flush()
    assert await read(stream) == Transcript("a b", 3.0, 4.0, True, 3, language="en")
    await stream.send(voice(4.0, 1.0))  # the speaker goes on
    await stream.flush()
    assert await read(stream) == Transcript("a b c d", 3.0, 5.0, True, 7, language="en")
    stream.cut()
    await stream.send(voice(5.5, 0.5))
    await stream.flush()
    assert await read(stream) == Transcript("a", 5.5, 6.0, True, 1, language="en")


async def test_a_flush_under_way_answers_after_a_cut(stream: WhisperStream) -> None:
    await stream.send(voice(0.0, 1.0))
    await stream.flush()
    stream.cut()
    await stream.send(voice(2.0, 0.5))
    await stream.flush()
    assert [(await read(stream)).text, (await read(stream)).text] == ["a b", "a"]


async def test_audio_that_jumps_forward_keeps_its_pause(
    stream: WhisperStream, model: Speller
) -> None:
    await stream.send(voice(0.0, 0.5))
    await stream.send(voice(1.0, 0.5))
    await stream.flush()
    final = await read(stream)
    assert (final.start, final.end) == (0.0, 1.5)
    assert model.calls == [(1.5, "", True)]


async def test_partials_come_every_half_second_and_grow_stable(
    stream: WhisperStream, model: Speller
) -> None:
    seen = []
    for index in range(4):
        await stream.send(voice(index * 0.5, 0.5))
        seen.append(await read(stream))
    assert [partial.text for partial in seen] == ["a", "a b", "a b c", "a b c d"]
    assert [partial.stable_text for partial in seen] == ["", "a", "a b", "a b c"]
    assert not any(partial.is_final for partial in seen)
    assert [prefix for _, prefix, _ in model.calls] == ["", "", " a", " a b"]


async def test_silence_is_never_decoded(stream: WhisperStream, model: Speller) -> None:
    await stream.send(AudioFrame(np.zeros(RATE, np.int16), RATE, 2.0))
    await stream.flush()
    assert await read(stream) == Transcript("", 2.0, 3.0, True)
    assert not model.calls


async def test_a_flush_of_nothing_gives_nothing(stream: WhisperStream) -> None:
    await stream.flush()
    await stream.send(voice(0.0, 0.5))
    await stream.flush()
    assert (await read(stream)).end == 0.5


async def test_a_final_does_not_wait_for_the_partial_under_way(
    stream: WhisperStream, model: Speller, runtime: Runtime
) -> None:
    model.gate.clear()
    await stream.send(voice(0.0, 1.0))
    found: list[Transcript] = []

    async def take() -> None:
        found.append(await read(stream))

    async with anyio.create_task_group() as group:
        group.start_soon(take)
        assert await anyio.to_thread.run_sync(model.entered.wait, 10)  # the partial computes
        await stream.flush()
        with anyio.fail_after(10):
            while len(model.calls) < 2:  # the final computes beside it
                await anyio.lowlevel.checkpoint()
        model.gate.set()
    assert found == [Transcript("a b", 0.0, 1.0, True, 3, language="en")]
    await until(lambda: not runtime.lane("stt_partial").busy)
    assert sorted(model.given_up) == [False, True]  # the partial was told that nobody waits


async def test_a_decode_cancelled_in_its_middle_is_dropped_and_the_stream_goes_on(
    stream: WhisperStream, model: Speller, runtime: Runtime
) -> None:
    model.gate.clear()
    await stream.send(voice(0.0, 1.0))
    await stream.flush()
    async with anyio.create_task_group() as group:
        group.start_soon(stream.__anext__)
        assert await anyio.to_thread.run_sync(model.entered.wait, 10)
        group.cancel_scope.cancel()
    assert runtime.lane("stt_final").busy  # the reader has left, the thread has not
    model.gate.set()
    assert (await read(stream)).text == "a b"  # the next reader gets the answer
    assert model.given_up == [True, False]  # what the thread found was told to nobody


async def test_closing_ends_whoever_reads_or_sends(stream: WhisperStream) -> None:
    async with anyio.create_task_group() as group:

        async def iterate() -> None:
            assert [transcript async for transcript in stream] == []

        group.start_soon(iterate)
        await anyio.lowlevel.checkpoint()
        stream.close()


async def test_a_failing_model_raises_a_provider_error_once_and_for_all(
    stream: WhisperStream, model: Speller
) -> None:
    model.error = RuntimeError("out of memory")
    await stream.send(voice(0.0, 1.0))
    await stream.flush()
    with pytest.raises(ProviderError, match="out of memory") as caught:
        await read(stream)
    assert (caught.value.provider, caught.value.role) == ("local/speller", "stt")
    with pytest.raises(ProviderError):
        await stream.send(voice(1.0, 1.0))
    with pytest.raises(ProviderError):
        await read(stream)


async def test_a_monologue_is_closed_in_segments_and_stays_one_transcript(
    stream: WhisperStream, model: Speller
) -> None:
    done = anyio.Event()
    finals: list[Transcript] = []

    async def listen() -> None:
        async for transcript in stream:
            assert transcript.start == 0.0
            if transcript.is_final:
                finals.append(transcript)
                done.set()

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        for index in range(180):  # three minutes
            await stream.send(voice(index * 1.0, 1.0))
        await stream.flush()
        with anyio.fail_after(10):
            await done.wait()
        group.cancel_scope.cancel()
    longest = max(seconds for seconds, _, _ in model.calls)
    assert longest <= SEGMENT_S
    assert finals[0].end == 180.0
    assert len(finals[0].text.split()) == pytest.approx(360, abs=8)  # each segment rounds


async def test_send_waits_while_long_segments_are_undecoded(stream: WhisperStream) -> None:
    sent: list[int] = []

    async def speak() -> None:
        for index in range(80):
            await stream.send(voice(index * 1.0, 1.0))
            sent.append(index)
        await stream.flush()

    async with anyio.create_task_group() as group:
        group.start_soon(speak)
        await anyio.wait_all_tasks_blocked()
        assert len(sent) < 60
        while not (final := await read(stream)).is_final:
            pass
    assert final.end == 80.0
