from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.core.transcript import Transcript, Word
from vivavoce.text.subtitles import Cue, cues_of, srt, vtt

TEXTS = {
    "en": "The quick brown fox jumps over the lazy dog near the river, and then it goes home. "
    "Nobody saw it, except for the old man in New York.",
    "es": "Hola, ¿cómo estás? Mañana vamos a ir al mercado central de la ciudad con mi hermana "
    "mayor, y después comeremos paella en la playa si no llueve demasiado.",
    "ko": "안녕하세요, 오늘 날씨가 정말 좋네요. 그래서 저는 친구들과 함께 한강공원에 가서 자전거를 "
    "타고 맛있는 치킨도 먹을 생각입니다.",
    "ja": "今日はとても天気がいいので、公園に行って、友達と一緒に「桜の花」を見ようと思っています。"
    "それから東京タワーのレストランでコーヒーを飲みました。",
    "zh": "今天天气很好，我们打算去公园散步，然后在附近的一家小餐馆吃晚饭。"
    "他说：“这家餐馆的菜非常好吃，价格也只要25.50元。”我们都很高兴。",
}
WIDTHS = {"en": 42, "es": 42, "ko": 32, "ja": 26, "zh": 32}


def final(text: str, start: float = 0, end: float = 20, words: tuple[Word, ...] = ()) -> Transcript:
    return Transcript(text, start, end, True, len(text), words)


def columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def compact(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("language", TEXTS)
def test_a_long_text_becomes_cues_of_two_lines_that_fit_the_screen(language: str) -> None:
    cues = cues_of([final(TEXTS[language])])
    lines = [line for cue in cues for line in cue.text.split("\n")]
    assert len(cues) > 1
    assert all(1 <= len(cue.text.split("\n")) <= 2 for cue in cues)
    assert max(map(columns, lines)) <= WIDTHS[language]
    assert compact("".join(lines)) == compact(TEXTS[language])


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(language: str) -> None:
    for length in range(5, len(TEXTS[language])):
        lines = "\n".join(cue.text for cue in cues_of([final(TEXTS[language][:length])])).split(
            "\n"
        )
        assert not [line for line in lines if line[0] in "、。，：”」ーっょ"]
        assert not [line for line in lines if line[-1] in "「“" and line is not lines[-1]]
        assert not [line for line in lines if line.startswith(".50") or line.endswith("25")][:-1]


@pytest.mark.parametrize("language", ["en", "es", "ko"])
def test_words_stay_whole(language: str) -> None:
    shown = " ".join(cue.text for cue in cues_of([final(TEXTS[language])]))
    assert shown.split() == TEXTS[language].split()


def test_cues_end_where_sentences_do() -> None:
    first, second = cues_of([final(TEXTS["en"])])
    assert first.text.endswith("home.")
    assert second.text.startswith("Nobody")
    assert cues_of([final(TEXTS["ko"])])[0].text == "안녕하세요, 오늘\n날씨가 정말 좋네요."


def test_a_short_text_is_one_line() -> None:
    assert cues_of([final("Hello there.", 1, 3)]) == [Cue(1, 3, "Hello there.")]


def test_a_word_without_end_is_cut() -> None:
    address = "https://example.org/" + "a" * 100
    cues = cues_of([final(address)])
    assert "".join(cue.text for cue in cues) == address
    assert all(columns(cue.text) <= 42 for cue in cues)


def test_silence_makes_no_cue() -> None:
    assert cues_of([]) == []
    assert cues_of([final("  ")]) == []
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n"


def test_words_give_a_cue_its_times() -> None:
    words = tuple(Word(word, 10 + n, 10.5 + n) for n, word in enumerate(TEXTS["en"].split()))
    first, second = cues_of([final(TEXTS["en"], 0, 60, words)])
    assert (first.start, first.end) == (10, 26.5)
    assert (second.start, second.end) == (27, 37.5)


def test_without_words_a_cue_takes_the_share_of_its_text() -> None:
    first, second = cues_of([final("一" * 30 + "。" + "二" * 12 + "。", 0, 44)])
    assert second.start == pytest.approx(31)
    assert first.end == pytest.approx(31 - 2 / 24)
    assert second.end == 44


def test_a_cue_stays_long_enough_to_be_read_but_never_into_the_next() -> None:
    alone, crowded, last = cues_of(
        [final("Yes.", 0, 0.1), final("No.", 5, 5.1), final("Yes.", 5.5, 9)]
    )
    assert alone.end == pytest.approx(5 / 6)
    assert crowded.end == pytest.approx(5.5 - 2 / 24)
    assert last.start == 5.5


def test_srt_is_numbered_and_vtt_has_its_header() -> None:
    cues = [Cue(0, 1.5, "One <b> & two\nlines"), Cue(3661.0015, 3662.9996, "x --> y")]
    assert srt(cues) == (
        "1\n00:00:00,000 --> 00:00:01,500\nOne <b> & two\nlines\n\n"
        "2\n01:01:01,002 --> 01:01:03,000\nx -> y\n"
    )
    assert vtt(cues) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne &lt;b&gt; &amp; two\nlines\n\n"
        "01:01:01.002 --> 01:01:03.000\nx --&gt; y\n"
    )


ALPHABET = st.sampled_from("ab 한국 日本語です、。「」ー25.,!?\n é\u0301🙂\u200dไทย<>&-")
WORDS = st.builds(Word, st.text(ALPHABET, max_size=5), st.floats(0, 50), st.floats(0, 50))


@given(
    st.lists(
        st.tuples(st.text(ALPHABET, max_size=150), st.floats(0, 8), st.lists(WORDS, max_size=4)),
        max_size=3,
    )
)
def test_any_text_is_shown_whole_and_in_order(parts: list[tuple[str, float, list[Word]]]) -> None:
    transcripts = [
        final(text, 10 * n, 10 * n + length) for n, (text, length, _) in enumerate(parts)
    ]
    cues = cues_of(transcripts)
    assert compact("".join(cue.text for cue in cues)) == compact("".join(t for t, _, _ in parts))
    for cue, following in pairwise(cues):
        assert 0 <= cue.start <= cue.end <= following.start
    for cue in cues:
        lines = cue.text.split("\n")
        assert len(lines) <= 2
        assert all(line == line.strip(" ") and line for line in lines)
        assert max(map(columns, lines)) <= 42 + 4  # marks that join the last character


@given(st.text(ALPHABET, max_size=80), st.lists(WORDS, max_size=6))
def test_words_that_do_not_fit_the_text_break_nothing(text: str, words: list[Word]) -> None:
    for cue in cues_of([final(text, 0, 5, tuple(words))]):
        assert cue.end >= cue.start
