"""What is to be played: a short queue that can be taken back, and how far it was played."""

from __future__ import annotations

from collections import deque

import numpy as np

from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.transports.playout import Piece

__all__ = ["AHEAD_S", "Outbox"]

AHEAD_S = 0.200  # audio that may wait; what cannot be taken back must be short
FADE_S = 0.005  # against a click where an answer is cut
KEPT_S = 2.0  # of what was sent, longer than any path takes

_UNSENT = float("inf")


class Outbox:
    """Takes an answer's audio, gives packets of 20 ms. Owns no clock; times are seconds."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._packet_samples = round(FRAME_S * sample_rate)
        self._queue: deque[Piece] = deque()
        self._queued_samples = 0
        self._sent: deque[Piece] = deque()  # `due` is when it was handed to the network
        self._sounding = False
        self._fading: Samples | None = None

    @property
    def ahead(self) -> float:
        """Seconds of audio that wait."""
        return self._queued_samples / self.sample_rate

    def room_for(self, frame: AudioFrame) -> bool:
        """Whether it fits; anything does when nothing waits."""
        waiting = self._queued_samples + len(frame.samples)
        return not self._queue or waiting <= AHEAD_S * self.sample_rate

    def add(self, turn: str, frame: AudioFrame) -> None:
        """Queue audio of `turn`; `frame.start` is its position in that turn's audio (s)."""
        if len(frame.samples):
            self._queue.append(Piece(turn, frame.samples, self.sample_rate, frame.start, _UNSENT))
            self._queued_samples += len(frame.samples)

    def take(self, now: float) -> Samples:
        """The next packet, int16 `(20 ms,)`, silent where nothing waits; it goes out now."""
        packet = np.zeros(self._packet_samples, np.int16)
        filled = 0
        if self._fading is not None:
            filled = len(self._fading)
            packet[:filled] = self._fading
            self._fading = None
        self._sounding = False
        while self._queue and filled < self._packet_samples:
            piece = self._queue.popleft()
            room = self._packet_samples - filled
            if len(piece.samples) > room:
                piece, rest = piece.split(room)
                self._queue.appendleft(rest)
            count = len(piece.samples)
            packet[filled : filled + count] = piece.samples
            due = now + filled / self.sample_rate
            self._sent.append(
                Piece(piece.turn, piece.samples, self.sample_rate, piece.position, due)
            )
            self._queued_samples -= count
            filled += count
            self._sounding = filled == self._packet_samples
        while len(self._sent) > 1 and self._sent[1].due < now - KEPT_S:
            self._sent.popleft()
        return packet

    def clear(self) -> tuple[str, float] | None:
        """Drop what waits; a sound under way ends within the next packet.

        Returns the turn that was cut and how much of it went out (s); None if nothing ever did.
        """
        cut = self._cut()
        if self._sounding and self._queue:
            fading = self._queue[0].samples[: round(FADE_S * self.sample_rate)]
            slope = np.linspace(1, 0, len(fading), endpoint=False)
            self._fading = (fading * slope).astype(np.int16)
        self._queue.clear()
        self._queued_samples = 0
        return cut

    def _cut(self) -> tuple[str, float] | None:
        if self._queue:
            return self._queue[0].turn, self._queue[0].position
        if self._sent:
            return self._sent[-1].turn, self._sent[-1].position + self._sent[-1].duration
        return None

    def played(self, now: float) -> tuple[str, float] | None:
        """The turn that had gone out last by `now`, and how far (s); None before the first."""
        for piece in reversed(self._sent):
            if piece.due <= now:
                return piece.turn, piece.position + min(piece.duration, now - piece.due)
        return None
