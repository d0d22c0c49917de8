"""A text as a voice should say it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from vivavoce.text.markup import clean
from vivavoce.text.rules import Rule, edits
from vivavoce.text.spoken import Spoken, assemble

__all__ = ["speakable"]

_CODE = {
    "en": "Code block", "ko": "코드 블록", "ja": "コードブロック", "zh": "代码块",
    "es": "bloque de código", "de": "Codeblock", "fr": "bloc de code", "it": "blocco di codice",
    "pt": "bloco de código",
}  # fmt: skip


def speakable(text: str, language: str = "en") -> Spoken:
    """Write out numbers, signs and abbreviations, and drop markup and emoji.

    `language` is ISO 639-1, a region behind it is ignored. English, Korean, Japanese, Chinese,
    Spanish, German, French, Italian and Portuguese are written out; in others only the markup goes
    and numbers stay for the engine. Takes any text and never fails. The first number in a European
    language other than English imports num2words (60 ms).
    """
    code = language.lower().replace("_", "-").partition("-")[0]
    cleaned = clean(text, _CODE.get(code, ""))
    return assemble(cleaned, edits(cleaned.text, _rules(code)))


@cache
def _rules(language: str) -> Sequence[Rule]:
    """The rules of a language, imported when it is first spoken."""
    if language == "en":
        from vivavoce.text.english import RULES

        return RULES
    if language in ("ko", "ja", "zh"):
        from vivavoce.text import asian

        return asian.rules(language)
    if language in ("es", "de", "fr", "it", "pt"):
        from vivavoce.text import european

        return european.rules(language)
    return ()
