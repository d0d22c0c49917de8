"""A caller: says recorded utterances at random moments, listens, and sometimes speaks over an
answer. No I/O: bytes go in and out, and every call carries the time."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np

from vivavoce.bench.answers import SHORTEST_S
from vivavoce.bench.framing import Decoder, Kind, Message, encode
from vivavoce.bench.loudspeaker import Heard, Loudspeaker
from vivavoce.bench.recordings import FRAME_SAMPLES, Utterance
from vivavoce.core.audio import FRAME_S, Samples

__all__ = ["Caller", "Exchange"]

_PHASE_S = 4.0  # within which callers begin, so that no two are in step
_PAUSE_S = (0.4, 1.2)  # after an answer
_BARGE_IN = 0.5  # of all answers are spoken over
_EARLIEST_S = 0.3  # after the first sound
_LATEST_S = SHORTEST_S - 1.5  # so that the answer would have gone on for long
_PATIENCE_S = 6.0  # without an answer, after which it is taken as lost
_LONGEST_S = 20.0  # from a first sound to the end of its turn
_REPORT_FRAMES = 5  # a played report each 100 ms
_GOODBYE_S = 0.5  # after the last turn, for it to settle
_NOISE_LEVEL = 16.0  # int16 standard deviation: -66 dBFS, a quiet room


def _room() -> list[Samples]:
    noise = np.random.default_rng(0).normal(0.0, _NOISE_LEVEL, (50, FRAME_SAMPLES))
    return list(noise.astype(np.int16))


@dataclass(slots=True)
class Exchange:
    """An utterance and its answer. Times are the caller's clock (s): `onset` and `ended` by the
    recording's annotation, as sent. `over` is the turn that was spoken over."""

    utterance: Utterance
    onset: float
    ended: float
    over: Heard | None = None
    turn: str | None = None
    first_sound: float | None = None

    @property
    def gap(self) -> float | None:
        """Seconds from the end of the speech to the first voiced sample of its answer."""
        return None if self.first_sound is None else self.first_sound - self.ended


@dataclass(slots=True)
class Caller:
    """One for each session. `begin` first; then a `tick` each 20 ms gives what is to be sent. After
    `seconds` it begins nothing new."""

    utterances: Sequence[Utterance]
    random: Random
    seconds: float
    exchanges: list[Exchange] = field(default_factory=list)
    turns: dict[str, dict[str, object]] = field(default_factory=dict)
    conversation: dict[str, object] | None = None
    early: set[str] = field(default_factory=set)
    loudspeaker: Loudspeaker = field(default_factory=Loudspeaker)
    stop_at: float = 0.0
    _decoder: Decoder = field(default_factory=Decoder)
    _speech: deque[Samples] = field(default_factory=deque)
    _noise: list[Samples] = field(default_factory=_room)
    _sent: int = 0
    _next_at: float | None = None
    _over: Heard | None = None
    _next: Utterance | None = None
    _leave_at: float | None = None
    _left: bool = False

    def begin(self, now: float) -> float:
        """The connection is there. When the first `tick` is due."""
        self.stop_at = now + self.seconds
        self._plan(now + self.random.uniform(0.2, _PHASE_S))
        return now + self.random.uniform(0, FRAME_S)

    def _plan(self, at: float) -> None:
        """Begin to speak at about this time."""
        self._next_at = at
        self._next = self.random.choice(self.utterances)

    # --- what is said -----------------------------------------------------------------------

    def tick(self, due: float, now: float) -> bytes:
        """The frame that was complete at `due`, and what else there is to tell."""
        if self._left:
            return b""
        start = due - FRAME_S
        if not self._speech and self._next_at is not None and start >= self._next_at:
            self._speak(start)
        samples = self._speech.popleft() if self._speech else self._noise[self._sent % 50]
        out = encode(Kind.AUDIO, at=self._sent * FRAME_S, payload=samples.tobytes())
        self._sent += 1
        if self._sent % _REPORT_FRAMES == 0:
            out += self._report(now)
            self._decide(now)
        if self._leave_at is not None and now >= self._leave_at:
            self._left = True
            out += encode(Kind.END)
        return out

    def _speak(self, start: float) -> None:
        utterance = self._next
        assert utterance is not None
        self._next, self._next_at = None, None
        self._speech.extend(utterance.frames)
        onset, ended = start + utterance.speech_start, start + utterance.speech_end
        self.exchanges.append(Exchange(utterance, onset, ended, self._over))
        self._over = None

    def _report(self, now: float) -> bytes:
        playing = self.loudspeaker.turn
        self.loudspeaker.advance(now)
        heard = self.loudspeaker.last
        if playing is None or heard is None:
            return b""
        kind = Kind.PLAYED if self.loudspeaker.turn is not None else Kind.FINAL
        return encode(kind, heard.turn, heard.played_until)

    def _decide(self, now: float) -> None:
        """What to do next, if it is not planned already."""
        if self._next_at is not None or self._speech or self._leave_at is not None:
            return
        exchange = self.exchanges[-1]
        self._notice_answer(exchange)
        first = exchange.first_sound
        if first is None:
            if now < exchange.ended + _PATIENCE_S:
                return
        elif exchange.turn in self.turns:
            pass
        elif now < exchange.ended + _LONGEST_S:
            return
        if now >= self.stop_at:
            self._leave_at = now + _GOODBYE_S
        else:
            self._plan(now + self.random.uniform(*_PAUSE_S))

    def _notice_answer(self, exchange: Exchange) -> None:
        """Find the answer to what was said last, and perhaps plan to speak over it."""
        heard = self.loudspeaker.last
        if exchange.turn is not None or heard is None or heard.first_sound is None:
            return
        if heard.first_sound < exchange.onset:
            return  # an answer to what was said before
        if heard.first_sound < exchange.ended:
            self.early.add(heard.turn)  # it spoke into the utterance
            return
        exchange.turn, exchange.first_sound = heard.turn, heard.first_sound
        if self.random.random() < _BARGE_IN:
            onset = heard.first_sound + self.random.uniform(_EARLIEST_S, _LATEST_S)
            if onset < self.stop_at:
                utterance = self.random.choice(self.utterances)
                self._next, self._over = utterance, heard
                self._next_at = onset - utterance.speech_start

    # --- what is heard ----------------------------------------------------------------------

    def take(self, data: bytes, now: float) -> bytes:
        """Bytes that arrived; gives what is to be sent back."""
        return b"".join(self._answer(message, now) for message in self._decoder.feed(data))

    def _answer(self, message: Message, now: float) -> bytes:
        match message.kind:
            case Kind.AUDIO:
                samples = np.frombuffer(message.payload, np.int16)
                self.loudspeaker.play(message.turn, message.at, samples, now)
            case Kind.CLEAR:
                heard = self.loudspeaker.clear(now)
                if heard is not None:
                    return encode(Kind.FINAL, heard.turn, heard.played_until)
            case Kind.TURN:
                self.turns[message.turn] = json.loads(message.payload)
            case Kind.CONVERSATION:
                self.conversation = json.loads(message.payload)
            case _:
                raise ValueError(f"a session does not send {message.kind.name}")
        return b""
