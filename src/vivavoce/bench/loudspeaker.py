"""A caller's loudspeaker: plays by its own clock, and keeps what was heard of each turn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vivavoce.bench.link import OUTPUT_RATE
from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.transports.playout import Piece, Playout

__all__ = ["Heard", "Loudspeaker"]

_VOICED = 330  # int16: -40 dBFS; spelled words are far above it, the gaps between them are zeros
_STUTTER_S = 0.001  # a shorter pause within a turn is arithmetic


@dataclass(slots=True)
class Heard:
    """What was heard of one turn. Times are the caller's clock (s), None before the first sound.

    `played_until` is the position that playing has reached in the turn's audio.
    """

    turn: str
    first_sound: float | None = None
    last_sound: float | None = None
    played_until: float = 0.0
    stutters: int = 0
    cleared: bool = False
    pieces: list[tuple[float, Samples]] = field(default_factory=list)

    def samples(self) -> Samples:
        """All of it by position; a stretch that was played twice counts as it sounded last."""
        ends = [round(start * OUTPUT_RATE) + len(samples) for start, samples in self.pieces]
        whole = np.zeros(max(ends, default=0), np.int16)
        for (_, samples), end in zip(self.pieces, ends, strict=True):
            whole[end - len(samples) : end] = samples
        return whole

    def take(self, piece: Piece) -> None:
        """A piece has sounded."""
        self.pieces.append((piece.position, piece.samples))
        self.played_until = piece.position + piece.duration
        loud = np.flatnonzero(np.abs(piece.samples) >= _VOICED)
        if len(loud):
            if self.first_sound is None:
                self.first_sound = piece.due + float(loud[0]) / OUTPUT_RATE
            self.last_sound = piece.due + float(loud[-1] + 1) / OUTPUT_RATE


class Loudspeaker:
    """Every call carries the time."""

    def __init__(self) -> None:
        self.heard: dict[str, Heard] = {}
        self.last: Heard | None = None  # the turn that was heard last
        self._playout = Playout()
        self._ran_dry: float | None = None

    @property
    def turn(self) -> str | None:
        """The turn that plays, None in silence."""
        return self._playout.turn

    def play(self, turn: str, start: float, samples: Samples, now: float) -> None:
        """Queue audio; `start` is its position in the turn's audio (s)."""
        self.advance(now)
        heard = self.heard.setdefault(turn, Heard(turn))
        resumes = heard.cleared
        heard.cleared = False
        if self._playout.turn is None and heard is self.last and not resumes:
            late = now - (self._ran_dry if self._ran_dry is not None else now)
            heard.stutters += late > _STUTTER_S
        self._playout.add(turn, AudioFrame(samples, OUTPUT_RATE, start), now)

    def advance(self, now: float) -> None:
        """Time has passed: what was due has sounded."""
        for piece in self._playout.advance(now):
            heard = self.heard[piece.turn]
            heard.take(piece)
            self.last, self._ran_dry = heard, piece.end

    def clear(self, now: float) -> Heard | None:
        """Fall silent at once. The turn that this ends, if anything of any was queued or heard."""
        self.advance(now)
        dropped = self._playout.clear()
        if dropped:
            self.last = self.heard[dropped[0].turn]
        if self.last is not None:
            self.last.cleared = True
        return self.last
