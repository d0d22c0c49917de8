"""Recorded speech in stretches that end at pauses, each short enough to be recognised at once."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

import numpy as np

from vivavoce.audio.resample import Resampler
from vivavoce.core.audio import AudioFrame
from vivavoce.core.protocols import VAD
from vivavoce.engine.voice import Voice
from vivavoce.floor.activity import Activity

__all__ = ["Stretches"]

PAUSE_S = 0.6  # between sentences; within one, pauses are mostly shorter
MARGIN_S = 0.35  # kept before and after speech: the detector wakes up inside the first word
MOST_S = 28.0  # a stretch without a pause is cut, as the usual models hear 30 s at a time
LOOK_BACK_S = 5.0  # in which the quietest place for such a cut is looked for

_log = logging.getLogger(__name__)


class Stretches:
    """Takes the frames of a recording and gives those with speech, a stretch at a time. Without a
    detector everything is speech."""

    def __init__(self, vad: VAD | None, sample_rate: int) -> None:
        self._frames: deque[AudioFrame] = deque()
        self._activity = Activity()
        self._voice = None if vad is None else Voice(vad, lambda said: _log.warning("%s", said))
        self._resampler = None if vad is None else Resampler(sample_rate, vad.sample_rate)
        self._within = vad is None
        self._stopped: float | None = None  # when speech did, within a stretch

    async def feed(self, frame: AudioFrame) -> Sequence[AudioFrame]:
        """Take the next frame; gives the stretch that it completes, or nothing."""
        self._frames.append(frame)
        await self._listen(frame)
        if not self._within:
            self._forget(frame.end - MARGIN_S)
            return ()
        if self._stopped is not None and frame.end - self._stopped >= PAUSE_S:
            self._within = False
            taken = self._taken(self._stopped + MARGIN_S)
            self._stopped = None
            return taken
        if frame.end - self._frames[0].start >= MOST_S:
            return self._taken(self._quietest(frame.end - LOOK_BACK_S))
        return ()

    def end(self) -> Sequence[AudioFrame]:
        """The recording is over: the last stretch, or nothing."""
        last = list(self._frames) if self._within else []
        self._frames.clear()
        return last

    async def _listen(self, frame: AudioFrame) -> None:
        if self._voice is None or self._resampler is None:
            return
        samples = self._resampler.push(frame.samples)
        resampled = AudioFrame(samples, self._resampler.target_rate, frame.start)
        for window in await self._voice.feed(resampled):
            change = self._activity.feed(*window)
            if change is not None:
                speaking, since = change
                self._within = self._within or speaking
                self._stopped = None if speaking else since

    def _forget(self, before: float) -> None:
        while self._frames and self._frames[0].end <= before:
            self._frames.popleft()

    def _taken(self, until: float) -> list[AudioFrame]:
        """Take out what begins before `until` (s); one frame at least."""
        taken = [self._frames.popleft()]
        while self._frames and self._frames[0].start < until - 1e-9:
            taken.append(self._frames.popleft())
        return taken

    def _quietest(self, since: float) -> float:
        late = [frame for frame in self._frames if frame.start >= since]
        quietest = min(late, key=lambda frame: float(np.abs(frame.samples.astype(np.int32)).mean()))
        return quietest.end
