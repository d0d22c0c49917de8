import pytest
from hypothesis import given, strategies

from vivavoce.text import numerals


@pytest.mark.parametrize(
    ("number", "english", "korean", "japanese", "chinese"),
    [
        (0, "zero", "영", "零", "零"),
        (10, "ten", "십", "十", "十"),
        (15, "fifteen", "십오", "十五", "十五"),
        (101, "one hundred one", "백일", "百一", "一百零一"),
        (110, "one hundred ten", "백십", "百十", "一百一十"),
        (1050, "one thousand fifty", "천오십", "千五十", "一千零五十"),
        (10_000, "ten thousand", "만", "一万", "一万"),
        (10_500, "ten thousand five hundred", "만오백", "一万五百", "一万零五百"),
        (100_000_001, "one hundred million one", "일억일", "一億一", "一亿零一"),
        (100_010_000, "one hundred million ten thousand", "일억일만", "一億一万", "一亿零一万"),
        (
            12_345_678,
            "twelve million three hundred forty-five thousand six hundred seventy-eight",
            "천이백삼십사만오천육백칠십팔",
            "千二百三十四万五千六百七十八",
            "一千二百三十四万五千六百七十八",
        ),
    ],
)
def test_whole_numbers(number: int, english: str, korean: str, japanese: str, chinese: str) -> None:
    assert numerals.english(number) == english
    assert numerals.korean(number) == korean
    assert numerals.japanese(number) == japanese
    assert numerals.chinese(number) == chinese


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "first"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (103, "one hundred third"),
    ],
)
def test_english_ordinals(number: int, said: str) -> None:
    assert numerals.english_ordinal(number) == said


@pytest.mark.parametrize(
    ("year", "said"),
    [(1999, "nineteen ninety-nine"), (1905, "nineteen oh five"), (1900, "nineteen hundred"),
     (2000, "two thousand"), (2005, "two thousand five"), (2026, "twenty twenty-six"),
     (1066, "one thousand sixty-six"), (476, "four hundred seventy-six")],
)  # fmt: skip
def test_english_years(year: int, said: str) -> None:
    assert numerals.english_year(year) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "한"), (12, "열두"), (20, "스무"), (21, "스물한"), (99, "아흔아홉")]
)
def test_native_korean(number: int, said: str) -> None:
    assert numerals.korean_native(number) == said


VALUES = {
    **{digit: value for value, digit in enumerate("零一二三四五六七八九")},
    "十": 10,
    "百": 100,
    "千": 1000,
}


def read(said: str, scales: dict[str, int]) -> int:
    """Chinese and Japanese numerals back to a number, as an oracle."""
    total, group, digit = 0, 0, 0
    for character in said:
        if character in scales:
            total, group, digit = (total + group + digit) * scales[character], 0, 0
        elif VALUES[character] >= 10:
            group, digit = group + max(digit, 1) * VALUES[character], 0
        else:
            digit = VALUES[character]
    return total + group + digit


@given(strategies.integers(0, 10**8 - 1))
def test_han_numerals_read_back(number: int) -> None:
    assert read(numerals.chinese(number), {"万": 10_000}) == number
    assert read(numerals.japanese(number), {"万": 10_000}) == number


@given(strategies.integers(0, 10**18))
def test_every_number_has_different_words(number: int) -> None:
    for say in (numerals.english, numerals.korean, numerals.japanese, numerals.chinese):
        assert say(number) != say(number + 1)


def test_a_language_without_number_words_keeps_the_digits() -> None:
    assert numerals.other(21, "hi") == "21"
    assert numerals.other_ordinal(21, "hi") == "21"
