"""Words that tell about turns: backchannels, and tails that promise more."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_backchannel", "plain", "same_words", "tail"]

# Heard while the assistant speaks, these say "go on", not "stop" (Yngve 1970; the English, Spanish,
# Korean, Japanese and Chinese lists of the Switchboard-style backchannel annotations).
_BACKCHANNELS = frozenset(
    [
        "ah",
        "aha",
        "alright",
        "cool",
        "good",
        "great",
        "hm",
        "hmm",
        "huh",
        "mhm",
        "mm",
        "mmhm",
        "mmhmm",
        "mmm",
        "nice",
        "oh",
        "ok",
        "okay",
        "right",
        "sure",
        "uh",
        "uhhuh",
        "uh-huh",
        "um",
        "wow",
        "yeah",
        "yep",
        "yes",
        "yup",
        "ajá",
        "claro",
        "sí",
        "vale",
        "ya",
        "ja",
        "genau",
        "oui",
        "ouais",
        "d'accord",
        "네",
        "네네",
        "예",
        "응",
        "음",
        "어",
        "아",
        "그래",
        "그래요",
        "맞아",
        "맞아요",
        "はい",
        "ええ",
        "うん",
        "うんうん",
        "へえ",
        "そう",
        "そうですね",
        "なるほど",
        "嗯",
        "嗯嗯",
        "对",
        "好",
        "好的",
        "是",
        "是的",
        "哦",
        "喔",
        "啊",
    ]
)
_PHRASES = frozenset(
    {
        "all right", "go on", "got it", "i see", "mm hmm", "of course", "oh okay", "oh really",
        "oh right", "oh wow", "oh yeah", "okay great", "that's right", "uh huh", "very good",
        "yeah okay", "yeah right", "de acuerdo", "muy bien",
    }
)  # fmt: skip

_MARKS = re.compile(r"[^\w\s'’-]|(?<!\w)['’-]|['’-](?!\w)")


def plain(text: str) -> str:
    """The words alone: case, punctuation and width folded, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(_MARKS.sub(" ", folded).split())


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts differ in no word."""
    return plain(one) == plain(other)


def is_backchannel(text: str) -> bool:
    """Whether the text says no more than "go on"."""
    words = plain(text)
    if not words:
        return False
    return words in _PHRASES or all(word in _BACKCHANNELS for word in words.split())


def tail(text: str) -> str:
    """The last word, folded; for scripts without spaces the last run of characters."""
    words = plain(text).split()
    return words[-1] if words else ""
