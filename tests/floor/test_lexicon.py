"""Backchannels, and which transcripts are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.floor.lexicon import is_backchannel, plain, same_words


@pytest.mark.parametrize(
    "text",
    [
        "Yeah.", "Mm-hmm.", "mm hmm", "Uh-huh.", "Uh, huh.", "UH-HUH!", "Okay, got it.",
        "Oh, I see.",
        "That’s right.", "Of course, yeah.", "Oh really?", "yes yes yes", "Sí, claro.",
        "De acuerdo.",
        "네, 네.", "그래요", "はい、そうですね。", "うん", "嗯，好的。", "对对对", "d’accord",
    ],
)  # fmt: skip
def test_a_backchannel_says_no_more_than_go_on(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "...", "no", "Stop.", "Yeah, stop.", "okay but why", "I see him", "got", "all",
        "go on and",
        "that's wrong", "wait", "of", "No, para.", "아니", "잠깐만", "いいえ", "ちょっと待って",
        "不", "等一下",
        "mm-hmmm no",
    ],
)  # fmt: skip
def test_anything_else_may_be_an_interruption(text: str) -> None:
    assert not is_backchannel(text)


def test_a_long_row_of_backchannels_is_decided_at_once() -> None:
    assert is_backchannel("oh okay uh-huh " * 500)
    assert not is_backchannel("oh okay uh-huh " * 500 + "stop")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is it?", "what is it"),
        ("It’s me.", "it's me"),
        ("Ｈｅｌｌｏ，", "hello"),
        ("rock 'n' roll", "rock n roll"),
        ("well - known", "well known"),
        ("Straße", "strasse"),
    ],
)
def test_case_marks_and_width_make_no_other_words(one: str, other: str) -> None:
    assert same_words(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("what is it", "what was it"),
        ("well-known", "well known"),
        ("राम का घर", "राम की घर"),  # Devanagari: they differ in a vowel sign only
        ("क", "का"),
        ("in paris", "inparis"),
    ],
)
def test_other_words_are_other_words(one: str, other: str) -> None:
    assert not same_words(one, other)


@given(some.text())
def test_plain_words_are_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text)
