"""Word errors between two texts, and when two transcripts say the same.

Both sides are written out as they are spoken first, so that "$5" equals "five dollars" and neither
case nor punctuation counts. Languages without spaces, and Korean, whose spacing is loose, are
compared by character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.text.normalise import speakable
from vivavoce.text.script import SPACELESS

__all__ = ["WordErrors", "word_errors", "words"]

_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
_UNIT = re.compile(
    rf"[{SPACELESS}{_HANGUL}]"
    rf"|(?:[^\W_{SPACELESS}{_HANGUL}]|[\u0300-\u036f\u0900-\u0903\u093a-\u094f\u064b-\u0652])+"
)
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)|(?<=\b\w)\.(?=\w\b)")
# Spellings of one English word, and the "and" that only some say: "a hundred (and) five".
_SAME = {
    "mr": "mister", "mrs": "missus", "dr": "doctor", "ms": "miz", "ok": "okay", "vs": "versus",
    "etc": "et cetera", "alright": "all right", "cannot": "can not", "per cent": "percent",
}  # fmt: skip
_ENGLISH = re.compile(rf"\b(?:{'|'.join(_SAME)})\b|(?<=\bhundred) and\b|(?<=\bthousand) and\b")


def words(text: str, language: str = "en") -> list[str]:
    """The words of a text in the one form in which they are compared; characters in CJK."""
    said = unicodedata.normalize("NFKC", speakable(text, language).text).casefold()
    said = _APOSTROPHE.sub("", said)
    if language.startswith("en"):
        said = _ENGLISH.sub(lambda match: _SAME.get(match[0], ""), said.replace("-", " "))
    return _UNIT.findall(said)


@dataclass(frozen=True, slots=True)
class WordErrors:
    """What must change in a reference to give a hypothesis. Add them up to pool several texts."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference_words: int = 0

    @property
    def total(self) -> int:
        """All errors."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Word error rate; infinite where something was heard in nothing."""
        if not self.reference_words:
            return float("inf") if self.total else 0.0
        return self.total / self.reference_words

    def __add__(self, other: WordErrors) -> WordErrors:
        return WordErrors(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.reference_words + other.reference_words,
        )


# One integer a cell: the edit distance in the high bits, below it the count of each kind, so that
# the minimum needs no backtracking and is the same whichever way it is reached.
_BITS = 24
_DISTANCE = 1 << 3 * _BITS
_SUBSTITUTION = _DISTANCE + 1
_DELETION = _DISTANCE + (1 << _BITS)
_INSERTION = _DISTANCE + (1 << 2 * _BITS)


def word_errors(
    reference: str | Sequence[str], hypothesis: str | Sequence[str], language: str = "en"
) -> WordErrors:
    """The fewest edits between two texts, or between two lists of words taken as they are.

    Time and memory grow as the product and the smaller of the lengths: 0.1 s for 500 words each.
    """
    wanted = words(reference, language) if isinstance(reference, str) else list(reference)
    given = words(hypothesis, language) if isinstance(hypothesis, str) else list(hypothesis)
    count = len(wanted)
    while wanted and given and wanted[-1] == given[-1]:
        wanted.pop()
        given.pop()
    row = [column * _INSERTION for column in range(len(given) + 1)]
    for number, want in enumerate(wanted, 1):
        diagonal, row[0] = row[0], number * _DELETION
        for column, got in enumerate(given, 1):
            best = diagonal
            if want != got:
                best = min(
                    diagonal + _SUBSTITUTION, row[column] + _DELETION, row[column - 1] + _INSERTION
                )
            diagonal, row[column] = row[column], best
    mask = (1 << _BITS) - 1
    cell = row[-1]
    return WordErrors(cell & mask, cell >> _BITS & mask, cell >> 2 * _BITS & mask, count)
