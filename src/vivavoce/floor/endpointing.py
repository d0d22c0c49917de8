"""How long to wait before a pause is the end of a turn.

Silence alone forces a choice between cutting people off and dead air. Two more witnesses are heard:
what the words say (a finished sentence? a trailing "and"?) and how it sounded (the turn detector's
probability). They are added as evidence in log-odds, and the sum picks one of four waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vivavoce.floor.lexicon import plain
from vivavoce.floor.policy import Policy

__all__ = ["completeness", "endpoint_wait"]


@dataclass(frozen=True, slots=True)
class _Ending:
    """Log-odds that a turn is over that ends so: with no mark behind it, with a full stop, with a
    question mark. A recogniser often ends a broken-off sentence with a full stop."""

    bare: float
    stopped: float
    asked: float


_BROKEN_OFF = -2.5  # an ellipsis, a dash, or no words at all
_COMMA = -1.2

_CLOSED = _Ending(1.8, 1.8, 1.8)  # a sentence-final particle or verb form
_PLAIN = _Ending(0.0, 1.8, 1.8)
_NUMBER = _Ending(-0.8, 0.0, 1.8)
_DICTATED = _Ending(-0.8, -0.8, 1.8)  # there may be more digits to come
_STRANDED = _Ending(-0.8, 0.0, 1.8)  # "what is it made of"
_SELDOM = _Ending(-2.5, 0.0, 1.8)
_OPEN = _Ending(-2.5, -0.8, 1.8)
_NEVER = _Ending(-2.5, -0.8, -0.8)

# Weight of the audio model's log-odds: alone it has an AUC of 0.68 on read speech, the text's
# punctuation alone 0.70, both together 0.74 (docs/benchmarks.md, "end of turn").
_AUDIO_WEIGHT = 0.5
_AUDIO_CLIP = 3.0

_CLOSERS = " \t\n\"'”’»)」』）"
_STOP_MARKS = (".", "!", "。", "！", "।")
_QUESTION_MARKS = ("?", "？", "؟")
_COMMA_MARKS = (",", ";", ":", "、", "，", "；", "：", "،")
_BROKEN_MARKS = ("...", "…", "-", "–", "—")

# Words that no sentence ends with: articles, conjunctions, possessives, fillers, titles.
_NEVER_LAST = """
    a although an and because but every i'd i'll i'm i've if it's its let's my or our than that's
    the their there's they're we're what's whether you're your
    er erm uh uhm um dr mr mrs ms
    aber dass eine einen für oder und von weil wenn
    con cuando de del e el en las los o para pero por porque que su tu u una y
    et le les ou parce une
    그 그래서 그런데 그리고 근데 만약 아니면 어 음 저 하지만 혹시
    あの えっと えーと そして その だから でも
"""
# Words that seldom end one, and those that are among the words above in another language only.
_SELDOM_LAST = """
    how i maybe so what when where which while who why
    avec como das der die du ein la mais mit pour quand si un
"""
# These end one where it asks or compares: "tell me who they are", "older than I was".
_VERBS = "are can could did do does had has have is was were will would"
_PREPOSITIONS = "about as at by for from in into like of on to with"
_QUESTION_WORDS = "how what where which who whose why"
_CLAUSE_WORDS = f"{_QUESTION_WORDS} as than when whether"

# Of scripts without spaces the last run of characters is looked at, hence endings.
_OPEN_ENDINGS = (
    "고", "니까", "데", "를", "면", "서", "지만",
    "が", "から", "けど", "けれど", "たら", "で", "と", "に", "ので", "を",
    "而且", "但是", "的时候", "的话", "跟", "还有", "和", "或者", "然后", "如果", "所以", "因为",
)  # fmt: skip
_CLOSED_ENDINGS = (
    "까", "냐", "니다", "요", "죠", "줘",
    "か", "ください", "です", "でした", "でしょう", "ね", "ました", "ます", "ません", "よ",
    "啊", "吧", "了", "吗", "呢", "呀",
)  # fmt: skip
# These end in "니까" (because) and are questions.
_KOREAN_QUESTIONS = ("습니까", "입니까", "합니까", "십니까", "됩니까", "갑니까", "옵니까", "봅니까")

_LAST_WORDS = {
    **dict.fromkeys(_PREPOSITIONS.split(), _SELDOM),
    **dict.fromkeys(_VERBS.split(), _SELDOM),
    **dict.fromkeys(_SELDOM_LAST.split(), _SELDOM),
    **dict.fromkeys(_NEVER_LAST.split(), _NEVER),
}


def _ending(words: list[str]) -> _Ending:
    last = words[-1]
    if last in _PREPOSITIONS.split() and _asks(words):
        return _STRANDED
    if last in _VERBS.split() and set(words[:-2]) & set(_CLAUSE_WORDS.split()):
        return _PLAIN
    if last in _LAST_WORDS:
        return _LAST_WORDS[last]
    if last[-1].isdigit():
        dictated = "-" in last or (len(words) > 1 and words[-2][-1].isdigit())
        return _DICTATED if dictated else _NUMBER
    if last.endswith(_OPEN_ENDINGS) and not last.endswith(_KOREAN_QUESTIONS):
        return _OPEN
    return _CLOSED if last.endswith(_CLOSED_ENDINGS) else _PLAIN


def _asks(words: list[str]) -> bool:
    """Whether it begins as a question does, after an "and" or "so" at most."""
    return any(word.split("'")[0] in _QUESTION_WORDS.split() for word in words[:2])


def _text_evidence(text: str) -> float:
    stripped = text.rstrip(_CLOSERS)
    words = plain(stripped).split()
    if not words or stripped.endswith(_BROKEN_MARKS):
        return _BROKEN_OFF
    if stripped.endswith(_COMMA_MARKS):
        return _COMMA
    ending = _ending(words)
    if stripped.endswith(_QUESTION_MARKS):
        return ending.asked
    return ending.stopped if stripped.endswith(_STOP_MARKS) else ending.bare


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
