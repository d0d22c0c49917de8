"""Subtitles: cues of at most two lines, as SubRip and as WebVTT.

Widths are those that broadcasters ask for: 42 columns a line of Latin script, 16 full-width
characters of Chinese and Korean, 13 of Japanese. Lines break where a reader pauses: between words,
better between phrases; in Chinese and Japanese between any two characters, but no line begins with
a closing mark or ends with an opening one (JIS X 4051, "kinsoku").
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, zip_longest

from vivavoce.core.transcript import Transcript, Word
from vivavoce.text.breaks import BreakScanner, Strength
from vivavoce.text.script import HAN, KANA, is_spaceless

__all__ = ["Cue", "cues_of", "srt", "vtt"]

LATIN_COLUMNS, FULL_WIDTH_COLUMNS, JAPANESE_COLUMNS = 42, 32, 26
SHORTEST_S = 5 / 6  # 20 frames of 24 a second: a cue that is gone sooner is not read
GAP_S = 2 / 24  # between cues, so that a change is seen

_KANA = re.compile(f"[{KANA}]")
_WIDE = re.compile(f"[{HAN}\uac00-\ud7a3]")
_NOT_FIRST = frozenset(
    "、。，．・：；？！‼⁇⁈⁉）」』】》〉〕｝］’”»ー々ゝゞヽヾ…‥〜～％℃"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ,.:;?!)]}%"
)
_NOT_LAST = frozenset("（「『【《〈〔｛［‘“«([{¥￥$€£#")
_NOT_FIRST_WIDE = frozenset(c for c in _NOT_FIRST if ord(c) > 0x2FFF)  # these need no space

FULLNESS = 3.5  # a full cue is worth that many degrees of a break's strength: a word's end, where
# the cue is full, beats a sentence's end after its first few words
LINE_STRENGTH = 4  # columns of unevenness that a degree of strength is worth


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown from `start` to `end` (s); at most two lines, parted by a newline."""

    start: float
    end: float
    text: str


def cues_of(transcripts: Iterable[Transcript]) -> list[Cue]:
    """The cues of final transcripts, in order and without overlap.

    Times are those of the words where there are any. Otherwise a cue takes the share of its
    transcript's time that its text has of the text.
    """
    cues: list[Cue] = []
    for transcript in transcripts:
        for cue in _cues(transcript):
            earliest = cues[-1].start if cues else 0.0  # words may be told out of order
            cues.append(replace(cue, start=max(cue.start, earliest)))
    return [
        replace(cue, end=_end(cue, following)) for cue, following in zip_longest(cues, cues[1:])
    ]


def srt(cues: Iterable[Cue]) -> str:
    """SubRip, UTF-8 text with numbered cues."""
    return "\n".join(
        f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{_safe(cue.text)}\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """WebVTT (W3C, 2019)."""
    blocks = [
        f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{_escaped(cue.text)}\n" for cue in cues
    ]
    return "\n".join(["WEBVTT\n", *blocks])


# --- cues ---------------------------------------------------------------------------------------


def _cues(transcript: Transcript) -> list[Cue]:
    text = _Text(" ".join(transcript.text.split()))
    times = _Times(text, transcript)
    cues = []
    for start, end in text.cues():
        lines = [text.plain[a:b] for a, b in text.lines(start, end)]
        cues.append(Cue(*times.of(start, end), "\n".join(lines)))
    return cues


def _end(cue: Cue, following: Cue | None) -> float:
    """When the cue goes: not too soon to be read, and before the next one comes."""
    end = max(cue.end, cue.start + SHORTEST_S)
    if following is None:
        return end
    latest = following.start - GAP_S
    return max(cue.start, min(end, latest if latest > cue.start else following.start))


class _Times:
    """When each stretch of the text was said."""

    def __init__(self, text: _Text, transcript: Transcript) -> None:
        self._start, self._end = transcript.start, max(transcript.end, transcript.start)
        self._text = text
        self._words = _located(text.plain, transcript.words)

    def of(self, start: int, end: int) -> tuple[float, float]:
        """Seconds of the characters from `start` to `end`."""
        said = [word for at, word in self._words if start <= at < end]
        if said:
            return said[0].start, max(said[-1].end, said[0].start)
        return self._share(start), self._share(end)

    def _share(self, position: int) -> float:
        text = self._text
        share = text.columns(0, position) / max(1, text.columns(0, len(text.plain)))
        return self._start + share * (self._end - self._start)


def _located(text: str, words: Sequence[Word]) -> list[tuple[int, Word]]:
    """Where each word begins in the text; one that is not there as it stands is left out."""
    located, cursor = [], 0
    for word in words:
        plain = word.text.strip()
        at = text.find(plain, cursor) if plain else -1
        if at >= 0:
            located.append((at, word))
            cursor = at + len(plain)
    return located


# --- lines --------------------------------------------------------------------------------------

Span = tuple[int, int]


class _Text:
    """A text on one line, and where it may be parted."""

    def __init__(self, plain: str) -> None:
        self.plain = plain
        self._width = _line_columns(plain)
        self._columns = [0, *accumulate(_width(character) for character in plain)]
        self._strengths = _breaks(plain)
        self._breaks = sorted(self._strengths)

    def columns(self, start: int, end: int) -> int:
        """How wide the characters from `start` to `end` are."""
        return self._columns[end] - self._columns[start]

    def cues(self) -> Iterator[Span]:
        """The stretches that make a cue each."""
        start = 0
        while start < len(self.plain):
            start += self.plain[start] == " "  # a cut inside of a long word may stand before one
            end = len(self.plain)
            if not self._fits(start, end):
                end = self._cue_end(start)
            yield self._stripped(start, end)
            start = end

    def lines(self, start: int, end: int) -> list[Span]:
        """The lines of a cue."""
        at = self._parting(start, end) if self.columns(start, end) > self._width else None
        return [(start, end)] if at is None else [self._stripped(start, at), (at, end)]

    def _cue_end(self, start: int) -> int:
        """Where a cue that begins at `start` ends best: at a strong break, well filled, and with
        no crumb left behind."""
        room = 2 * self._width

        def merit(at: int) -> float:
            left = min(self.columns(start, at), self.columns(at, len(self.plain)), room)
            return self._strengths[at] + FULLNESS * left / room

        fitting = [at for at in self._between(start, len(self.plain)) if self._fits(start, at)]
        return max(fitting, key=merit) if fitting else self._at_column(start)

    def _parting(self, start: int, end: int) -> int | None:
        """Where a cue parts best into two lines; None if it does not."""

        def cost(at: int) -> float:
            above = self.columns(*self._stripped(start, at))
            below = self.columns(at, end)
            top_heavy = max(0, above - below)  # a short upper line hides less of the picture
            return abs(above - below) + top_heavy - LINE_STRENGTH * self._strengths[at]

        able = [
            at
            for at in self._between(start, end)
            if self.columns(*self._stripped(start, at)) <= self._width
            and self.columns(at, end) <= self._width
        ]
        return min(able, key=cost, default=None)

    def _between(self, start: int, end: int) -> list[int]:
        """The breaks after `start` and before `end` that a cue from `start` could reach."""
        first = bisect_right(self._breaks, start)
        reach = bisect_right(self._columns, self._columns[start] + 2 * self._width + 2)
        return self._breaks[first : bisect_left(self._breaks, min(end, reach))]

    def _fits(self, start: int, end: int) -> bool:
        start, end = self._stripped(start, end)
        columns = self.columns(start, end)
        if columns > 2 * self._width + 1:  # the space between the lines is not shown
            return False
        return columns <= self._width or self._parting(start, end) is not None

    def _stripped(self, start: int, end: int) -> Span:
        while end > start and self.plain[end - 1] == " ":
            end -= 1
        return start, end

    def _at_column(self, start: int) -> int:
        """Where the line is full, when nothing may be parted: inside a long address."""
        at = bisect_right(self._columns, self._columns[start] + self._width) - 1
        return max(at, start + 1)


def _breaks(text: str) -> dict[int, Strength]:
    """Where lines may break, and how well."""
    scanner = BreakScanner()
    strengths: dict[int, Strength] = {}
    for character in text:
        for found in scanner.step(character):
            strengths[found.position] = found.strength
    return {
        at: strengths.get(at, Strength.WORD if text[at - 1] == " " else Strength.TIED)
        for at in range(1, len(text))
        if _may_break(text[at - 1], text[at])
    }


def _may_break(before: str, behind: str) -> bool:
    if before == " ":
        return behind != " "
    if behind == " " or before in _NOT_LAST or behind in _NOT_FIRST or _width(behind) == 0:
        return False
    return is_spaceless(before) or is_spaceless(behind) or before in _NOT_FIRST_WIDE


def _line_columns(text: str) -> int:
    if _KANA.search(text):
        return JAPANESE_COLUMNS
    return FULL_WIDTH_COLUMNS if _WIDE.search(text) else LATIN_COLUMNS


@lru_cache(maxsize=4096)
def _width(character: str) -> int:
    """Columns: 2 for a full-width character, 0 for one that joins the one before."""
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


# --- files --------------------------------------------------------------------------------------


def _time(seconds: float, mark: str) -> str:
    minutes, milliseconds = divmod(round(1000 * max(0.0, seconds)), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{mark}{milliseconds % 1000:03}"


def _safe(text: str) -> str:
    """Text without what a reader would take for the times of a cue."""
    return text.replace("-->", "->")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
