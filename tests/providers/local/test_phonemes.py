"""Phonemes shared out among words, and the process that makes them."""

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from vivavoce.core.errors import BadReply, ProviderTimeout, ProviderUnavailable
from vivavoce.providers.local import espeak_process
from vivavoce.providers.local.espeak_process import EspeakProcess
from vivavoce.providers.local.phonemes import Sound, pause_mark, read, share

VOICE = "en-us"


@pytest.fixture
def espeak() -> Iterator[EspeakProcess]:
    with EspeakProcess() as process:
        yield process


def heard(sounds: Sequence[Sound]) -> str:
    return "".join(sound.phonemes + sound.after for sound in sounds)


@pytest.mark.parametrize(
    ("word", "following", "mark"),
    [
        ("yes", "", ""),
        ("yes.", "", "."),
        ('yes."', "No", "."),
        ("Dr.", "smith", ""),
        ("well,", "then", ","),
        ("はい。", "", "."),
        ("what?!", "", "!"),
        ("—", "and", ","),
        ("", "", ""),
    ],
)
def test_a_mark_is_what_a_listener_hears_as_a_pause(word: str, following: str, mark: str) -> None:
    assert pause_mark(word, following) == mark


def test_words_that_are_spoken_as_one_get_a_part_each() -> None:
    assert share("ʌvðə dˈeɪ", ["ʌv", "ðə", "dˈeɪ"]) == [
        Sound("ʌv", ""),
        Sound("ðə", " "),
        Sound("dˈeɪ", ""),
    ]


def test_a_word_that_is_spoken_as_several_stays_one() -> None:
    first, second = share("wˈʌn tˈuː wˈɜːdz", ["wˈʌntˈuː", "wˈɜːdz"])
    assert (first, second) == (Sound("wˈʌn tˈuː", " "), Sound("wˈɜːdz", ""))


def test_a_swallowed_word_has_no_sound() -> None:
    assert [sound.phonemes for sound in share("həlˈoʊ", ["", "həlˈoʊ"])] == ["", "həlˈoʊ"]
    assert [sound.phonemes for sound in share("", ["a", "b"])] == ["", ""]


@pytest.mark.parametrize(
    "text",
    [
        "Out of the blue, I am going to the store for a while; and it is nice.",
        "In the beginning of the end of it!",
        "Is it - what ? ...",
        "안녕 there",
        "one",
        "2024 U.S.A. e.g. x",
    ],
)
def test_every_word_has_one_sound_and_nothing_is_lost(espeak: EspeakProcess, text: str) -> None:
    words = text.split()
    sounds = read(words, VOICE, espeak)
    assert len(sounds) == len(words)
    spoken = heard(sounds).replace(" ", "")
    assert "(" not in spoken
    assert sum(len(sound.phonemes) for sound in sounds) > 0


def test_marks_end_the_clauses_they_ended(espeak: EspeakProcess) -> None:
    sounds = read(["Yes,", "I", "am.", "Go"], VOICE, espeak)
    assert sounds[0].after == ", "
    assert sounds[2].after == ". "


def test_a_program_that_died_is_started_again(espeak: EspeakProcess) -> None:
    before = espeak.phonemes(["fox"], VOICE)
    process = espeak._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert espeak.phonemes(["fox"], VOICE) == before
    assert espeak._process is not process


def test_a_voice_it_does_not_have_is_refused_and_the_next_is_not(espeak: EspeakProcess) -> None:
    with pytest.raises(BadReply, match="zz"):
        espeak.speak("hello", "zz")
    assert len(espeak.speak("hello", VOICE).samples) > 4000


def test_closing_reaps_the_program_and_ends_its_use(espeak: EspeakProcess) -> None:
    espeak.phonemes(["fox"], VOICE)
    process = espeak._process
    assert process is not None
    espeak.close()
    espeak.close()
    assert process.returncode is not None
    with pytest.raises(ProviderUnavailable, match="closed"):
        espeak.phonemes(["fox"], VOICE)


def test_a_program_that_hangs_is_ended(
    espeak: EspeakProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    espeak.phonemes(["fox"], VOICE)
    process = espeak._process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    monkeypatch.setattr(espeak_process, "DEADLINE_S", 0.05)
    with pytest.raises(ProviderTimeout):
        espeak.phonemes(["fox"], VOICE)
    assert process.returncode is not None


def test_text_is_in_no_process_list(espeak: EspeakProcess) -> None:
    espeak.phonemes(["confidential"], VOICE)
    process = espeak._process
    assert process is not None
    assert "confidential" not in Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")


def test_odd_characters_pass(espeak: EspeakProcess) -> None:
    texts = ["a\nb", "nul\0here", "\ud800", "😀", '"quoted" \\ back', "x" * 5000]
    assert len(espeak.phonemes(texts, VOICE)) == len(texts)
