import pytest
from hypothesis import given, strategies

from tests.text.texts import texts
from vivavoce.text.compare import WordErrors, word_errors, words


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("It's $5 at 10 a.m., Mr. Smith!", "its five dollars at ten AM mister smith", "en"),
        ("105% OK?", "one hundred and five per cent okay", "en"),
        ("Twenty-one, e.g. 21.", "21 for example twenty one", "en"),
        ("NASA’s A.I.", "nasas ai", "en"),
        ("**Yes** 😀", "yes", "en"),
        ("오늘은 5개, 날씨가 좋다.", "오늘은 다섯개 날씨가좋다", "ko"),
        ("今日は5時。", "今日は五時", "ja"),
        ("气温 20 度！", "气温二十度", "zh"),
        ("¿Son 21 €?", "son veintiún euros", "es"),
    ],
)
def test_the_same_said_is_equal_however_written(one: str, other: str, language: str) -> None:
    assert words(one, language) == words(other, language)


def test_cjk_is_compared_by_character_and_latin_in_it_by_word() -> None:
    assert words("Pythonは楽しい", "ja") == ["python", "は", "楽", "し", "い"]


def test_hindi_vowel_signs_stay_in_their_word() -> None:
    assert words("मेरा नाम राम है।", "hi") == ["मेरा", "नाम", "राम", "है"]


def test_errors_are_counted_by_kind() -> None:
    assert word_errors("a b c d", "a x c d") == WordErrors(1, 0, 0, 4)
    assert word_errors("a b c d", "a c d") == WordErrors(0, 1, 0, 4)
    assert word_errors("b c d", "b c e d") == WordErrors(0, 0, 1, 3)


def test_the_rate_is_errors_per_reference_word_and_pools_by_adding() -> None:
    assert WordErrors(1, 1, 0, 4).rate == 0.5
    assert (WordErrors(1, 0, 0, 4) + WordErrors(0, 1, 2, 6)) == WordErrors(1, 1, 2, 10)
    assert word_errors("", "").rate == 0.0
    assert word_errors("", "noise").rate == float("inf")


def distance(one: str, other: str) -> int:
    """The textbook recursion, as an oracle."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return distance(one[1:], other[1:])
    return 1 + min(distance(one[1:], other[1:]), distance(one[1:], other), distance(one, other[1:]))


few = strategies.text("ab", max_size=5)


@given(few, few)
def test_errors_are_the_fewest_edits_and_balance(one: str, other: str) -> None:
    errors = word_errors(list(one), list(other))
    assert errors.total == distance(one, other)
    assert errors.reference_words == len(one)
    assert errors.insertions - errors.deletions == len(other) - len(one)


@given(texts)
def test_a_text_has_no_errors_against_itself(text: str) -> None:
    assert word_errors(text, text).total == 0
