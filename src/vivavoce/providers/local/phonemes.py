"""What each word sounds like, for voices that are fed phonemes.

espeak-ng reads a clause as a whole and joins some words ("of the" is one group of phonemes), so
the groups are shared out among the words again: every word must have its own times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Protocol

__all__ = ["SENTENCE_MARKS", "Reader", "Sound", "pause_mark", "read"]

SENTENCE_MARKS = frozenset(".!?")

_MARKS = {",": ",", ";": ";", ":": ":", ".": ".", "!": "!", "?": "?"}
_MARKS |= {"…": ",", "—": ",", "–": ",", "。": ".", "、": ",", "，": ",", "！": "!", "？": "?"}
_CLOSERS = "\"')]}”’»*_"
_SWITCH = re.compile(r"\([^)]*\)")  # espeak's mark of a word from another language


class Reader(Protocol):
    """Gives the IPA of texts; `EspeakProcess` is one."""

    def phonemes(self, texts: list[str], voice: str) -> list[str]:
        """One string a text, words apart by spaces."""


@dataclass(frozen=True, slots=True)
class Sound:
    """How a word sounds, and what parts it from the next.

    `phonemes` is IPA, "" when espeak swallowed the word. `after` is a mark of `,;:.!?`, a space,
    both, or nothing where the two words are spoken as one.
    """

    phonemes: str
    after: str


def pause_mark(word: str, following: str = "") -> str:
    """The mark of `,;:.!?` that ends `word`, or "". A full stop before a small letter is none."""
    mark = _MARKS.get(word.rstrip(_CLOSERS)[-1:], "")
    return "" if mark == "." and following[:1].islower() else mark


def read(words: Sequence[str], voice: str, reader: Reader) -> tuple[Sound, ...]:
    """One sound a word. Words are as `spoken_words` gives them, punctuation attached."""
    clauses = _clauses(words)
    spoken = [" ".join(words[start:end]).rstrip(".,;:!?…—–") for start, end, _ in clauses]
    found = [_SWITCH.sub("", ipa) for ipa in reader.phonemes(spoken, voice)]
    odd = [
        index
        for index, (start, end, _) in enumerate(clauses)
        if len(found[index].split()) != end - start
    ]
    alone = iter(
        reader.phonemes([word for i in odd for word in words[clauses[i][0] : clauses[i][1]]], voice)
        if odd
        else ()
    )
    sounds: list[Sound] = []
    for index, (start, end, mark) in enumerate(clauses):
        if index in odd:
            guesses = [_SWITCH.sub("", next(alone)) for _ in range(start, end)]
            sounds += share(" ".join(found[index].split()), guesses)
        else:
            sounds += [Sound(ipa, " ") for ipa in found[index].split()]
        last = sounds.pop()
        sounds.append(Sound(last.phonemes, f"{mark} "))
    return tuple(sounds)


def _clauses(words: Sequence[str]) -> list[tuple[int, int, str]]:
    """Start, end and mark of each clause; the last one may have no mark."""
    clauses: list[tuple[int, int, str]] = []
    start = 0
    for index, word in enumerate(words):
        following = words[index + 1] if index + 1 < len(words) else ""
        mark = pause_mark(word, following)
        if mark or not following:
            clauses.append((start, index + 1, mark))
            start = index + 1
    return clauses


def share(spoken: str, alone: Sequence[str]) -> list[Sound]:
    """Share the phonemes of a clause out among its words, by what each word is on its own."""
    places = [place for place, character in enumerate(spoken) if character != " "]
    actual = "".join(spoken.split())
    guess = "".join("".join(word.split()) for word in alone)
    steps = SequenceMatcher(None, guess, actual, autojunk=False).get_opcodes()
    cuts = [0]
    border = 0
    for word in alone[:-1]:
        border += len("".join(word.split()))
        cuts.append(_carried(border, steps))
    cuts.append(len(actual))
    sounds = []
    for start, end in pairwise(cuts):
        text = spoken[places[start] : places[end - 1] + 1] if end > start else ""
        parted = end < len(places) and spoken[places[end] - 1] == " "
        sounds.append(Sound(text, " " if parted and text else ""))
    return sounds


def _carried(border: int, steps: Sequence[tuple[str, int, int, int, int]]) -> int:
    """Where a place between two characters of the guess lies in what was spoken."""
    for _, start, end, to_start, to_end in steps:
        if start <= border < end or (border == end and border > start):
            return to_start + round((border - start) / (end - start) * (to_end - to_start))
    return 0
