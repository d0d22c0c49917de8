"""How English says numbers, signs and abbreviations."""

from __future__ import annotations

import re
from collections.abc import Callable

from vivavoce.text.english_words import (
    ABBREVIATIONS,
    CENTS,
    CURRENCIES,
    MONTH_NAMES,
    MONTH_NUMBERS,
    ROMAN_BEFORE,
    ROYAL,
    SYMBOLS,
    UNITS,
)
from vivavoce.text.numerals import digits, english, english_ordinal, english_year
from vivavoce.text.rules import Rule, alternatives, parse_number, spelled_address

__all__ = ["RULES"]

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_SCALE = r"(?:hundred|thousand|million|billion|trillion|[kK]|[mM]|bn|[bB])\b"
_SCALE_NAMES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}
_MONTH = alternatives(map(str.title, MONTH_NUMBERS))
_FREE = r"(?<![\w.,])"  # nothing of a number or word in front
_DENOMINATORS = {2: "half", 4: "quarter"}
_VULGAR = {
    "½": "one half", "⅓": "one third", "⅔": "two thirds", "¼": "one quarter",
    "¾": "three quarters", "⅕": "one fifth", "⅛": "one eighth", "⅜": "three eighths",
    "⅝": "five eighths", "⅞": "seven eighths",
}  # fmt: skip


def _number(written: str) -> str:
    whole, decimals = parse_number(written, ".")
    if len(whole) > 1 and whole[0] == "0" and not decimals:
        return " ".join(digits(whole, "en"))
    said = english(int(whole)) if len(whole) < 16 else " ".join(digits(whole, "en"))
    return f"{said} point {' '.join(digits(decimals, 'en'))}" if decimals else said


def _plural(written: str, forms: tuple[str, str]) -> str:
    return forms[0] if written == "1" else forms[1]


def _signed(match: re.Match[str]) -> str:
    return "minus " if match["sign"] else ""


def _money(match: re.Match[str]) -> str:
    amount = match["amount"] or match["behind"]
    forms = CURRENCIES[match["sigil"] or match["code"]]
    whole, cents = parse_number(amount, ".")
    if match["scale"]:
        scale = match["scale"].lower()
        return f"{_signed(match)}{_number(amount)} {_SCALE_NAMES.get(scale, scale)} {forms[1]}"
    small = CENTS.get(forms[0])
    if len(cents) != 2 or small is None or len(whole) > 15:
        return f"{_signed(match)}{_number(amount)} {_plural(amount, forms)}"
    said = [f"{english(int(whole))} {_plural(str(int(whole)), forms)}"] if int(whole) else []
    if int(cents):
        said.append(f"{english(int(cents))} {_plural(str(int(cents)), small)}")
    return _signed(match) + (" and ".join(said) or f"zero {forms[1]}")


def _clock(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = match["half"]
    if hour > 24 or minute > 59 or (half and hour > 12):
        return None
    said = english(hour)
    if minute:
        said += f" {'oh ' if minute < 10 else ''}{english(minute)}"
    elif not half:
        said += " o'clock" if 1 <= hour <= 12 else " hundred"
    if match["second"]:
        said += f" and {english(int(match['second']))} seconds"
    return f"{said} {half[0].lower()}.m." if half else said


def _date(year: str | None, month: int, day: int) -> str | None:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    said = f"{MONTH_NAMES[month - 1]} {english_ordinal(day)}"
    return f"{said}, {english_year(int(year))}" if year else said


def _slashed_date(match: re.Match[str]) -> str | None:
    first, second, year = int(match[1]), int(match[2]), match[3]
    year = f"20{year}" if len(year) == 2 else year
    return _date(year, first, second) or _date(year, second, first)


def _named_date(match: re.Match[str]) -> str | None:
    return _date(match["year"], MONTH_NUMBERS[match["month"].lower()], int(match["day"]))


def _money_range(match: re.Match[str]) -> str:
    name = CURRENCIES[match[1]][1]
    scale = f"{match[4]} " if match[4] else ""
    return f"{_number(match[2])} to {_number(match[3])} {scale}{name}"


def _day_first(match: re.Match[str]) -> str | None:
    said = _named_date(match)
    day = english_ordinal(int(match["day"]))
    before = match.string[: match.start()].rstrip().lower()
    if said is None or not (match["of"] or before.endswith("the")):
        return said
    month, _, year = said.partition(f" {day}")
    return f"{day} of {month}{year}"


def _unit(match: re.Match[str]) -> str:
    forms = UNITS[match["unit"]]
    number = match["number"]
    span = f"{_number(match['from'])} to " if match["from"] else ""
    return f"{_signed(match)}{span}{_number(number)} {_plural(number, forms)}"


def _fraction(match: re.Match[str]) -> str | None:
    top, bottom = int(match["top"]), int(match["bottom"])
    whole = f"{english(int(match['whole']))} and " if match["whole"] else ""
    if bottom in (10, 100) and not whole:
        return f"{english(top)} out of {english(bottom)}"
    if not 1 <= top < bottom or (bottom > 10 and bottom not in (12, 16, 20, 32, 64, 100)):
        return f"{english(top)} {'over ' if top < bottom else ''}{english(bottom)}"
    part = _DENOMINATORS.get(bottom) or english_ordinal(bottom)
    if top == 1:
        return f"{whole}{'a' if whole else 'one'} {part}"
    return f"{whole}{english(top)} {'halve' if bottom == 2 else part}s"


def _range(match: re.Match[str]) -> str:
    sides = []
    for side in (match[1], match[2]):
        is_year = len(side) == 4 and side.isdecimal() and "1100" <= side < "2100"
        sides.append(english_year(int(side)) if is_year else _number(side))
    return " to ".join(sides)


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    said = ", ".join(" ".join(digits(group, "en")) for group in groups)
    return f"plus {said}" if match[0].startswith("+") else said


def _decade(match: re.Match[str]) -> str:
    century = f"{english(int(match[1]))} " if match[1] else ""
    decade = english(int(match[2]))
    if decade == "zero":
        return f"{century}hundreds" if match[1] != "20" else "two thousands"
    return f"{century}{decade[:-1]}ies" if decade.endswith("y") else f"{century}{decade}s"


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


def _roman(numeral: str) -> int | None:
    value = 0
    for here, after in zip(numeral, numeral[1:] + " ", strict=True):
        worth = _ROMAN[here]
        value += -worth if worth < _ROMAN.get(after, 0) else worth
    tens = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")[value // 10 % 10]
    ones = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[value % 10]
    return value if numeral == tens + ones else None


def _numbered(match: re.Match[str]) -> str | None:
    value = _roman(match[2])
    return None if value is None else f"{match[1]} {english(value)}"


def _monarch(match: re.Match[str]) -> str | None:
    value = _roman(match[2])
    return None if value is None else f"{match[1]} the {english_ordinal(value)}"


def _abbreviation(match: re.Match[str]) -> str | None:
    said, ends = ABBREVIATIONS[match["short"].lower()]
    behind = match.string[match.end() :].lstrip("\"'”’)")
    over = not behind.strip() or (behind[0].isspace() and behind.lstrip()[0].isupper())
    return f"{said}." if ends and over else said


def _saint(match: re.Match[str]) -> str:
    before = match.string[: match.start()].split()
    is_street = bool(before) and (before[-1][0].isupper() or before[-1][0].isdigit())
    follows = re.match(r"\s+[A-Z]", match.string[match.end() :])
    return "Saint" if follows and not is_street else "Street"


def _plain(match: re.Match[str]) -> str:
    number = match["number"]
    if re.fullmatch(r"1[1-9]\d\d|20\d\d", number) and not match["sign"]:
        return english_year(int(number))
    return _signed(match) + _number(number)


def _rule(needs: str, pattern: str, say: Callable[[re.Match[str]], str | None]) -> Rule:
    return Rule(re.compile(needs), re.compile(pattern), say)


_SIGN = r"(?P<sign>(?<![\w)])[-−–])?"
RULES = (
    _rule(
        r"[@/]|www\.|\.[a-z]",
        r"(?:https?|ftp)://[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’]|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
        r"|(?<![\w@.])(?:www\.)?(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|ai|dev|app|co\.uk)\b(?:/[^\s<>\"”]*[^\s<>\"”.,;:!?)\]'’])?",
        lambda match: spelled_address(match[0], "dot", "at"),
    ),
    _rule(
        r"\d",
        r"(?<![\w-])(\d{4})-(\d\d)-(\d\d)(?![\w-])(?!T\d)",
        lambda match: _date(match[1], int(match[2]), int(match[3])),
    ),
    _rule(r"\d", rf"{_FREE}(\d\d?)/(\d\d?)/(\d{{4}}|\d\d)(?![\w/])", _slashed_date),
    _rule(
        r"\d",
        rf"\b(?P<month>{_MONTH})\b\.? (?P<day>\d\d?)(?:st|nd|rd|th)?\b(?![.:,]\d)(?! ?%)"
        r"(?:,? (?P<year>(?:1[1-9]|20)\d\d)\b(?![.:,-]\d))?",
        _named_date,
    ),
    _rule(
        r"\d",
        rf"\b(?P<day>\d\d?)(?:st|nd|rd|th)? (?P<of>of )?(?P<month>{_MONTH})\b\.?"
        r"(?:,? (?P<year>(?:1[1-9]|20)\d\d)\b)?",
        _day_first,
    ),
    _rule(
        r"\d",
        rf"(?<![\w-])(?:\+\d{{1,3}}[ .-]?)?\(\d{{2,4}}\) ?\d{{3,4}}[ .-]?\d{{3,4}}\b"
        rf"|(?<![\w-])\+\d{{1,3}}(?:[ .-]?\d{{2,4}}){{2,4}}\b"
        rf"|{_FREE}\d{{3}}[ .-]\d{{3,4}}[ .-]\d{{4}}\b"
        rf"|{_FREE}(?<!-)\d{{3}}-\d{{4}}\b(?!-)",
        _phone,
    ),
    _rule(
        r"\d:\d|[apAP]\.?\s?[mM]",
        rf"{_FREE}(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?![\d:])"
        r"(?:\s?(?P<half>(?i:[ap]\.m\.|[ap]m\b)))?",
        _clock,
    ),
    _rule(
        r"[apAP]\.?\s?[mM]",
        rf"{_FREE}(?P<hour>\d\d?)(?P<minute>)(?P<second>)\s?(?P<half>(?i:[ap]\.m\.|[ap]m\b))",
        _clock,
    ),
    _rule(
        r"[$€£¥₩₹]",
        rf"([$€£¥₩₹])({_NUMBER})[-–]\1?({_NUMBER})(?: (thousand|million|billion|trillion)\b)?"
        r"(?![\w%-])",
        _money_range,
    ),
    _rule(
        r"[$€£¥₩₹]|[A-Z]{3}",
        rf"{_SIGN}(?:(?:US)?(?P<sigil>[$€£¥₩₹]) ?(?P<amount>{_NUMBER})(?:[ -]?(?P<scale>{_SCALE}))?"
        rf"|{_FREE}(?P<behind>{_NUMBER}) ?(?P<code>€|(?:USD|EUR|GBP|JPY|KRW|CHF)\b))(?![\d%])",
        _money,
    ),
    _rule(r"\d0['’]?s", r"(?<!\w)(?:['’]|(\d\d))(\d0)['’]?s\b", _decade),
    _rule(
        r"\d",
        rf"{_SIGN}{_FREE}(?:(?P<from>{_NUMBER})[-–])?(?P<number>{_NUMBER})[ -]?"
        rf"(?P<unit>{alternatives(UNITS)})(?![\w²³/°])",
        _unit,
    ),
    _rule(
        r"\d′|\d'",
        r"(?<![\w.])(\d)['′](\d\d?)[\"″]",
        lambda match: f"{english(int(match[1]))} foot {english(int(match[2]))}",
    ),
    _rule(
        r"\d/\d",
        rf"{_FREE}(?:(?P<whole>\d{{1,6}}) )?(?P<top>\d{{1,6}})/(?P<bottom>\d{{1,6}})(?![\w/])",
        _fraction,
    ),
    _rule(r"[½⅓⅔¼¾⅕⅛⅜⅝⅞]", r"(?<=\d) ?([½⅓⅔¼¾⅕⅛⅜⅝⅞])", lambda m: f" and {_VULGAR[m[1]]}"),
    _rule(r"[½⅓⅔¼¾⅕⅛⅜⅝⅞]", r"[½⅓⅔¼¾⅕⅛⅜⅝⅞]", lambda match: _VULGAR[match[0]]),
    _rule(
        r"\d[-–]\d",
        rf"{_FREE}(?<!-)({_NUMBER})[-–]({_NUMBER})(?![-–\w]|[.,]\d)",
        _range,
    ),
    _rule(
        r"\d(?:st|nd|rd|th)",
        r"(?<![\w.])(\d{1,3}(?:,\d{3}){0,4}|\d{1,12})(?:st|nd|rd|th)\b",
        lambda match: english_ordinal(int(match[1].replace(",", ""))),
    ),
    _rule(r"[Nn]os?\.|#|№", r"(?:\b[Nn]o\.|(?<!\w)[#№]) ?(?=\d)", lambda _: "number "),
    _rule(r"[IVXLC]", rf"\b({ROMAN_BEFORE}) ([IVXLC]+)\b(?!['’.]\w)", _numbered),
    _rule(r"[IVXLC]", rf"\b({ROYAL}) ([IVX]{{2,}}|[VX])\b(?!\.\w)", _monarch),
    _rule(
        r"\d\.\d+\.\d|v\d",
        r"(?<!\w)(v)?(\d+(?:\.\d+)+)(?![\w]|\.\d)(?:(?<=\.\d)|(?<=\d))",
        lambda match: (
            ("version " if match[1] else "")
            + " point ".join(english(int(part)) for part in match[2].split(".") if len(part) < 16)
            if match[1] or match[2].count(".") > 1
            else None
        ),
    ),
    _rule(r"\b911\b", r"(?<![\w$.,-])911(?![\w%-]|[.,]\d)", lambda _: "nine one one"),
    _rule(
        r"\d ?[*x×]",
        rf"{_FREE}(?:{_NUMBER})(?: ?[*x×] ?(?:{_NUMBER}))+(?!\w)",
        lambda match: " times ".join(_number(part) for part in re.split(r" ?[*x×] ?", match[0])),
    ),
    _rule(
        r"\d",
        rf"(?<![\w.]){_SIGN}(?<!\d[.,])(?P<number>{_NUMBER})(?![A-Za-z_])",
        _plain,
    ),
    _rule(r"\d", r"(?<=[A-Za-z])-(?P<sign>)(?P<number>\d+)\b", lambda match: f" {_plain(match)}"),
    _rule(r"\.", r"\bSt\.", _saint),
    _rule(
        r"\.|w/",
        rf"(?i:(?<![\w.])(?P<short>{alternatives(ABBREVIATIONS)})(?!\w))",
        _abbreviation,
    ),
    _rule(
        r"\d/[a-z]",
        r"(?<=\d)/(?=(?:second|minute|hour|day|night|week|month|year|person|mile|[mk]?g|lb)\b)",
        lambda _: " per ",
    ),
    _rule(r"[A-Za-z]/", r"\band/or\b", lambda _: "and or"),
    _rule(
        r"[@#]",
        r"(?<![\w@#])([@#])(?=[A-Za-z_])",
        lambda match: "at " if match[1] == "@" else "hashtag ",
    ),
    _rule(r"\+\+", r"(?<=\w)\+\+", lambda _: " plus plus"),
    _rule(
        f"[{re.escape(''.join(SYMBOLS))}]",
        f"[{re.escape(''.join(SYMBOLS))}]",
        lambda match: f" {SYMBOLS[match[0]]} ",
    ),
)
