"""The user's words since the floor last took a turn from them, out of transcripts that overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vivavoce.core.transcript import Transcript

__all__ = ["Utterance", "join"]

_TOUCH_S = 0.01  # stretches that share less than this do not overlap

# Kana, ideographs and their punctuation: scripts that put no spaces between words.
_UNSPACED = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


class Utterance:
    """Transcripts in the order of the audio they cover; a newer one replaces what it overlaps."""

    def __init__(self) -> None:
        self._parts: list[Transcript] = []

    def add(self, transcript: Transcript) -> None:
        """Place a transcript by its coverage."""
        kept = [
            part
            for part in self._parts
            if part.end <= transcript.start + _TOUCH_S or part.start >= transcript.end - _TOUCH_S
        ]
        kept.append(transcript)
        kept.sort(key=lambda part: part.start)
        self._parts = kept

    def clear(self) -> None:
        """Forget everything."""
        self._parts.clear()

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
    def end(self) -> float | None:
        """Up to where the audio is covered (s), None when nothing is."""
        return self._parts[-1].end if self._parts else None

    def final_until(self, time: float) -> bool:
        """Whether final transcripts cover everything up to `time` (s)."""
        if not self._parts or not all(part.is_final for part in self._parts):
            return False
        return self._parts[-1].end >= time - _TOUCH_S


def join(texts: Iterable[str]) -> str:
    """Texts behind one another, with a space between where the script writes one."""
    joined = ""
    for text in texts:
        text = text.strip()
        if joined and text and not (_UNSPACED.match(joined[-1]) and _UNSPACED.match(text[0])):
            joined += " "
        joined += text
    return joined
