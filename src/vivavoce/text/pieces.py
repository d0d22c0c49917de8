"""Speakable pieces out of a stream of tokens: the first one early, later ones longer."""

from __future__ import annotations

import unicodedata

from vivavoce.text.breaks import Break, BreakScanner, Strength
from vivavoce.text.script import is_spaceless

__all__ = ["PieceSplitter"]

FIRST_WORDS = 5  # ~1.7 s of speech: an embedded model writes 20-45 tokens more in that time
PATIENCE_WORDS = 3  # how many words longer the first piece may grow to find a place for its end
MAX_CHARACTERS = 240  # ~16 s of speech; longer ones only delay the first sound and add nothing
REACH = 8  # words of the second piece that make its next clause an end; twice as many, any word
MOST_REACH = 20  # words, about half of MAX_CHARACTERS
GROWTH = 2  # an engine at half of real time has made a piece twice as long when the last one ends
HARD = 4  # times max_characters: a unit this long (a URL, a text without spaces) is cut anywhere
SPACELESS_WORD = 0.5  # a Han character or kana is about half an English word long when spoken


class PieceSplitter:
    """Cuts one answer into pieces for synthesis; together they are exactly the text.

    Where the cuts fall depends on the text alone, not on how it was chunked. White space stays
    with the piece before it. A code fence is never cut.

    `first_words`: the first piece ends at a clause, or at about this many words. A Han character or
    kana counts as half a word, a Korean syllable as well. `max_characters` bounds every piece
    that has a space to be cut at.
    """

    def __init__(
        self, *, first_words: int = FIRST_WORDS, max_characters: int = MAX_CHARACTERS
    ) -> None:
        self._first_words = first_words
        self._max_characters = max_characters
        self._restart()

    def _restart(self) -> None:
        self._scanner = BreakScanner()
        self._text = ""  # what is not given out yet
        self._start = 0  # its position in the whole
        self._breaks: dict[int, tuple[Strength, float]] = {}  # position: strength, words before it
        self._words = 0.0  # words so far, in the whole
        self._spent = 0.0  # words given out
        self._in_word = False
        self._reach = REACH

    def feed(self, delta: str) -> list[str]:
        """Take more text; gives the pieces that it completes."""
        pieces: list[str] = []
        step = self._scanner.step
        for character in delta:
            for found in step(character):
                self._breaks[found.position] = (found.strength, self._words_at(found))
                cut = self._choose(found)
                if cut is not None:
                    pieces.append(self._cut(cut))
            length = self._scanner.position - 1 - self._start
            if length >= HARD * self._max_characters and self._may_cut_before(character):
                pieces.append(self._cut(self._scanner.position - 1))
            self._count(character)
            self._text += character
        return pieces

    def flush(self) -> list[str]:
        """The text is over: gives what is left, and starts anew."""
        rest = self._text
        self._restart()
        return [rest] if rest else []

    def _count(self, character: str) -> None:
        if is_spaceless(character):
            self._words += SPACELESS_WORD
            self._in_word = False
        elif "가" <= character <= "힣":
            self._words += SPACELESS_WORD
            self._in_word = True
        elif character.isalnum():
            self._words += not self._in_word
            self._in_word = True
        elif character.isspace():
            self._in_word = False

    def _words_at(self, found: Break) -> float:
        """Words before the break; a break told again keeps its count."""
        known = self._breaks.get(found.position)
        return known[1] if known else self._words

    def _choose(self, found: Break) -> int | None:
        """Where to cut, now that `found` is known."""
        words = self._breaks[found.position][1]
        if words == self._spent or found.position <= self._start:
            return None  # nothing that can be said
        if found.strength is Strength.SENTENCE:
            return found.position
        if self._spent < self._first_words:
            return self._choose_early(found, words - self._spent)
        words -= self._spent
        if found.strength is Strength.CLAUSE and words >= self._reach:
            return found.position
        if words >= 2 * self._reach or found.position - self._start >= self._max_characters:
            return self._best(self._spent + self._first_words)
        return None

    def _choose_early(self, found: Break, words: float) -> int | None:
        if found.strength is Strength.CLAUSE:
            return found.position
        if words < self._first_words:
            return None
        best = self._best(self._spent + self._first_words - 1)
        patient = words < self._first_words + PATIENCE_WORDS
        if best is None or (patient and self._breaks[best][0] < Strength.WORD):
            return None
        return best if self._breaks[best][0] > Strength.TIED else None

    def _best(self, least_words: float) -> int | None:
        """The strongest break that has so many words before it; the later one of equals."""
        able = [
            (strength, position)
            for position, (strength, words) in self._breaks.items()
            if words >= least_words
        ]
        return max(able)[1] if able else None

    def _may_cut_before(self, character: str) -> bool:
        joins = unicodedata.combining(character) or character in "\u200d\ufe0e\ufe0f"
        return not joins and not self._scanner.in_fence

    def _cut(self, position: int) -> str:
        piece = self._text[: position - self._start]
        self._text = self._text[position - self._start :]
        early = self._spent < self._first_words
        self._spent = self._breaks.get(position, (Strength.TIED, self._words))[1]
        self._breaks = {at: held for at, held in self._breaks.items() if at > position}
        if not early:
            self._reach = min(self._reach * GROWTH, MOST_REACH)
        self._start = position
        return piece
