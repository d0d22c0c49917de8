"""A text as it is spoken, tied word by word to the text as it was written.

An interrupted answer keeps exactly what was heard. The voice says "three dollars and fifty cents"
where "$3.50" was written, so what was heard is found through the tokens: a written token counts
once the last of its spoken words was played.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.core.transcript import Word
from vivavoce.text.markup import Cleaned
from vivavoce.text.script import SPACELESS, is_spaceless, word_spans

__all__ = ["Edit", "Spoken", "SpokenToken", "assemble"]

Edit = tuple[int, int, str]
"""Start and end in a text, and what is said instead of that stretch."""


@dataclass(frozen=True, slots=True)
class SpokenToken:
    """A written token and the words that are said for it.

    `start` and `end` are characters of the original text, white space and silent marks included;
    `spoken_end` is where its words end in the spoken text.
    """

    words: tuple[str, ...]
    start: int
    end: int
    spoken_end: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """What the voice is given, `text`, and how it maps back to `original`.

    The tokens cover the original from its first to its last character, in order and without gaps.
    Text with nothing to say in it is one token without words, and `text` is empty then.
    """

    original: str
    text: str
    tokens: tuple[SpokenToken, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """All spoken words; the same as `spoken_words(text)`."""
        return tuple(word for token in self.tokens for word in token.words)

    def heard(self, words: int) -> str:
        """The prefix of the original that was heard once so many spoken words were played."""
        end = 0
        for token in self.tokens:
            words -= len(token.words)
            if words < 0:
                break
            end = token.end
        return self.original[:end]

    def heard_characters(self, characters: int) -> str:
        """The same, for an engine that tells its progress in characters of `text`."""
        count = bisect_right(self.tokens, characters, key=lambda token: token.spoken_end)
        return self.original[: self.tokens[count - 1].end] if count else ""

    def timed(self, times: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
        """The original's words with times, from those of each spoken word (start, end in s).

        Raises ValueError when there are not as many times as spoken words.
        """
        words: list[Word] = []
        done = 0
        if len(times) != len(self.words):
            raise ValueError(f"{len(times)} times for {len(self.words)} spoken words")
        for token in self.tokens:
            said = times[done : done + len(token.words)]
            done += len(said)
            if said:
                written = self.original[token.start : token.end].strip()
                words.append(Word(written, said[0][0], said[-1][1]))
        return tuple(words)


# What stands between white space, or a character of a script without spaces, and the space behind.
_CHUNK = re.compile(rf"(?:[^\s\w]*[{SPACELESS}][^\s\w]*|[^\s{SPACELESS}]+)\s*")
_SILENT = re.compile(r"[*_#|\\^~`<>{}\[\]]+")
_SOUND = re.compile(r"[^\W_]")
_LONELY = re.compile(r"(?:^| )((?:[^\w\s]|_)+)(?= |$)")  # marks that an edit parted from their word
_PAUSE = re.compile(r"[.!?。！？]|[-—–…:;,]")


def assemble(cleaned: Cleaned, edits: Sequence[Edit]) -> Spoken:
    """Join the kept text and the edits (in order, not overlapping) to what is said."""
    original = cleaned.original
    starts: list[int] = []
    parts: list[str] = []
    spaced: list[bool] = []  # whether white space stands behind the part
    for start, end in _spans(cleaned.text, edits):
        said = _apply(cleaned.text, start, end, edits)
        written_at = cleaned.end_of(start)
        if _SOUND.search(said) is None:
            pause = _PAUSE.search(said)
            if pause and parts and parts[-1][-1:].isalnum():
                parts[-1] += pause[0] if pause[0] in ".!?。！？" else ","
            continue
        if starts and written_at == starts[-1]:  # both stand for one thing that was written
            parts[-1] = f"{parts[-1]} {said}"
        else:
            starts.append(written_at)
            parts.append(said)
            spaced.append(False)
        spaced[-1] = cleaned.text[end - 1].isspace()
    if not parts:
        silent = (SpokenToken((), 0, len(original), 0),) if original else ()
        return Spoken(original, "", silent)
    return _tie(original, starts, parts, spaced)


def _spans(text: str, edits: Sequence[Edit]) -> list[tuple[int, int]]:
    """The chunks of the text, joined where an edit reaches over their border."""
    spans: list[tuple[int, int]] = []
    following = 0
    for match in _CHUNK.finditer(text):
        start, end = match.span()
        while following < len(edits) and edits[following][1] <= start:
            following += 1
        if following < len(edits) and edits[following][0] < start and spans:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _apply(text: str, start: int, end: int, edits: Sequence[Edit]) -> str:
    first = bisect_right(edits, start, key=lambda edit: edit[1])
    said: list[str] = []
    for edit_start, edit_end, words in edits[first:]:
        if edit_start >= end:
            break
        said += (text[start:edit_start], words)
        start = edit_end
    said.append(text[start:end])
    return _LONELY.sub(r"\1", " ".join(_SILENT.sub(" ", "".join(said)).split()))


def _tie(original: str, starts: list[int], parts: list[str], spaced: list[bool]) -> Spoken:
    """Tokens out of where they start in the original and what is said for each."""
    text = ""
    ends: list[int] = []
    for number, part in enumerate(parts):
        if text and (spaced[number - 1] or not (is_spaceless(text[-1]) or is_spaceless(part[0]))):
            text += " "
        text += part
        ends.append(len(text))
    # A word counts with the part in which it begins; a part in which none does joins the last.
    words: list[list[str]] = [[] for _ in parts]
    at = 0
    for word_start, word_end in word_spans(text):
        while word_start >= ends[at]:
            at += 1
        words[at].append(text[word_start:word_end])
    kept = [number for number, said in enumerate(words) if said]
    borders = [0, *(starts[number] for number in kept[1:]), len(original)]
    spoken_ends = [*(ends[number - 1] for number in kept[1:]), len(text)]
    tokens = tuple(
        SpokenToken(tuple(words[number]), borders[index], borders[index + 1], spoken_ends[index])
        for index, number in enumerate(kept)
    )
    return Spoken(original, text, tokens)
