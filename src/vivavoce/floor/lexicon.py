"""Words that tell about turns: backchannels, and the bare words to compare transcripts by."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["is_backchannel", "plain", "same_words"]

# Heard while the assistant speaks, these say "go on", not "stop" (Yngve 1970; the English, Spanish,
# Korean, Japanese and Chinese lists of the Switchboard-style backchannel annotations).
_BACKCHANNELS = """
    ah aha alright cool good great hm hmm huh mhm mm mm-hm mm-hmm mmhm mmhmm mmm nice oh ok okay
    really right sure uh uh-huh uhhuh um wow yeah yep yes yup
    ajá claro sí vale ya
    ja genau oui ouais d'accord
    네 네네 네네네 예 응 음 어 아 그래 그래요 맞아 맞아요
    はい はいはい ええ うん うんうん へえ そう そうそう そうですね なるほど
    嗯 嗯嗯 嗯嗯嗯 对 对对 对对对 好 好的 好好 是 是的 哦 喔 啊
"""
# None begins with a word of the list above, so that a text can be read in one way only.
_PHRASES = (
    "all right", "de acuerdo", "go on", "got it", "i see", "muy bien", "of course", "that's right",
    "very good",
)  # fmt: skip

_GO_ON = re.compile(
    f"(?:(?:{'|'.join(map(re.escape, (*_BACKCHANNELS.split(), *_PHRASES)))})(?: |$))+"
)
_MARKS = re.compile(r"[^\w\s'-]|(?<!\w)['-]|['-](?!\w)")


def plain(text: str) -> str:
    """The words alone: case, punctuation and width folded, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(_MARKS.sub(_space, folded).split())


def _space(found: re.Match[str]) -> str:
    """A space for a mark. The vowel signs of Indic scripts are none, though no letters either."""
    return found[0] if unicodedata.category(found[0]).startswith("M") else " "


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts differ in no word."""
    return plain(one) == plain(other)


def is_backchannel(text: str) -> bool:
    """Whether the text says no more than "go on"."""
    return _GO_ON.fullmatch(plain(text)) is not None
