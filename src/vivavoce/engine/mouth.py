"""The mouth: paces an answer into the transport, and knows what of it has been played.

It is also the valve. Nothing is heard before `open`; `shut` silences an answer that may go on, and
`open` then goes back to the word that was cut; `stop` ends it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.core.protocols import Transport
from vivavoce.engine.timeline import Timeline
from vivavoce.engine.track import Track
from vivavoce.engine.wake import Wake

__all__ = ["AHEAD_S", "Mouth"]

AHEAD_S = 0.200  # what the transport holds unplayed; what cannot be taken back must be short
_REFILL_S = 0.100  # woken ten times a second instead of fifty
_REPORT_S = 1.000  # how long a transport that reports may stay behind before it is not waited for
_SOON_S = 0.001
_FADE_S = 0.005  # against a click where a held answer goes on
_VOICED = 330  # int16: -40 dBFS, above a synthesiser's noise floor and below any vowel


class Mouth:
    """One for each attached transport. Run `run` in a task; the rest is called from the loop."""

    def __init__(
        self,
        transport: Transport,
        timeline: Timeline,
        *,
        sounded: Callable[[Track, float], None],
        progressed: Callable[[Track, float], None],
        finished: Callable[[Track], None],
    ) -> None:
        self._transport = transport
        self._capabilities = transport.capabilities
        self._timeline = timeline
        self._sounded = sounded
        self._progressed = progressed
        self._finished = finished
        self._track: Track | None = None
        self._is_open = False
        self._clearing = False
        self._fading = False
        self._wake = Wake()
        self._starved = False
        self._plays_until = 0.0
        self._booked: deque[tuple[float, float, float]] = deque()  # time, position, position
        self._reported: tuple[float, float] | None = None  # position, when
        self._sound_at: float | None = None
        self._has_sounded = False

    # --- the valve --------------------------------------------------------------------------

    def open(self, track: Track) -> None:
        """Let this answer be heard, from where it stopped."""
        if track is not self._track:
            self._track = track
            track.changed = self._fed
            self._reported, self._sound_at, self._has_sounded = None, None, False
            self._booked.clear()
        elif not self._is_open:
            track.rewind(self.position() if self._takes_back else track.taken)
            self._booked.clear()
            self._reported = (track.taken, self._timeline.now())
            self._fading = True
        self._is_open = True
        self._notice()

    def shut(self) -> None:
        """Silence the answer at once, and keep it."""
        if self._track is None or not self._is_open:
            return
        if self._takes_back:
            self._reported = (self.position(), self._timeline.now())
            self._clear()
        else:
            self._reported = None  # what was sent plays on, as booked
        self._is_open = False

    def stop(self, track: Track) -> float:
        """End the answer at once. Returns how far it was played, as well as is known (s)."""
        if track is not self._track:
            return 0.0
        position = self.position()
        if not self._capabilities.clear:
            position = track.taken
        elif self._is_open or not self._takes_back:
            self._clear()
        track.changed = lambda: None
        self._track, self._is_open, self._sound_at = None, False, None
        return position

    def report(self, track: Track, position: float, *, final: bool) -> None:
        """The transport says how far the answer was played, and whether that is its last word."""
        if track is self._track and (self._is_open or final):
            self._reported = (position, self._timeline.now())
            self._notice()

    def position(self) -> float:
        """How far the present answer has been played (s)."""
        if self._track is None:
            return 0.0
        if self._reported is not None and not (self._is_open and self._booked):
            return self._reported[0]
        now = self._timeline.now()
        due = self._due(now - self._capabilities.latency)
        if self._reported is None or not self._capabilities.reports_played:
            return due
        position, at = self._reported
        return min(position + min(now - at, _REPORT_S), due)

    def _due(self, time: float) -> float:
        """How far the answer was to be played at that time, if the transport plays what it gets."""
        played = self._booked[0][1] if self._booked else 0.0
        for at, start, end in self._booked:
            if at <= time:
                played = min(end, start + time - at)
        return played

    @property
    def _takes_back(self) -> bool:
        """Whether a pause takes back what was sent: a client that owns its playback takes that for
        the end of the answer, so it only gets no more."""
        return self._capabilities.clear and not self._capabilities.client_owned

    def _clear(self) -> None:
        self._clearing = True
        self._plays_until = 0.0
        self._notice()

    def _notice(self) -> None:
        self._wake.set()

    def _fed(self) -> None:
        """There is more audio: of interest only where it was waited for."""
        if self._starved or self._track is None or self._track.finished:
            self._wake.set()

    # --- the work ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Play what is given, until cancelled. Raises TransportClosed when the peer is gone."""
        while True:
            if self._clearing:
                self._clearing = False
                await self._transport.clear()
                continue
            delay = await self._pump()
            await self._wake.wait(delay)

    async def _pump(self) -> float | None:
        """Hand over what is due. Returns after how long there is more to do; None: when woken."""
        track = self._track
        if track is None or not self._is_open:
            return None
        samples_a_frame = round(track.sample_rate * FRAME_S)
        self._starved = False
        while self._plays_until - self._timeline.now() < AHEAD_S:
            position = track.taken
            samples = track.take(samples_a_frame)
            if samples is None:
                self._starved = True
                break
            self._book(track, position, samples)
            await self._transport.send(
                track.turn, AudioFrame(self._faded(samples), track.sample_rate, position)
            )
            if track is not self._track or not self._is_open:
                return 0.0
        return self._follow(track)

    def _book(self, track: Track, position: float, samples: Samples) -> None:
        now = self._timeline.now()
        at = max(now, self._plays_until)
        duration = len(samples) / track.sample_rate
        self._plays_until = at + duration
        while len(self._booked) > 1 and self._booked[1][0] < now - 1.0:
            self._booked.popleft()
        if self._booked and abs(self._booked[-1][0] - at + (position - self._booked[-1][1])) < 1e-6:
            started, first, _ = self._booked.pop()  # goes on without a break
            self._booked.append((started, first, position + duration))
        else:
            self._booked.append((at, position, position + duration))
        if not self._has_sounded and self._sound_at is None:
            loud = np.flatnonzero(np.abs(samples) >= _VOICED)
            if len(loud):
                lead = float(loud[0]) / track.sample_rate
                self._sound_at = at + lead + self._capabilities.latency

    def _faded(self, samples: Samples) -> Samples:
        if not self._fading:
            return samples
        self._fading = False
        count = min(len(samples), round(_FADE_S * self._capabilities.sample_rate))
        faded = samples.copy()
        faded[:count] = (faded[:count] * np.linspace(0, 1, count)).astype(np.int16)
        return faded

    def _follow(self, track: Track) -> float | None:
        """Tell what is being heard; returns when to look again."""
        now = self._timeline.now()
        if self._sound_at is not None and now >= self._sound_at - _SOON_S:
            at, self._sound_at, self._has_sounded = self._sound_at, None, True
            self._sounded(track, at)
        self._progressed(track, self.position())
        if track is not self._track or not self._is_open:
            return 0.0
        if track.drained and self._is_over(track, now):
            self._track, self._is_open = None, False
            track.changed = lambda: None
            self._finished(track)
            return None
        if self._sound_at is not None:
            return self._sound_at - now
        if track.drained:
            return max(_SOON_S, min(_REFILL_S, self._ends_at(track) - now))
        unplayed = self._plays_until - now
        return max(_SOON_S, unplayed - _REFILL_S) if unplayed > 0 else None

    def _ends_at(self, track: Track) -> float:
        end = self._plays_until + self._capabilities.latency
        return end + (_REPORT_S if self._capabilities.reports_played else 0.0)

    def _is_over(self, track: Track, now: float) -> bool:
        reported = self._reported if self._capabilities.reports_played else None
        if reported is not None and reported[0] >= track.duration - _SOON_S:
            return True
        return now >= self._ends_at(track) - 1e-9
