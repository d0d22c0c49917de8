"""Words placed by the audio that they cover."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.core.transcript import Transcript
from vivavoce.floor.utterance import Stretch, Utterance, join


def final(text: str, start: float, end: float) -> Transcript:
    return Transcript(text, start, end, is_final=True)


def utterance(*transcripts: Transcript) -> Utterance:
    made = Utterance()
    for transcript in transcripts:
        made.add(transcript)
    return made


def test_a_newer_transcript_replaces_what_it_overlaps() -> None:
    words = utterance(
        Transcript("what", 0, 0.5), Transcript("what is", 0, 0.9), final("What is it?", 0, 1.2)
    )
    assert words.text == "What is it?"
    assert words.is_final
    assert words.end == 1.2


def test_one_transcript_may_replace_several() -> None:
    words = utterance(final("a", 0, 1), final("b", 1, 2), final("c", 2, 3), final("d", 0.5, 1.5))
    assert words.text == "d c"


def test_transcripts_stand_in_the_order_of_their_audio() -> None:
    assert utterance(final("second", 2, 3), final("first", 0, 1)).text == "first second"


def test_neighbours_that_touch_do_not_overlap() -> None:
    assert utterance(final("a", 0, 1.005), final("b", 1, 2)).text == "a b"


def test_transcripts_without_a_length_replace_each_other() -> None:
    assert utterance(final("he", 1, 1), final("hello", 1, 1)).text == "hello"
    assert utterance(final("he", 1, 1), final("hello", 1, 2)).text == "hello"
    assert utterance(final("hello", 0, 2), final("he", 1, 1)).text == "he"


def test_nothing_is_not_final_and_ends_nowhere() -> None:
    assert not Utterance().is_final
    assert Utterance().end == -math.inf
    assert Utterance().text == Utterance().stable_text == ""


def test_words_are_final_when_all_transcripts_are() -> None:
    assert utterance(final("a", 0, 1), final("", 1, 2)).is_final
    assert not utterance(Transcript("a", 0, 1), final("b", 1, 2)).is_final


def test_stable_text_ends_with_the_first_word_that_may_change() -> None:
    words = utterance(
        final("one", 0, 1), Transcript("two three", 1, 2, stable=3), final("four", 2, 3)
    )
    assert words.stable_text == "one two"
    assert words.text == "one two three four"


def test_a_split_loses_nothing() -> None:
    words = utterance(final("a", 0, 1), final("b", 1, 2), final("c", 2, 3))
    before, after = words.split(1.005)
    assert (before.text, after.text) == ("a", "b c")
    assert before.joined(after).text == after.joined(before).text == words.text
    assert words.split(-1)[0].text == words.split(9)[1].text == ""


def test_joining_lets_the_other_replace_and_changes_neither() -> None:
    one, other = utterance(final("a", 0, 1), final("b", 1, 2)), utterance(final("c", 1, 2))
    assert one.joined(other).text == "a c"
    assert (one.text, other.text) == ("a b", "c")


def test_a_stretch_holds_what_starts_inside() -> None:
    stretch = Stretch(start=1.0, end=2.0)
    assert [stretch.holds(final("", at, at)) for at in (0.98, 0.995, 1.5, 1.985, 1.995, 2.5)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip
    assert not Stretch().holds(final("", 0, 1))


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (["what is it", " made of? "], "what is it made of?"),
        (["", "a", " ", "b"], "a b"),
        ([], ""),
        (["今日は", "天気が"], "今日は天気が"),
        (["你好。", "今天"], "你好。今天"),
        (["カタカナ", "ー"], "カタカナー"),
        (["오늘", "날씨"], "오늘 날씨"),
        (["東京", "Tokyo"], "東京 Tokyo"),
        (["OK", "です"], "OK です"),
    ],
)
def test_words_are_joined_as_their_script_is_written(texts: list[str], joined: str) -> None:
    assert join(texts) == joined


stretches = some.tuples(some.integers(0, 40), some.integers(0, 20), some.booleans())


@given(some.lists(stretches, max_size=20))
def test_no_two_parts_overlap_and_the_newest_always_stands(
    placed: list[tuple[int, int, bool]],
) -> None:
    words = Utterance()
    for number, (start, length, is_final) in enumerate(placed):
        newest = Transcript(f"w{number}", start / 10, (start + length) / 10, is_final)
        words.add(newest)
        assert f"w{number}" in words.text.split()
    for second in range(7):
        before, after = words.split(second)
        assert join([before.text, after.text]) == words.text
