"""Which characters make words in which writing system."""

from __future__ import annotations

import re

__all__ = ["CJK", "HAN", "KANA", "SPACELESS", "is_spaceless", "spoken_words", "word_spans"]

# Insides of a regular expression's character class.
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d"
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
CJK = KANA + HAN
SOUTH_EAST = "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
SPACELESS = CJK + SOUTH_EAST

_SPACELESS = re.compile(f"[{SPACELESS}]")
_WORD = re.compile(rf"[^\s\w]*[{SPACELESS}][^\s\w]*|[^\s{SPACELESS}]+")


def is_spaceless(character: str) -> bool:
    """Whether the character belongs to a script that writes no spaces between words."""
    return character > "\u0e00" and _SPACELESS.match(character) is not None


def spoken_words(text: str) -> tuple[str, ...]:
    """The words of spoken text, as alignment counts them.

    What stands between white space is a word; in a script without spaces each character is one,
    together with the punctuation at it.
    """
    return tuple(text[start:end] for start, end in word_spans(text))


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the spoken words stand in the text."""
    return [match.span() for match in _WORD.finditer(text)]
