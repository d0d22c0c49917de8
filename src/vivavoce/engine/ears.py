"""The ears: always open. Audio in; voice activity, words and the sound of an ending out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from vivavoce.audio.resample import Resampler
from vivavoce.audio.ring import Ring
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import BadReply
from vivavoce.core.protocols import STT, VAD, STTStream, TurnDetector
from vivavoce.core.transcript import Transcript
from vivavoce.engine.closing import closing, leased
from vivavoce.engine.failures import describe
from vivavoce.engine.streams import Full, Stream
from vivavoce.engine.voice import Voice, checked_probability
from vivavoce.floor import inputs as say
from vivavoce.floor.activity import Activity, ActivityPolicy

__all__ = ["EarParts", "Ears"]

INTAKE_S = 1.0  # audio that waits to be looked at
HELD_S = 30.0  # audio that waits for a recogniser that is slow or away
_PRE_ROLL_S = 0.35  # before the onset: the detector wakes up inside the first word
_POST_ROLL_S = 1.5  # a pause shorter than this is sent whole when the speaker goes on
_REOPEN_S = 0.5  # before a lost recogniser is tried again
_FAILURES = 3  # in a row, after which the recogniser is given up
_JUDGE_S = 2.0  # past the longest wait that the judgement could shorten


@dataclass(frozen=True, slots=True)
class EarParts:
    """What the ears work with, and whom they tell."""

    stt: STT
    vad: VAD
    turn_detector: TurnDetector | None
    language: str | None
    activity: ActivityPolicy
    feed: Callable[[say.Input], None]
    floor_time: Callable[[], float]
    failed: Callable[[str, str, bool], None]  # role, message, fatal
    dropped: Callable[[str, int], None]


class _Flush:
    """Between frames: ask for the final."""

    duration = 0.0


_FLUSH = _Flush()


@dataclass(frozen=True, slots=True)
class _Conclusion:
    """Behind the audio that it is about: `then` is called once that was looked at."""

    then: Callable[[], None]
    duration: float = 0.0


def _duration(item: AudioFrame | _Flush | _Conclusion) -> float:
    return item.duration


class Ears:
    """One for each attached transport."""

    def __init__(self, parts: EarParts, *, live: bool) -> None:
        self._parts = parts
        self._live = live
        self._intake: Stream[AudioFrame | _Conclusion] = Stream(
            INTAKE_S, Full.DROP_OLDEST if live else Full.WAIT, _duration
        )
        self._held: Stream[AudioFrame | _Flush] = Stream(HELD_S, Full.DROP_OLDEST, _duration)
        self._sent: deque[AudioFrame | _Flush] = deque()  # since the last cut, for a new stream
        self._sent_s = 0.0
        self._activity = Activity(parts.activity)
        self._resamplers: dict[tuple[int, int], Resampler] = {}
        self._converted: dict[int, AudioFrame] = {}  # the present frame, by its rate
        self._pre_roll: deque[AudioFrame] = deque()
        self._pre_roll_s = 0.0
        self._sending = False
        self._flush_due = False
        self._deaf = False
        self._stopped_at = float("-inf")
        self._stream: STTStream | None = None
        detector = parts.turn_detector
        self._memory = None if detector is None else Ring(detector.window, detector.sample_rate)
        self._judge_now = anyio.Event()
        self._ended = anyio.Event()

    async def hear(self, frame: AudioFrame) -> None:
        """Take a frame whose start is on the session's timeline. A live source never waits: past
        one second of backlog the oldest audio is dropped and counted."""
        if not self._live:
            await self._intake.send(frame)
        elif not self._intake.put(frame):
            self._parts.dropped("microphone", self._intake.statistics().dropped)

    def conclude(self, then: Callable[[], None]) -> None:
        """The user's turn is over by decree: once all audio so far was looked at, ask for its final
        without waiting for silence, which may never come, and call `then`."""
        self._intake.put(_Conclusion(then))

    def end(self) -> None:
        """No more audio comes."""
        self._intake.close()

    async def ended(self) -> None:
        """Wait until everything heard has been looked at and the recogniser was asked."""
        await self._ended.wait()

    def configure(self, activity: ActivityPolicy) -> None:
        """Take speech and silence apart by these thresholds from now on."""
        self._activity.policy = activity

    def cut(self) -> None:
        """The words so far are taken: what follows begins a new transcript."""
        self._sent.clear()
        self._sent_s = 0.0
        if self._stream is not None:
            self._stream.cut()

    def flush(self) -> None:
        """Ask the recogniser for the final of what it has."""
        self._hand_on(_FLUSH)

    async def run(self) -> None:
        """Listen until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._recognise)
            if self._parts.turn_detector is not None:
                group.start_soon(self._judge, self._parts.turn_detector)
            parts = self._parts
            voice = Voice(parts.vad, lambda message: parts.failed("vad", message, False))
            async for frame in self._intake:
                if isinstance(frame, _Conclusion):
                    self.flush()
                    frame.then()
                    continue
                self._converted.clear()
                # The recogniser first: waiting for the detector would delay every word.
                self._pass_on(self._at_rate(frame, parts.stt.capabilities.sample_rate))
                await self._listen(voice, frame)
                self._send_due(frame.end)
                self._parts.feed(say.Tick(self._parts.floor_time()))
            self._tell(self._activity.stop(self._parts.floor_time()))
            self.flush()
            self._ended.set()

    # --- voice activity ---------------------------------------------------------------------

    async def _listen(self, voice: Voice, frame: AudioFrame) -> None:
        if self._memory is not None:
            self._memory.push(self._at_rate(frame, self._memory.sample_rate))
        for window in await voice.feed(self._at_rate(frame, self._parts.vad.sample_rate)):
            self._tell(self._activity.feed(*window))

    def _at_rate(self, frame: AudioFrame, rate: int) -> AudioFrame:
        """The present frame at that rate: converted once, whoever asks for it."""
        if frame.sample_rate == rate:
            return frame
        if rate in self._converted:
            return self._converted[rate]
        key = frame.sample_rate, rate
        if key not in self._resamplers:
            self._resamplers[key] = Resampler(frame.sample_rate, rate)
        resampler = self._resamplers[key]
        samples = resampler.push(frame.samples)
        # What is held back comes with the next frame: placed by this one's start it would overlap.
        start = frame.end - resampler.held - len(samples) / rate
        self._converted[rate] = AudioFrame(samples, rate, start)
        return self._converted[rate]

    def _tell(self, change: tuple[bool, float] | None) -> None:
        if change is None:
            return
        speaking, since = change
        at = self._parts.floor_time()
        if speaking:
            self._sending, self._flush_due = True, False
            self._parts.feed(say.SpeechStarted(at, since))
        else:
            self._flush_due, self._stopped_at = True, since
            self._judge_now.set()
            self._parts.feed(say.SpeechStopped(at, since))

    async def _judge(self, detector: TurnDetector) -> None:
        """At each stop, ask how complete it sounded; an answer that is no longer true is lost."""
        while True:
            await self._judge_now.wait()
            self._judge_now = anyio.Event()
            stopped_at = self._stopped_at
            assert self._memory is not None
            try:
                with anyio.fail_after(_JUDGE_S):
                    probability = checked_probability(
                        await detector.probability(self._memory.last(detector.window))
                    )
            except Exception as error:  # noqa: BLE001  a provider is somebody else's code
                self._parts.failed("turn_detector", describe(error), False)
                continue
            if not self._activity.speaking and stopped_at == self._stopped_at:
                self._parts.feed(say.EndProbability(self._parts.floor_time(), probability))

    # --- words ------------------------------------------------------------------------------

    def _pass_on(self, frame: AudioFrame) -> None:
        """Send it if speech is under way, or else keep it until the detector has decided."""
        self._pre_roll.append(frame)
        self._pre_roll_s += frame.duration
        self._send_kept()

    def _send_kept(self) -> None:
        if self._sending or self._parts.stt.capabilities.continuous:
            while self._pre_roll:
                self._hand_on(self._pre_roll.popleft())
            self._pre_roll_s = 0.0

    def _send_due(self, until: float) -> None:
        """Send what the detector has let through up to `until` (s), with a little before and after
        it; at the end of speech, ask for the final."""
        self._send_kept()
        if self._flush_due:
            self._sending = self._flush_due = False
            self.flush()
        recent = until - self._stopped_at <= _POST_ROLL_S
        while self._pre_roll_s > (_POST_ROLL_S if recent else _PRE_ROLL_S):
            self._pre_roll_s -= self._pre_roll.popleft().duration

    def _hand_on(self, item: AudioFrame | _Flush) -> None:
        if not self._deaf and not self._held.put(item):
            self._parts.dropped("recogniser", self._held.statistics().dropped)

    async def _recognise(self) -> None:
        """Keep a recogniser's stream open. A lost one is opened again, and gets what it had."""
        failures = 0
        while failures < _FAILURES:
            try:
                async with leased(self._parts.stt.stream(language=self._parts.language)) as stream:
                    self._stream = stream
                    async with anyio.create_task_group() as group:
                        group.start_soon(self._send, stream)
                        async with closing(aiter(stream)) as transcripts:
                            async for transcript in transcripts:
                                self._hear(transcript)
                                failures = 0
                        group.cancel_scope.cancel()
                message = f"{self._parts.stt.name} ended its stream"
            except Exception as error:  # noqa: BLE001  a provider is somebody else's code
                message = describe(error)
            self._stream = None
            failures += 1
            self._parts.failed("stt", message, failures == _FAILURES)
            await anyio.sleep(_REOPEN_S)
        self._deaf = True
        await anyio.sleep_forever()

    def _hear(self, transcript: Transcript) -> None:
        if not transcript.start <= transcript.end or len(transcript.text) < transcript.stable:
            raise BadReply(
                f"a transcript of {len(transcript.text)} characters, {transcript.stable} of them "
                f"stable, covers {transcript.start} s to {transcript.end} s"
            )
        self._parts.feed(say.Text(self._parts.floor_time(), transcript))

    async def _send(self, stream: STTStream) -> None:
        for item in list(self._sent):
            await self._give(stream, item)
        async for item in self._held:
            self._sent.append(item)
            self._sent_s += item.duration
            while self._sent_s > HELD_S:
                self._sent_s -= self._sent.popleft().duration
            await self._give(stream, item)

    async def _give(self, stream: STTStream, item: AudioFrame | _Flush) -> None:
        if isinstance(item, AudioFrame):
            await stream.send(item)
        else:
            await stream.flush()
