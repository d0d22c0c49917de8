"""The session's timeline: where audio's own clock and the loop's clock meet."""

from __future__ import annotations

import asyncio

from vivavoce.core.audio import AudioFrame

__all__ = ["Timeline"]

_GAP_S = 0.25  # audio that is later than this against its clock was paused, not delayed
_DRIFT = 0.001  # how fast the anchor follows a lag that only ever grows: 1 ms a second
STALE_S = 0.060  # three missing frames: from then on time passes without audio


class Timeline:
    """Seconds since the session began.

    Audio is placed so that the least delayed frame ends when it arrives: jitter moves arrivals, not
    places. `heard_until` is the place of the latest audio. The floor's time is that while audio
    flows, and the loop's where it has stopped.
    """

    def __init__(self) -> None:
        # Not `anyio.current_time`: that looks its backend up at each of ten calls a frame.
        self._clock = asyncio.get_running_loop().time
        self._zero = self._clock()
        self._anchor: float | None = None
        self._arrived = 0.0
        self.heard_until = 0.0

    def now(self) -> float:
        """Seconds since the session began, by the loop's clock."""
        return self._clock() - self._zero

    def place(self, frame: AudioFrame) -> AudioFrame:
        """The frame with its start on the session's timeline."""
        now = self.now()
        lag = now - frame.end
        if self._anchor is None or lag < self._anchor or lag > self._anchor + _GAP_S:
            self._anchor = lag
        else:
            self._anchor += min(lag - self._anchor, _DRIFT * frame.duration)
        start = max(frame.start + self._anchor, self.heard_until)
        self._arrived = now
        self.heard_until = start + frame.duration
        return AudioFrame(frame.samples, frame.sample_rate, start)

    def reset(self) -> None:
        """Another transport has another clock."""
        self._anchor = None

    def floor_time(self) -> float:
        """The time at which the floor decides."""
        return max(self.heard_until, self.now()) if self.is_silent() else self.heard_until

    def is_silent(self) -> bool:
        """Whether no audio has come for so long that time passes without it."""
        return self.now() - self._arrived >= STALE_S
