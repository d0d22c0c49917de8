"""What becomes of the texts that a decoder proposes: agreement, loops, rejection."""

import pytest

from vivavoce.providers.local.agreement import agreed
from vivavoce.providers.local.repetition import is_loop, may_be_loop, without_loops
from vivavoce.providers.local.whisper_model import Decoded
from vivavoce.providers.local.whisper_stream import accepted


@pytest.mark.parametrize(
    ("earlier", "later", "common"),
    [
        ("", " Go forward", ""),
        (" Go for", " Go forward ten", " Go"),
        (" Go forward.", " Go forward ten meters.", " Go forward"),
        (" Go forward ten", " Go forward ten", " Go forward ten"),
        (" It's a", " It's the", " It's"),
        (" It", " It's", ""),
        (" Eight of spades,", " Eight of spades, four", " Eight of spades"),
        ("東京の天気", "東京の天候は", "東京の天"),
        (" Left", " Right", ""),
    ],
)
def test_agreement_is_whole_words_that_both_hypotheses_begin_with(
    earlier: str, later: str, common: str
) -> None:
    assert agreed(earlier, later) == common


@pytest.mark.parametrize(
    ("text", "suspicious"),
    [
        (" Ten of clubs. Ten of clubs.", True),
        (" five five", False),
        (" Five, five, five.", True),
        (" I think that that is right", False),
        (" no more, no more", True),
        (" the man the woman the child", False),
        ("", False),
    ],
)
def test_a_phrase_said_twice_in_a_row_is_suspicious(text: str, suspicious: bool) -> None:
    assert may_be_loop(text) is suspicious


def test_only_endless_repetition_is_certainly_a_loop() -> None:
    assert is_loop(" ten of clubs" * 20)
    assert not is_loop(" Ten of clubs. Ten of clubs.")


def test_loops_are_cut_to_one_round_and_the_rest_stays() -> None:
    assert without_loops(" so go, go, go, go on") == " so go, on"
    assert without_loops(" I said ten of clubs" + " ten of clubs" * 9) == " I said ten of clubs"
    assert without_loops(" very very good, very very bad") == " very very good, very very bad"


@pytest.mark.parametrize(
    ("text", "log_probability", "no_speech", "kept"),
    [
        (" Go forward.", -0.2, 0.1, True),
        (" Go forward.", -0.2, 0.9, True),  # unsure that there is speech, sure of the words
        (" Go forward.", -1.1, 0.1, True),  # unsure of the words, sure that there is speech
        (" Go forward.", -1.5, 0.1, False),  # so unsure that it was another language
        (" Go forward.", -1.5, 0.9, False),
        (" Thank you.", -0.1, 0.1, True),
        (" Thank you.", -0.9, 0.3, False),
        (" .", -0.1, 0.1, False),
    ],
)
def test_a_text_made_of_noise_is_dropped(
    text: str, log_probability: float, no_speech: float, kept: bool
) -> None:
    decoded = accepted(Decoded(text, log_probability, no_speech))
    assert decoded.text == (text if kept else "")
