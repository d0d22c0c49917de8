"""The user's words out of transcripts that overlap, and the stretches of audio they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from vivavoce.core.transcript import Transcript

__all__ = ["TOUCH_S", "Stretch", "Utterance", "join"]

TOUCH_S = 0.01  # stretches that share less than this do not overlap: half a frame

# Kana, ideographs and their punctuation: scripts that put no spaces between words.
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


class Utterance:
    """Transcripts in the order of the audio they cover; a newer one replaces what it overlaps."""

    def __init__(self, parts: Iterable[Transcript] = ()) -> None:
        self._parts = list(parts)

    def add(self, transcript: Transcript) -> None:
        """Place a transcript by its coverage."""
        kept = [part for part in self._parts if not _overlap(part, transcript)]
        self._parts = sorted([*kept, transcript], key=lambda part: part.start)

    def joined(self, other: Utterance) -> Utterance:
        """The transcripts of both."""
        both = Utterance(self._parts)
        for part in other._parts:
            both.add(part)
        return both

    def split(self, time: float) -> tuple[Utterance, Utterance]:
        """The transcripts that start before `time` (s), and the others."""
        before = [part for part in self._parts if part.start < time - TOUCH_S]
        return Utterance(before), Utterance(self._parts[len(before) :])

    @property
    def text(self) -> str:
        """All words so far."""
        return join(part.text for part in self._parts)

    @property
    def stable_text(self) -> str:
        """The words that will not change any more."""
        stable = []
        for part in self._parts:
            stable.append(part.stable_text)
            if part.stable_text != part.text:
                break
        return join(stable)

    @property
    def end(self) -> float:
        """Up to where audio is covered (s), minus infinity when none is."""
        return self._parts[-1].end if self._parts else float("-inf")

    @property
    def is_final(self) -> bool:
        """Whether there are transcripts and all of them are final."""
        return bool(self._parts) and all(part.is_final for part in self._parts)


@dataclass(slots=True)
class Stretch:
    """Words that were taken, and the audio in which they were said (s); `addressed` says whether
    they were meant for the assistant."""

    words: Utterance = field(default_factory=Utterance)
    start: float = float("-inf")
    end: float = float("-inf")
    addressed: bool = True

    def holds(self, transcript: Transcript) -> bool:
        """Whether the transcript is of this stretch."""
        return self.start <= transcript.start + TOUCH_S < self.end


def _overlap(one: Transcript, other: Transcript) -> bool:
    """Whether they are of the same audio; two that start together are, however short."""
    first, second = (one, other) if one.start <= other.start else (other, one)
    return first.start == second.start or first.end > second.start + TOUCH_S


def join(texts: Iterable[str]) -> str:
    """Texts behind one another, with a space between where the script writes one."""
    joined = ""
    for text in filter(None, map(str.strip, texts)):
        spaced = joined and not (_UNSPACED.match(joined[-1]) and _UNSPACED.match(text[0]))
        joined += f" {text}" if spaced else text
    return joined
