"""Whole numbers as words. English, Korean, Japanese and Chinese here, the rest by num2words.

num2words 0.5.14 has no Chinese, writes English with commas that a voice reads as pauses, and takes
60 ms to import; so it is imported when the first number of another language comes.
"""

from __future__ import annotations

__all__ = [
    "NATIVE_MOST",
    "chinese",
    "digits",
    "english",
    "english_ordinal",
    "english_year",
    "japanese",
    "korean",
    "korean_native",
    "other",
    "other_ordinal",
]

LARGEST = 10**15  # from here on a number is read digit by digit
NATIVE_MOST = 99  # native Korean numbers end here

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_IRREGULAR = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}  # fmt: skip
_DIGITS = {
    "en": _ONES[:10],
    "ko": list("영일이삼사오육칠팔구"),
    "ja": list("零一二三四五六七八九"),
    "zh": list("零一二三四五六七八九"),
}


def digits(text: str, language: str) -> list[str]:
    """Each digit of `text` as a word; other characters are left out."""
    return [
        _DIGITS[language][int(digit)] if language in _DIGITS else other(int(digit), language)
        for digit in text
        if digit.isdecimal()
    ]


def english(number: int) -> str:
    """1999 is "one thousand nine hundred ninety-nine"."""
    if number >= LARGEST:
        return " ".join(digits(str(number), "en"))
    words: list[str] = []
    for size, name in _SCALES:
        if number >= size:
            words += (english(number // size), name)
            number %= size
    if number >= 100:
        words += (_ONES[number // 100], "hundred")
        number %= 100
    if number >= 20:
        tens, ones = divmod(number, 10)
        words.append(f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens])
    elif number or not words:
        words.append(_ONES[number])
    return " ".join(words)


def english_ordinal(number: int) -> str:
    """21 is "twenty-first"."""
    words = english(number)
    start = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[start:]
    if last in _IRREGULAR:
        return words[:start] + _IRREGULAR[last]
    return words[:-1] + "ieth" if words.endswith("y") else words + "th"


def english_year(year: int) -> str:
    """1999 is "nineteen ninety-nine", 2005 "two thousand five", 1905 "nineteen oh five"."""
    century, rest = divmod(year, 100)
    if century < 11 or century > 99 or (century % 10 == 0 and rest < 10):
        return english(year)
    if not rest:
        return f"{english(century)} hundred"
    return f"{english(century)} {'oh ' if rest < 10 else ''}{english(rest)}"


def _groups(number: int) -> list[tuple[int, int]]:
    """Groups of four decimal digits with their rank, highest first."""
    groups: list[tuple[int, int]] = []
    rank = 0
    while number:
        number, group = divmod(number, 10_000)
        if group:
            groups.append((group, rank))
        rank += 1
    return groups[::-1]


def _myriad(number: int, ones: str, ranks: str, scales: str, *, say_one: bool) -> str:
    """Korean and Japanese: ten, hundred and thousand stand alone, 10,000 alone if not `say_one`."""
    words = ""
    for group, rank in _groups(number):
        said = ""
        for place in (3, 2, 1, 0):
            digit = group // 10**place % 10
            if digit:
                said += (ones[digit] if digit > 1 or not place else "") + (
                    ranks[place - 1] if place else ""
                )
        if rank == 1 and group == 1 and not say_one and not words:
            said = ""
        words += said + (scales[rank - 1] if rank else "")
    return words or ones[0]


def korean(number: int) -> str:
    """Sino-Korean: 1999 is 천구백구십구."""
    if number >= LARGEST:
        return "".join(digits(str(number), "ko"))
    return _myriad(number, "영일이삼사오육칠팔구", "십백천", "만억조", say_one=False)


def japanese(number: int) -> str:
    """1999 is 千九百九十九."""
    if number >= LARGEST:
        return "".join(digits(str(number), "ja"))
    return _myriad(number, "零一二三四五六七八九", "十百千", "万億兆", say_one=True)


_NATIVE_ONES = ["", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉"]
_NATIVE_TENS = ["", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔"]


def korean_native(number: int) -> str:
    """Native Korean, in the form before a counter, for 1 to 99: 21 is 스물한, 20 is 스무."""
    tens, ones = divmod(number, 10)
    return "스무" if number == 20 else _NATIVE_TENS[tens] + _NATIVE_ONES[ones]


def chinese(number: int) -> str:
    """10500 is 一万零五百."""
    if number >= LARGEST:
        return "".join(digits(str(number), "zh"))
    words = ""
    skipped = False  # a zero is said once for any run of empty places inside
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        rank, place_in_group = divmod(place, 4)
        if digit:
            words += "零" if skipped and words else ""
            words += "零一二三四五六七八九"[digit] + ("", "十", "百", "千")[place_in_group]
            skipped = False
        else:
            skipped = True
        if rank and not place_in_group and number // 10**place % 10_000:
            words += ("万", "亿", "万亿")[rank - 1]
            skipped = skipped and digit == 0 and number // 10**place % 10 != 0
    words = words or "零"
    return words[1:] if words.startswith("一十") else words


def other(number: int, language: str) -> str:
    """By num2words; as digits where it does not know the language or the number is too large."""
    from num2words import num2words

    try:
        return str(num2words(number, lang=language))
    except (NotImplementedError, OverflowError):
        return str(number)


def other_ordinal(number: int, language: str) -> str:
    """The same for an ordinal number."""
    from num2words import num2words

    try:
        return str(num2words(number, lang=language, to="ordinal"))
    except (NotImplementedError, OverflowError):
        return str(number)
