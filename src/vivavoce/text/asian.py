"""How Korean, Japanese and Chinese say numbers and signs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from vivavoce.text.numerals import NATIVE_MOST, chinese, digits, japanese, korean, korean_native
from vivavoce.text.rules import Rule, alternatives, parse_number, spelled_address

__all__ = ["rules"]

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_CARDINAL: dict[str, Callable[[int], str]] = {"ko": korean, "ja": japanese, "zh": chinese}
_POINT = {"ko": " 점 ", "ja": "点", "zh": "点"}
_DOT = {"ko": "닷", "ja": "ドット", "zh": "点"}
_AT = {"ko": "골뱅이", "ja": "アットマーク", "zh": "艾特"}
_TO = {"ko": "에서 ", "ja": "から", "zh": "到"}
_MINUS = {"ko": "마이너스 ", "ja": "マイナス", "zh": "负"}
_HOURS = {"ko": "시", "ja": "時", "zh": "点"}
_MINUTES = {"ko": "분", "ja": "分", "zh": "分"}
_DATE = {"ko": "년월일", "ja": "年月日", "zh": "年月日"}
_HALVES = {"ko": ("오전", "오후"), "ja": ("午前", "午後"), "zh": ("上午", "下午")}
_MONEY = {
    "ko": {"$": "달러", "€": "유로", "£": "파운드", "¥": "엔", "₩": "원"},
    "ja": {"$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "￥": "円", "₩": "ウォン"},
    "zh": {"$": "美元", "€": "欧元", "£": "英镑", "¥": "元", "￥": "元", "₩": "韩元"},
}
_ZERO = {"ja": "ゼロ", "zh": "零"}  # in a row of digits
_CENTS = {"ko": "센트", "ja": "セント"}
_UNITS = {
    "ko": {
        "%": "퍼센트", "km": "킬로미터", "m": "미터", "cm": "센티미터", "mm": "밀리미터",
        "kg": "킬로그램", "g": "그램", "mg": "밀리그램", "L": "리터", "l": "리터",
        "ml": "밀리리터", "mL": "밀리리터", "°C": "도", "℃": "도", "°": "도",
        "km/h": "킬로미터", "GB": "기가바이트", "MB": "메가바이트",
    },
    "ja": {
        "%": "パーセント", "km": "キロメートル", "m": "メートル", "cm": "センチメートル",
        "mm": "ミリメートル", "kg": "キログラム", "g": "グラム", "mg": "ミリグラム",
        "L": "リットル", "l": "リットル", "ml": "ミリリットル", "mL": "ミリリットル",
        "°C": "度", "℃": "度", "°": "度", "GB": "ギガバイト", "MB": "メガバイト",
    },
    "zh": {
        "km": "公里", "m": "米", "cm": "厘米", "mm": "毫米", "kg": "公斤", "g": "克", "mg": "毫克",
        "L": "升", "l": "升", "ml": "毫升", "mL": "毫升", "°C": "摄氏度", "℃": "摄氏度",
        "°": "度", "GB": "G", "MB": "兆",
    },
}  # fmt: skip
_SYMBOLS = {
    "ko": {"&": "그리고", "@": "골뱅이", "+": "더하기", "=": "은", "×": "곱하기", "÷": "나누기"},
    "ja": {"&": "と", "@": "アット", "+": "プラス", "=": "イコール", "×": "かける", "÷": "わる"},
    "zh": {"&": "和", "@": "艾特", "+": "加", "=": "等于", "×": "乘", "÷": "除以"},
}
# Korean counts things and hours with native numbers; dates, money and measures with Chinese ones.
_NATIVE_COUNTERS = (
    "시간|시(?!장|험|작|내|민|스|청|에서)|개(?!월|년|국)|명|살|마리|권|잔|병|대(?!로|한|학)|장|가지|"
    "송이|그루|켤레|벌|채|곳|사람|달|번째|군데|그릇|조각|마디|쌍"
)
_CHINESE_COUNTERS = "[个個只本张張件次天位条條台杯块塊家种種点點]|小时|分钟|千|百万|万|亿"


def _digits(written: str, language: str) -> str:
    said = "".join(digits(written, language))
    return said.replace("영", "공") if language == "ko" else said.replace("零", _ZERO[language])


def _number(written: str, language: str) -> str:
    whole, decimals = parse_number(written, ".")
    if len(whole) > 1 and whole[0] == "0" and not decimals:
        return _digits(whole, language)
    said = _CARDINAL[language](int(whole)) if len(whole) < 16 else _digits(whole, language)
    return f"{said}{_POINT[language]}{''.join(digits(decimals, language))}" if decimals else said


def _year(written: str, language: str) -> str:
    return "".join(digits(written, "zh")) if language == "zh" else _number(written, language)


def _month(number: int, language: str) -> str:
    if language == "ko" and number in (6, 10):
        return {6: "유", 10: "시"}[number]  # 유월, 시월: the two irregular months
    return _CARDINAL[language](number)


def _date(language: str, match: re.Match[str]) -> str | None:
    month, day = int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    names = _DATE[language]
    gap = " " if language == "ko" else ""
    return gap.join(
        (
            _year(match[1], language) + names[0],
            _month(month, language) + names[1],
            _CARDINAL[language](day) + names[2],
        )
    )


def _year_or_month(language: str, match: re.Match[str]) -> str:
    number, name = match[1], match[2]
    if name in "년年":
        is_year = len(number) == 4
        return (_year(number, language) if is_year else _number(number, language)) + name
    return _month(int(number), language) + name


def _hour(number: int, language: str) -> str:
    if language == "ko" and 1 <= number <= 12:
        return korean_native(number)
    return "两" if language == "zh" and number == 2 else _CARDINAL[language](number)


def _clock(language: str, match: re.Match[str]) -> str | None:
    hour, minute, half = int(match[1]), int(match[2]), match[3]
    if hour > 24 or minute > 59:
        return None
    gap = " " if language == "ko" else ""
    said = _HALVES[language][half[0] in "pP"] + gap if half else ""
    said += f"{_hour(hour, language)}{gap}{_HOURS[language]}"
    if minute:
        zero = "零" if language == "zh" and minute < 10 else ""
        said += f"{gap}{zero}{_CARDINAL[language](minute)}{gap}{_MINUTES[language]}"
    return said


def _money(language: str, match: re.Match[str]) -> str:
    sigil = match["sigil"] or match["behind"]
    written = match["amount"] or match["number"]
    whole, cents = parse_number(written, ".")
    gap = " " if language == "ko" else ""
    name = gap + _MONEY[language][sigil]
    if language in _CENTS and sigil in "$€" and len(cents) == 2:
        said = _number(whole, language) + name
        small = f"{gap}{_number(str(int(cents)), language)}{gap}{_CENTS[language]}"
        return said + small if int(cents) else said
    if cents:
        written = written.rstrip("0").rstrip(".")
    return _number(written, language) + name


def _unit(language: str, match: re.Match[str]) -> str:
    sign = _MINUS[language] if match["sign"] else ""
    span = _number(match["from"], language) + _TO[language] if match["from"] else ""
    amount = f"{sign}{span}{_number(match['number'], language)}"
    name = _UNITS[language][match["unit"]]
    return f"{amount} {name}" if language == "ko" else amount + name


def _percent_chinese(match: re.Match[str]) -> str:
    span = f"{_number(match[1], 'zh')}到" if match[1] else ""
    return f"百分之{span}{_number(match[2], 'zh')}"


def _counted_korean(match: re.Match[str]) -> str | None:
    number = int(match[1])
    return korean_native(number) + " " if 1 <= number <= NATIVE_MOST else None


def _range(language: str, match: re.Match[str]) -> str:
    return f"{_number(match[1], language)}{_TO[language]}{_number(match[2], language)}"


def _phone(language: str, match: re.Match[str]) -> str:
    groups = [_digits(group, language) for group in re.findall(r"\d+", match[0])]
    return (" " if language == "ko" else "、").join(groups)


def _plain(language: str, match: re.Match[str]) -> str:
    return (_MINUS[language] if match["sign"] else "") + _number(match["number"], language)


def _rule(
    language: str, needs: str, pattern: str, say: Callable[[str, re.Match[str]], str | None]
) -> Rule:
    return Rule(re.compile(needs), re.compile(pattern), partial(say, language))


def _own_rules(language: str) -> tuple[Rule, ...]:
    """What only one of the three does."""
    if language == "ko":
        counted = rf"(?<![\d.,])(\d\d?) ?(?={_NATIVE_COUNTERS})"
        return (_rule(language, r"\d", counted, lambda _, match: _counted_korean(match)),)
    if language == "zh":
        percent = rf"(?:({_NUMBER})[-~–])?({_NUMBER}) ?[%％]"
        two = rf"(?<![\d.,])2(?={_CHINESE_COUNTERS})"
        return (
            _rule(language, "%|％", percent, lambda _, match: _percent_chinese(match)),
            _rule(language, "2", two, lambda *_: "两"),
        )
    return ()


def rules(language: str) -> tuple[Rule, ...]:
    """The rules for ko, ja or zh."""
    rule = partial(_rule, language)
    sigils = re.escape("".join(_MONEY[language]))
    units = alternatives(_UNITS[language])
    signs = _SYMBOLS[language]
    ascii_free = r"(?<![A-Za-z0-9.,])"
    sign = r"(?P<sign>(?<![A-Za-z0-9)])[-−])?"
    return (
        rule(
            r"@|://|www\.",
            r"(?:https?|ftp)://[!-~]*[\w/]|www\.[!-~]*[\w/]"
            r"|(?<![a-zA-Z0-9_.+-])[a-zA-Z0-9_.+-]{1,64}@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){1,8}",
            lambda _, m: spelled_address(m[0], _DOT[language], _AT[language]),
        ),
        rule(r"\d", r"(?<![A-Za-z0-9-])(\d{4})[-./](\d\d?)[-./](\d\d?)(?![\d-])", _date),
        rule(r"\d", r"(?<![\d-])\+?\d{2,4}-\d{3,4}-\d{3,4}(?![\d-])", _phone),
        rule(r"\d:\d", r"(?<![\d:])(\d\d?):(\d\d)(?![\d:])(?: ?([apAP])\.?[mM]\.?)?", _clock),
        rule(
            f"[{sigils}]",
            rf"(?P<sigil>[{sigils}]) ?(?P<amount>{_NUMBER})"
            rf"|(?P<number>{_NUMBER}) ?(?P<behind>[{sigils}])",
            _money,
        ),
        *_own_rules(language),
        rule(
            r"\d",
            rf"{sign}{ascii_free}(?:(?P<from>{_NUMBER})[-~–])?(?P<number>{_NUMBER})"
            rf" ?(?P<unit>{units})(?![A-Za-z/])",
            _unit,
        ),
        rule(r"\d[년年月월]", r"(?<!\d)(\d{1,4})(년|年|월(?!요)|月)", _year_or_month),
        rule(r"\d[-~–]", rf"(?<![A-Za-z0-9.,-])({_NUMBER})[-~–]({_NUMBER})(?![\w-]*-\d)", _range),
        rule(r"\d", rf"{sign}{ascii_free}(?P<number>{_NUMBER})(?![A-Za-z_])", _plain),
        rule(
            f"[{re.escape(''.join(signs))}]",
            f"[{re.escape(''.join(signs))}]",
            lambda _, m: f" {signs[m[0]]} ",
        ),
    )
