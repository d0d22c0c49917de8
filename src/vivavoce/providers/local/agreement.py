"""Which part of a growing hypothesis will stay: what two successive ones agree on.

LocalAgreement-2: Liu et al. 2020, "Low-latency sequence-to-sequence speech recognition"; used for
Whisper by Macháček et al. 2023, "Turning Whisper into real-time transcription system".
"""

from __future__ import annotations

from itertools import takewhile

__all__ = ["agreed"]

# Scripts without spaces between words: Thai to Khmer, kana to Hangul's neighbours, ideographs.
UNSPACED = (("\u0e00", "\u0eff"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"))


def agreed(earlier: str, later: str) -> str:
    """The whole words that both hypotheses begin with.

    Punctuation at the end is left out, because a comma becomes a full stop as words follow.
    """
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(earlier, later, strict=False))
    common = "".join(letter for letter, _ in pairs)
    while common and (_inside(common, earlier) or _inside(common, later)):
        common = common[:-1]
    while common and not common[-1].isalnum():
        common = common[:-1]
    return common


def _inside(common: str, whole: str) -> bool:
    """Whether the end of `common` lies inside a word of `whole`."""
    if len(common) == len(whole):
        return False
    before, after = common[-1], whole[len(common)]
    return all(letter.isalnum() or letter == "'" for letter in (before, after)) and not any(
        low <= letter <= high for letter in (before, after) for low, high in UNSPACED
    )
