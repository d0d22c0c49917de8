"""How long to wait before a pause is the end of a turn.

Silence alone forces a choice between cutting people off and dead air. Two more witnesses are heard:
what the words say (a finished sentence? a trailing "and"?) and how it sounded (the turn detector's
probability). They are added as evidence in log-odds, and the sum picks one of four waits.
"""

from __future__ import annotations

import math

from vivavoce.floor.lexicon import tail
from vivavoce.floor.policy import Policy

__all__ = ["completeness", "endpoint_wait"]

# Log-odds that the turn is over, by how its text ends.
_SENTENCE = 1.8
_PLAIN = 0.0
_DIGITS = -0.8  # a number may still be being dictated
_COMMA = -1.2
_OPEN = -2.5
_STOPPED_OPEN = -0.8  # a recogniser often ends a broken-off sentence with a full stop

# Weight of the audio model's log-odds: alone it has an AUC of 0.68 on read speech, the text's
# punctuation alone 0.70, both together 0.74 (docs/benchmarks.md, "end of turn").
_AUDIO_WEIGHT = 0.5
_AUDIO_CLIP = 3.0

_SENTENCE_MARKS = (".", "?", "!", "。", "？", "！", "।", "؟")
_COMMA_MARKS = (",", ";", ":", "、", "，", "；", "：", "،")
_OPEN_MARKS = ("...", "…", "-", "–", "—")

_OPEN_TAILS = frozenset(
    [
        "a",
        "although",
        "an",
        "and",
        "are",
        "as",
        "at",
        "because",
        "but",
        "by",
        "can",
        "could",
        "does",
        "for",
        "from",
        "has",
        "have",
        "if",
        "in",
        "into",
        "is",
        "maybe",
        "my",
        "of",
        "on",
        "or",
        "our",
        "than",
        "the",
        "their",
        "there",
        "to",
        "uh",
        "um",
        "uhm",
        "was",
        "were",
        "when",
        "where",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "would",
        "your",
        "y",
        "e",
        "o",
        "u",
        "pero",
        "porque",
        "que",
        "de",
        "del",
        "la",
        "el",
        "los",
        "las",
        "un",
        "una",
        "en",
        "con",
        "para",
        "por",
        "si",
        "como",
        "cuando",
        "und",
        "oder",
        "aber",
        "weil",
        "dass",
        "der",
        "die",
        "das",
        "ein",
        "eine",
        "mit",
        "von",
        "für",
        "wenn",
        "et",
        "ou",
        "mais",
        "parce",
        "que",
        "de",
        "la",
        "le",
        "les",
        "un",
        "une",
        "avec",
        "pour",
        "si",
        "quand",
        "그리고",
        "그런데",
        "그래서",
        "하지만",
        "음",
        "어",
        "그",
        "저",
        "만약",
        "えっと",
        "えーと",
        "あの",
        "その",
        "そして",
        "でも",
        "から",
        "けど",
        "が",
        "は",
        "を",
        "に",
        "で",
        "と",
        "の",
        "然后",
        "但是",
        "因为",
        "所以",
        "如果",
        "那个",
        "这个",
        "和",
        "跟",
        "的",
        "在",
    ]
)
_CLOSED_ENDINGS = (
    "요",
    "니다",
    "까",
    "죠",
    "です",
    "ます",
    "ますか",
    "ですか",
    "吗",
    "呢",
    "吧",
    "了",
)
_OPEN_ENDINGS = ("는데", "고", "서", "면", "지만", "니까", "けど", "から", "ので", "たら", "的话")


def _text_evidence(text: str) -> float:
    stripped = text.rstrip(" \t\n\"'”’»)")
    if stripped.endswith(_OPEN_MARKS):
        return _OPEN
    if stripped.endswith(_COMMA_MARKS):
        return _COMMA
    last = tail(stripped)
    if not last:
        return _OPEN
    if last in _OPEN_TAILS or last.endswith(_OPEN_ENDINGS):
        if stripped.endswith(("?", "？")):
            return _SENTENCE
        return _STOPPED_OPEN if stripped.endswith(_SENTENCE_MARKS) else _OPEN
    if stripped.endswith(_SENTENCE_MARKS) or last.endswith(_CLOSED_ENDINGS):
        return _SENTENCE
    return _DIGITS if last[-1].isdigit() else _PLAIN


def completeness(text: str, probability: float | None) -> float:
    """How complete a turn is, between 0 and 1.

    `text` is the transcript so far, `probability` the turn detector's, None when it has not spoken.
    """
    evidence = _text_evidence(text)
    if probability is not None:
        clipped = min(max(probability, 1e-6), 1 - 1e-6)
        audio = math.log(clipped / (1 - clipped))
        evidence += _AUDIO_WEIGHT * min(max(audio, -_AUDIO_CLIP), _AUDIO_CLIP)
    return 1 / (1 + math.exp(-evidence))


def endpoint_wait(policy: Policy, text: str, probability: float | None) -> float:
    """Seconds of quiet after which the turn is taken as complete."""
    score = completeness(text, probability)
    for wait, least in zip(policy.waits, policy.scores, strict=False):
        if score >= least:
            return wait
    return policy.waits[-1]
