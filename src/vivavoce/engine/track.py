"""The audio of one answer, and the text that it says."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import anyio
import numpy as np

from vivavoce.audio.resample import Resampler
from vivavoce.core.audio import Samples
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Word

__all__ = ["AHEAD_S", "Track"]

AHEAD_S = 3.0  # speech held before it is played: bounds what a draft or a barge-in wastes
KEPT_S = 2.0  # speech kept after it was handed over, for going back to
_CHARACTER_S = 0.065  # of speech, when a text's length is not known yet (about 180 words a minute)
_VOICED = 330  # int16: -40 dBFS
_PLAYED = 0.001  # s: positions closer than this are the same
_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")


@dataclass(slots=True)
class _Said:
    """One text given to the synthesiser: `chars` is where it starts in the reply."""

    text: str
    chars: int
    start: float
    end: float
    words: list[Word] = field(default_factory=list)
    ended: bool = False
    broken: bool = False  # its audio stops at `end`, before its words do
    voiced_from: float | None = None
    voiced_to: float = 0.0
    timed: list[tuple[int, float, float]] | None = None  # its words, once they were asked for


class Track:
    """Speech in, samples out at `sample_rate` (Hz); positions are seconds of the answer's audio."""

    def __init__(self, turn: str, sample_rate: int) -> None:
        self.turn = turn
        self.sample_rate = sample_rate
        self.finished = False
        self.changed: Callable[[], None] = lambda: None
        self._resampler: Resampler | None = None
        self._chunks: deque[Samples] = deque()
        self._first = 0  # sample position of the first chunk kept
        self._written = 0
        self._taken = 0
        self._said: list[_Said] = []
        self._chars = 0
        self._broken = False
        self._room = anyio.Event()

    @property
    def duration(self) -> float:
        """Seconds of audio so far."""
        return self._written / self.sample_rate

    @property
    def taken(self) -> float:
        """Seconds of audio handed over."""
        return self._taken / self.sample_rate

    @property
    def voiced(self) -> bool:
        """Whether there was any sound in the speech so far."""
        return any(said.voiced_from is not None for said in self._said)

    @property
    def drained(self) -> bool:
        """Whether all there will ever be has been handed over."""
        return self.finished and self._taken >= self._written

    async def put(self, speech: Speech) -> None:
        """Add speech; waits while more than `AHEAD_S` is ahead of the mouth."""
        while (self._written - self._taken) / self.sample_rate > AHEAD_S:
            self._room = anyio.Event()
            await self._room.wait()
        self.add(speech)

    def add(self, speech: Speech) -> None:
        """Add speech now."""
        samples = self._resample(speech)
        start = self.duration
        if speech.text:
            self._said.append(_Said(speech.text, self._chars, start, start))
            self._chars += len(speech.text)
        self._written += len(samples)
        if len(samples):
            self._chunks.append(samples)
        if self._said and not self._broken:
            said = self._said[-1]
            said.words.extend(speech.words)
            said.ended = speech.ends
            said.end = self.duration
            said.timed = None
            loud = np.flatnonzero(np.abs(samples) >= _VOICED)
            if len(loud):
                if said.voiced_from is None:
                    said.voiced_from = start + float(loud[0]) / self.sample_rate
                said.voiced_to = start + float(loud[-1]) / self.sample_rate
        self.changed()

    def break_off(self) -> None:
        """The synthesiser failed: what is added from now on is sound, and says nothing."""
        self._broken = True
        if self._said:
            self._said[-1].broken = not self._said[-1].ended

    def finish(self) -> None:
        """No more speech comes."""
        if self._resampler is not None:
            rest = self._resampler.flush()
            self._chunks.append(rest)
            self._written += len(rest)
        self.finished = True
        self.changed()

    def _resample(self, speech: Speech) -> Samples:
        if speech.sample_rate == self.sample_rate:
            return speech.samples
        if self._resampler is None:
            self._resampler = Resampler(speech.sample_rate, self.sample_rate)
        return self._resampler.push(speech.samples)

    def take(self, count: int) -> Samples | None:
        """The next `count` samples; fewer at the very end; None when they are not there yet."""
        available = self._written - self._taken
        if available <= 0 or (available < count and not self.finished):
            return None
        samples = self._slice(self._taken, min(count, available))
        self._taken += len(samples)
        self._forget()
        self._room.set()
        return samples

    def _slice(self, start: int, count: int) -> Samples:
        parts: list[Samples] = []
        position = self._first
        for chunk in self._chunks:
            if count <= 0:
                break
            skip = start - position
            if skip < len(chunk):
                part = chunk[max(0, skip) : max(0, skip) + count]
                parts.append(part)
                start += len(part)
                count -= len(part)
            position += len(chunk)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _forget(self) -> None:
        keep_from = self._taken - round(KEPT_S * self.sample_rate)
        while self._chunks and self._first + len(self._chunks[0]) <= keep_from:
            self._first += len(self._chunks.popleft())

    def rewind(self, position: float) -> float:
        """Go back to the start of the word at `position`, as far as audio is kept.

        Returns the position from which audio will be taken.
        """
        target = position
        for _, start, end in chain.from_iterable(map(_words, self._said)):
            if start <= position < end:
                target = start
                break
        self._taken = min(self._taken, max(self._first, round(target * self.sample_rate)))
        return self.taken

    def drop_audio(self) -> None:
        """Nothing of this will be played any more; the text and its times stay."""
        self._chunks.clear()
        self._first = self._written
        self._room.set()

    # --- what was heard ---------------------------------------------------------------------

    def heard(self, position: float) -> str:
        """The part of the reply whose words had ended when `position` was reached."""
        if position <= 0:
            return ""
        if self.finished and not self._broken and position >= self.duration - _PLAYED:
            return "".join(said.text for said in self._said)
        chars = 0
        for said in self._said:
            if said.ended and said.end <= position:
                chars = said.chars + len(said.text)
                continue
            for upto, _, end in _words(said):
                if end > position + _PLAYED:
                    break
                chars = upto
            break
        return "".join(said.text for said in self._said)[:chars].rstrip()


def _words(said: _Said) -> Iterator[tuple[int, float, float]]:
    """Each word's end in the reply (characters), and when it starts and ends (s)."""
    if said.timed is None:
        said.timed = list(_exact(said) if said.words else _estimated(said))
    for word in said.timed:
        if said.broken and word[2] > said.end + _PLAYED:
            break
        yield word


def _exact(said: _Said) -> Iterator[tuple[int, float, float]]:
    cursor = 0
    last = len(said.words) - 1
    for index, word in enumerate(said.words):
        found = said.text.find(word.text, cursor)
        if found >= 0:
            cursor = found + len(word.text)
        # Punctuation belongs to the word that it follows, and all the rest to the last one.
        upto = len(said.text) if index == last and said.ended else _closed(said.text, cursor)
        yield said.chars + upto, said.start + word.start, said.start + word.end


def _closed(text: str, cursor: int) -> int:
    while cursor < len(text) and not text[cursor].isalnum() and not text[cursor].isspace():
        cursor += 1
    return cursor


def _estimated(said: _Said) -> Iterator[tuple[int, float, float]]:
    """Without word times: each word's share of the voiced stretch is its share of characters."""
    tokens = list(_TOKEN.finditer(said.text))
    start = said.start if said.voiced_from is None else said.voiced_from
    end = said.voiced_to if said.ended and said.voiced_from is not None else said.end
    if not said.ended:
        end = max(end, start + _CHARACTER_S * len(said.text))
    total = sum(len(token[0]) for token in tokens)
    done = 0
    for token in tokens:
        begins = start + (end - start) * done / total
        done += len(token[0])
        yield said.chars + token.end(), begins, start + (end - start) * done / total
    if not tokens:
        yield said.chars + len(said.text), said.start, said.end
