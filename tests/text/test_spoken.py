import pytest
from hypothesis import given, strategies

from tests.text.texts import texts
from vivavoce.core.transcript import Word
from vivavoce.text.normalise import speakable
from vivavoce.text.script import spoken_words

LANGUAGES = strategies.sampled_from(
    ["en", "ko", "ja", "zh", "es", "de", "fr", "it", "pt", "hi", "en-GB"]
)


@given(texts, LANGUAGES)
def test_tokens_cover_any_text_in_order(text: str, language: str) -> None:
    spoken = speakable(text, language)
    assert "".join(text[token.start : token.end] for token in spoken.tokens) == text
    assert all(token.start < token.end for token in spoken.tokens)
    assert spoken.words == spoken_words(spoken.text)


@given(texts, LANGUAGES)
def test_heard_grows_from_nothing_to_all(text: str, language: str) -> None:
    spoken = speakable(text, language)
    count = len(spoken.words)
    heard = [spoken.heard(words) for words in range(count + 1)]
    assert all(text.startswith(prefix) for prefix in heard)
    assert [len(prefix) for prefix in heard] == sorted(len(prefix) for prefix in heard)
    assert heard[-1] == text
    assert spoken.heard_characters(len(spoken.text)) == text
    if count:
        assert heard[0] == ""


def test_an_amount_is_heard_with_its_last_word() -> None:
    spoken = speakable("It costs $3.50 today.")
    assert spoken.text == "It costs three dollars and fifty cents today."
    assert [spoken.heard(words) for words in (2, 3, 6, 7, 8)] == [
        "It costs ", "It costs ", "It costs ", "It costs $3.50 ", "It costs $3.50 today.",
    ]  # fmt: skip


def test_progress_in_characters_counts_whole_tokens() -> None:
    spoken = speakable("It costs $3.50 today.")
    end = spoken.text.index(" today")
    assert spoken.heard_characters(end - 1) == "It costs "
    assert spoken.heard_characters(end) == "It costs $3.50 "


def test_markup_belongs_to_the_word_it_marks() -> None:
    text = "Use **bold** [links here](http://x.y) 😀 now 😀"
    spoken = speakable(text)
    assert spoken.text == "Use bold links here now"
    assert [text[token.start : token.end] for token in spoken.tokens] == [
        "Use ", "**bold** ", "[links ", "here](http://x.y) 😀 ", "now 😀",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["😀", " \n", "---\n", "***", "<br>", "\u200b"])
def test_what_cannot_be_said_counts_as_heard_at_once(text: str) -> None:
    spoken = speakable(text)
    assert spoken.text == ""
    assert spoken.words == ()
    assert spoken.heard(0) == text


def test_no_text_has_no_tokens() -> None:
    assert speakable("").tokens == ()


def test_each_character_of_chinese_is_heard_by_itself() -> None:
    assert speakable("今天5度。", "zh").heard(2) == "今天"
    assert speakable("今天25度。", "zh").heard(4) == "今天"
    assert speakable("今天25度。", "zh").heard(5) == "今天25"


def test_times_of_spoken_words_become_times_of_written_ones() -> None:
    spoken = speakable("Pay $5 now.")
    times = [(0.0, 0.2), (0.2, 0.5), (0.5, 0.9), (1.0, 1.3)]
    assert spoken.timed(times) == (
        Word("Pay", 0.0, 0.2),
        Word("$5", 0.2, 0.9),
        Word("now.", 1.0, 1.3),
    )


def test_times_must_match_the_spoken_words() -> None:
    with pytest.raises(ValueError, match="1 times for 4 spoken words"):
        speakable("Pay $5 now.").timed([(0.0, 0.2)])
