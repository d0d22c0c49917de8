"""Where a text that is still being written may be cut for speech, and how well.

One character at a time, so that the answer cannot depend on how the text was chunked. A place is
judged when the character behind it is known; two kinds need the word behind it as well: after
"U.S." or an initial only that word tells a name from a new sentence, and a pause before a function
word ("the answer | of the") beats one before a content word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from vivavoce.text.lexicon import (
    FUNCTION_WORDS,
    MONTHS,
    OPENING,
    STARTERS,
    TRAILING,
    TYING_NUMBER,
)
from vivavoce.text.script import CJK, HAN, KANA, is_spaceless

__all__ = ["Break", "BreakScanner", "Strength"]

LOOK_BACK = 80  # characters of context kept: longer than any abbreviation, date or marker
ENCLOSED = 60  # a quotation or bracket up to this long is one unit (about ten words, four seconds)
DEEPEST = 4  # nested quotations and brackets that are followed

TERMINATORS = ".!?…。！？｡।॥؟۔።"
FULL_TERMINATORS = "。！？｡।॥؟۔።"  # these end a sentence without white space behind
CLAUSE_MARKS = ",;:،؛、，；：､—–"
FULL_CLAUSE_MARKS = "、，；：､،؛"
CLOSERS = "\"'”’»)]}」』）】》〉*_`"
_PAIRS = {
    "(": ")", "[": "]", "（": "）", "「": "」", "『": "』", "【": "】", "《": "》",
    "“": "”", "„": "“", "«": "»", "`": "`", '"': '"',
}  # fmt: skip

_LAST_WORD = re.compile(r"\S+$")
_ENDED = re.compile(rf"[{re.escape(TERMINATORS)}][{re.escape(CLOSERS + TERMINATORS)}]*$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?)+$")
_MARKER = re.compile(r"(\d{1,3})[.)]$")
_BULLET = re.compile(r"[-*+•–—#>]+$")
_TIED_LEFT = re.compile(r"[\d%][)\]]?$|[$€£¥₩₹#№§~≈=+×÷<>/&@^-]$")
_DAY = re.compile(r"\d\d?")  # German: "am 3. Mai"
_CLAUSE_MARKS = frozenset(CLAUSE_MARKS)
_MONTH_DAY = re.compile(r"([^\W\d_]+)\.?\s+\d{1,2},$")
_EDGES = "\"'“”‘’«»()[]{}*_`¿¡,;:."


class Strength(IntEnum):
    """How good a place is for a cut."""

    TIED = 0  # inside a number, a name, a date: only when nothing else is left
    WEAK = 1  # behind a function word
    WORD = 2  # between words
    PHRASE = 3  # before a function word, or between the phrases of a script without spaces
    CLAUSE = 4
    SENTENCE = 5


@dataclass(frozen=True, slots=True)
class Break:
    """A place for a cut: `position` characters from the start of the text.

    The same place may be told again, stronger, once more of the text is known.
    """

    position: int
    strength: Strength


class BreakScanner:
    """Finds the breaks of a growing text."""

    def __init__(self) -> None:
        self.position = 0
        self.in_fence = False
        self._tail = ""  # the last characters, white space in front of the next word included
        self._open: list[tuple[str, int]] = []
        self._word_at = 0  # where the word under way begins
        self._before = ""  # the word before it
        self._undecided = False  # the break before the word under way waits for that word
        self._marker = 0  # the last number of the list under way

    def step(self, character: str) -> Iterator[Break]:
        """Take the next character; yields the breaks that it settles, earlier places first."""
        tail = self._tail
        if tail and not self.in_fence and not character.isspace():
            last = tail[-1]
            if last.isspace():
                yield from self._between_words(tail, character)
            elif not (last.isascii() and character.isascii()):
                strength = _spaceless_break(tail, character)
                if strength is not None and not self._enclosed():
                    yield Break(self.position, strength)
        self._track(character)
        self._tail = (tail if len(tail) < 2 * LOOK_BACK else tail[-LOOK_BACK:]) + character
        self.position += 1

    def _between_words(self, tail: str, character: str) -> Iterator[Break]:
        words = tail.rstrip()
        match = _LAST_WORD.search(words)
        word = match[0] if match else ""
        if self._word_at:
            yield from self._settle(word)
        undecided = False
        if word:
            listed = self._marks_list(words, word)
            if listed and self._word_at:
                yield Break(self._word_at, Strength.SENTENCE)  # "1. Wash | 2. Dry"
            judged = (
                Strength.TIED
                if listed or self._enclosed()
                else _judge(words, word, tail[len(words) :], character)
            )
            undecided = judged is None
            yield Break(self.position, judged or Strength.TIED)
        self._before, self._word_at = word, self.position
        self._undecided = undecided

    def _settle(self, word: str) -> Iterator[Break]:
        """Judge the break before `word` again, now that the word is known."""
        plain = word.strip(_EDGES).lower()
        if self._undecided:
            is_number = self._before[:1].isdigit()
            if (plain not in MONTHS) if is_number else (plain in STARTERS):
                yield Break(self._word_at, Strength.SENTENCE)
        elif (
            plain in FUNCTION_WORDS
            and self._before[-1:].isalpha()
            and self._before.lower() not in FUNCTION_WORDS
            and not self._enclosed()
        ):
            yield Break(self._word_at, Strength.PHRASE)

    def _marks_list(self, words: str, word: str) -> bool:
        """Whether `word` numbers a list: at a line's start, or as the number that is due."""
        marker = _MARKER.fullmatch(word)
        if marker is None:
            return False
        number = int(marker[1])
        before = words[: -len(word)].rstrip(" \t")
        if not (before[-1:] in ("", "\n") or number == self._marker + 1 > 1):
            return False
        self._marker = number
        return True

    def _track(self, character: str) -> None:
        """Follow quotations, brackets and code fences."""
        if character == "`" and self._tail.endswith("``"):
            self.in_fence = not self.in_fence
            self._open.clear()
        elif self.in_fence:
            return
        elif self._open and character == self._open[-1][0]:
            self._open.pop()
        elif character in _PAIRS and len(self._open) < DEEPEST:
            is_inches = character == '"' and self._tail[-1:].isalnum()
            if not is_inches:
                self._open.append((_PAIRS[character], self.position))

    def _enclosed(self) -> bool:
        while self._open and self.position - self._open[0][1] > ENCLOSED:
            self._open.pop(0)
        return bool(self._open)


def _judge(words: str, word: str, space: str, character: str) -> Strength | None:
    """The break behind `word`; None when the word behind it has to tell."""
    if _BULLET.match(word) and "\n" in ("\n" + words)[-len(word) - 1 :]:
        return Strength.TIED
    if "\n" in space and (not character.islower() or space.count("\n") > 1):
        return Strength.SENTENCE
    ended = _ENDED.search(word)
    if ended:
        return _judge_end(word[: ended.start()], ended[0], character)
    if word.rstrip(CLOSERS)[-1:] in _CLAUSE_MARKS or character in "—–-" or "\n" in space:
        day = _MONTH_DAY.search(words) if character.isdigit() else None
        return Strength.TIED if day and day[1].lower() in MONTHS else Strength.CLAUSE
    return _judge_word(word, character)


def _judge_end(stem: str, mark: str, character: str) -> Strength | None:
    """The break behind a word that ends in `mark`, a full stop or the like."""
    if mark[0] != "." or len(mark.strip(CLOSERS)) > 1:
        goes_on = character.islower() and mark[0] not in FULL_TERMINATORS
        return Strength.CLAUSE if goes_on else Strength.SENTENCE
    plain = stem.strip(_EDGES)
    lower = plain.lower()
    if lower in OPENING or (character.isdigit() and lower in TYING_NUMBER):
        return Strength.TIED
    if lower in TRAILING:
        return Strength.SENTENCE if character.isupper() else Strength.WORD
    if _INITIALS.fullmatch(plain + ".") or (_DAY.fullmatch(plain) and character.isupper()):
        return None if character.isupper() else Strength.TIED
    return Strength.WORD if character.islower() else Strength.SENTENCE


def _judge_word(word: str, character: str) -> Strength:
    """The break between two words without punctuation."""
    if _TIED_LEFT.search(word) or character in "%°℃℉&+=/×÷<>":
        return Strength.TIED
    plain = word.strip(_EDGES)
    lower = plain.lower()
    if character.isdigit() and lower.rstrip(".") in MONTHS:
        return Strength.TIED
    if lower in FUNCTION_WORDS:
        return Strength.WEAK
    if plain[:1].isupper() and character.isupper():
        return Strength.TIED  # "New York", "Jane Smith"
    return Strength.WEAK if character.isdigit() else Strength.WORD


_KANA_THEN_WORD = re.compile(rf"[ぁ-ゖ][{HAN}ァ-ヺ]$")
_SENTENCE_BEHIND = re.compile(
    rf"(?:[{FULL_TERMINATORS}]|(?<=[{CJK}가-힣])[.!?…]|[!?](?=.[{CJK}])|……)[{re.escape(CLOSERS)}]*.$"
)
_CLAUSE_BEHIND = re.compile(rf"(?:(?<!\d)[{FULL_CLAUSE_MARKS}]|[{FULL_CLAUSE_MARKS}](?!\d)).$")
_IS_KANA = re.compile(f"[{KANA}]")
_CLINGING = frozenset(TERMINATORS + CLOSERS + CLAUSE_MARKS)
# Chinese marks a phrase's end with these; each is also part of some words, so the pause is weak.
_CHINESE_PARTICLES = frozenset("的了着过呢吧")


def _spaceless_break(tail: str, character: str) -> Strength | None:
    """The break between two characters without space, of which at least one is not ASCII."""
    last = tail[-1]
    if character in _CLINGING or (last.isascii() and not is_spaceless(character)):
        return None
    end = tail[-6:] + character
    strength: Strength | None = None
    if _SENTENCE_BEHIND.search(end):
        quoted = last in CLOSERS and "ぁ" <= character <= "ゖ"  # 「はい。」と言った
        strength = Strength.WEAK if quoted else Strength.SENTENCE
    elif _CLAUSE_BEHIND.search(end):
        strength = Strength.CLAUSE
    elif _KANA_THEN_WORD.search(end) and last not in "おごの":
        strength = Strength.PHRASE  # a Japanese phrase is a word and its kana: 私は|昨日|東京へ
    elif last in _CHINESE_PARTICLES and not _IS_KANA.match(character):
        strength = Strength.WEAK
    return strength
