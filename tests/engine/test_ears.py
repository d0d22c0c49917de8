"""The ears: what reaches the recogniser, and what happens when something cannot keep up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from tests.engine.broken import Unlucky
from vivavoce.audio.resample import resample
from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.core.protocols import STTCapabilities
from vivavoce.core.transcript import Transcript
from vivavoce.engine.ears import HELD_S, INTAKE_S, EarParts, Ears
from vivavoce.floor import inputs as say
from vivavoce.floor.activity import ActivityPolicy
from vivavoce.testing import LevelVAD

pytestmark = pytest.mark.anyio


@dataclass
class Recogniser:
    """Keeps what it is sent; `fail_at` are the counts of frames at which its stream breaks."""

    capabilities: STTCapabilities = STTCapabilities()
    fail_at: tuple[int, ...] = ()
    slow: float = 0.0
    name: str = "recording"
    frames: list[AudioFrame] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[Recogniser]:
        self.log.append("open")
        yield self

    async def send(self, frame: AudioFrame) -> None:
        await anyio.sleep(self.slow)
        self.frames.append(frame)
        if len(self.frames) in self.fail_at:
            raise Unlucky

    async def flush(self) -> None:
        self.log.append("flush")

    def cut(self) -> None:
        self.log.append("cut")

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        await anyio.sleep_forever()
        yield Transcript("", 0, 0)

    @property
    def audio(self) -> Samples:
        return np.concatenate([frame.samples for frame in self.frames])


class Detector:
    name = "detector"
    sample_rate = 8000
    window = 0.5

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.delay = 0.0

    async def probability(self, samples: Samples) -> float:
        self.asked.append(len(samples))
        await anyio.sleep(self.delay)
        return 0.8


@dataclass
class Told:
    inputs: list[say.Input] = field(default_factory=list)
    failures: list[tuple[str, str, bool]] = field(default_factory=list)
    dropped: list[tuple[str, int]] = field(default_factory=list)

    def of(self, kind: type) -> list[say.Input]:
        return [given for given in self.inputs if isinstance(given, kind)]


@asynccontextmanager
async def listening(
    stt: Recogniser,
    *,
    live: bool = True,
    detector: Detector | None = None,
    vad: LevelVAD | None = None,
) -> AsyncIterator[tuple[Ears, Told]]:
    told = Told()
    parts = EarParts(
        stt=stt,
        vad=vad or LevelVAD(),
        turn_detector=detector,
        language=None,
        activity=ActivityPolicy(),
        feed=told.inputs.append,
        floor_time=anyio.current_time,
        failed=lambda role, message, fatal: told.failures.append((role, message, fatal)),
        dropped=lambda stream, count: told.dropped.append((stream, count)),
    )
    ears = Ears(parts, live=live)
    async with anyio.create_task_group() as group:
        group.start_soon(ears.run)
        yield ears, told
        group.cancel_scope.cancel()


def tone(duration: float, rate: int = 16000) -> Samples:
    time = np.arange(round(duration * rate)) / rate
    return (8000 * np.sin(2 * np.pi * 300 * time)).astype(np.int16)


async def hear(ears: Ears, samples: Samples, rate: int = 16000, start: float = 0.0) -> float:
    """Real-time frames; returns where they end."""
    size = round(rate * FRAME_S)
    for first in range(0, len(samples), size):
        await anyio.sleep(FRAME_S)
        await ears.hear(AudioFrame(samples[first : first + size], rate, start + first / rate))
    return start + len(samples) / rate


async def test_speech_is_sent_with_a_little_before_and_after_and_silence_is_not() -> None:
    stt = Recogniser()
    async with listening(stt) as (ears, told):
        at = await hear(ears, np.zeros(32000, np.int16))
        at = await hear(ears, tone(0.5), start=at)
        at = await hear(ears, np.zeros(48000, np.int16), start=at)
    assert stt.frames[0].start == pytest.approx(2.0 - 0.35, abs=0.08)
    assert stt.frames[-1].end == pytest.approx(2.5 + 0.1, abs=0.08)
    assert stt.log == ["open", "flush"]
    assert len(told.of(say.SpeechStarted)) == len(told.of(say.SpeechStopped)) == 1


async def test_a_turn_that_is_ended_by_hand_needs_no_silence() -> None:
    """A client that is released stops sending: silence never comes."""
    stt = Recogniser()
    async with listening(stt) as (ears, told):
        await hear(ears, tone(0.5))
        ears.conclude(lambda: stt.log.append("then"))
        await anyio.sleep(0.1)
        assert sorted(stt.log) == ["flush", "open", "then"]
        assert stt.frames[-1].end == pytest.approx(0.5)
        assert not told.of(say.SpeechStopped)


async def test_a_short_pause_is_sent_whole_when_the_speaker_goes_on() -> None:
    stt = Recogniser()
    async with listening(stt) as (ears, _):
        at = await hear(ears, tone(0.5))
        at = await hear(ears, np.zeros(16000, np.int16), start=at)
        await hear(ears, tone(0.5), start=at)
    starts = np.array([frame.start for frame in stt.frames])
    assert np.allclose(np.diff(starts), FRAME_S)


async def test_speech_in_one_long_frame_is_sent_whole() -> None:
    stt = Recogniser()
    async with listening(stt) as (ears, _):
        await ears.hear(AudioFrame(tone(1.0), 16000, 0.0))
        await hear(ears, np.zeros(16000, np.int16), start=1.0)
    assert stt.frames[0].duration == 1.0


async def test_a_recogniser_that_wants_everything_gets_everything() -> None:
    stt = Recogniser(STTCapabilities(continuous=True))
    async with listening(stt) as (ears, _):
        await hear(ears, np.zeros(16000, np.int16))
    assert len(stt.audio) >= 16000 - 320


@pytest.mark.parametrize("rate", [8000, 22050, 24000, 44100, 48000])
async def test_each_listener_gets_the_audio_at_its_own_rate_unbroken(rate: int) -> None:
    """One converter for two listeners would hear each frame twice."""
    stt = Recogniser(STTCapabilities(continuous=True))
    async with listening(stt, detector=Detector()) as (ears, told):
        await hear(ears, tone(1.0, rate), rate)
        assert len(told.of(say.SpeechStarted)) == 1
    whole = resample(tone(1.0, rate), rate, 16000)
    assert len(stt.audio) > 15500
    assert np.abs(stt.audio.astype(int) - whole[: len(stt.audio)]).max() <= 1


async def test_a_live_source_that_is_not_kept_up_with_loses_the_oldest_and_counts_it() -> None:
    class Slow(LevelVAD):
        async def probability(self, window: Samples) -> float:
            await anyio.sleep(0.1)
            return 0.0

    async with listening(Recogniser(), vad=Slow()) as (ears, told):
        await hear(ears, np.zeros(16000 * 4, np.int16))
    assert told.dropped[0] == ("microphone", 1)
    assert told.dropped[-1][1] == len(told.dropped)
    assert INTAKE_S == 1.0


async def test_a_file_waits_instead() -> None:
    class Slow(LevelVAD):
        async def probability(self, window: Samples) -> float:
            await anyio.sleep(0.1)
            return 0.0

    stt = Recogniser(STTCapabilities(continuous=True))
    async with listening(stt, live=False, vad=Slow()) as (ears, told):
        await hear(ears, np.zeros(16000 * 2, np.int16))
        ears.end()
        await ears.ended()
        await anyio.sleep(1)
    assert told.dropped == []
    assert len(stt.audio) == 32000


async def test_a_recogniser_that_is_far_behind_loses_the_oldest_and_counts_it() -> None:
    stt = Recogniser(STTCapabilities(continuous=True), slow=1e6)
    async with listening(stt) as (ears, told):
        await hear(ears, np.zeros(round(16000 * (HELD_S + 1)), np.int16))
    assert told.dropped[-1][0] == "recogniser"
    assert told.dropped[-1][1] == pytest.approx(50, abs=3)


async def test_a_lost_recogniser_is_opened_again_and_gets_what_it_had() -> None:
    stt = Recogniser(fail_at=(20,))
    async with listening(stt) as (ears, told):
        at = await hear(ears, tone(1.0))
        await hear(ears, np.zeros(32000, np.int16), start=at)
    assert told.failures == [("stt", "Unlucky", False)]
    assert stt.log == ["open", "open", "flush"]
    again = [frame.start for frame in stt.frames[20:]]
    assert again[0] == stt.frames[0].start
    assert np.allclose(np.diff(again), FRAME_S)


async def test_words_that_were_taken_are_not_sent_again() -> None:
    stt = Recogniser(fail_at=(60,))
    async with listening(stt) as (ears, _):
        at = await hear(ears, tone(1.0))
        ears.cut()
        await hear(ears, tone(2.0), start=at)
    assert stt.log == ["open", "cut", "open"]
    assert stt.frames[60].start == pytest.approx(at, abs=0.05)


async def test_only_so_much_is_sent_again_as_is_held_for_a_recogniser() -> None:
    stt = Recogniser(STTCapabilities(continuous=True), fail_at=(1800,))
    async with listening(stt) as (ears, _):
        await hear(ears, np.zeros(16000 * 40, np.int16))
    assert stt.frames[1800].start == pytest.approx(1800 * FRAME_S - HELD_S, abs=0.05)


async def test_a_recogniser_that_keeps_failing_is_given_up_and_gets_no_more_audio() -> None:
    stt = Recogniser(STTCapabilities(continuous=True), fail_at=(1, 2, 3))
    async with listening(stt) as (ears, told):
        await hear(ears, np.zeros(16000 * 40, np.int16))
    assert [fatal for _, _, fatal in told.failures] == [False, False, True]
    assert len(stt.frames) == 3
    assert told.dropped == []


async def test_speech_under_way_when_the_input_ends_stops_there() -> None:
    stt = Recogniser()
    async with listening(stt) as (ears, told):
        await hear(ears, tone(0.5))
        ears.end()
        await ears.ended()
        await anyio.lowlevel.checkpoint()
        assert stt.log == ["open", "flush"]
    assert len(told.of(say.SpeechStopped)) == 1


async def test_how_a_stop_sounded_is_told_unless_speech_went_on_meanwhile() -> None:
    detector = Detector()
    async with listening(Recogniser(), detector=detector) as (ears, told):
        at = await hear(ears, tone(1.0))
        at = await hear(ears, np.zeros(8000, np.int16), start=at)
        (judged,) = told.of(say.EndProbability)
        assert isinstance(judged, say.EndProbability)
        assert judged.probability == 0.8
        detector.delay = 1.0
        at = await hear(ears, tone(1.0), start=at)
        at = await hear(ears, np.zeros(3200, np.int16), start=at)
        await hear(ears, tone(2.0), start=at)
        assert len(told.of(say.EndProbability)) == 1
    assert detector.asked == [4000, 4000]
