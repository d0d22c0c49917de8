"""The audio of an answer, and which of its words were heard at a position."""

from __future__ import annotations

import anyio
import numpy as np
import pytest

from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Word
from vivavoce.engine.track import AHEAD_S, KEPT_S, Track

pytestmark = pytest.mark.anyio
RATE = 8000


def loud(duration: float, rate: int = RATE, value: int = 3000) -> np.ndarray:
    return np.full(round(duration * rate), value, np.int16)


def quiet(duration: float, rate: int = RATE) -> np.ndarray:
    return np.zeros(round(duration * rate), np.int16)


def spoken(text: str, *words: tuple[str, float, float], duration: float = 1.0) -> Speech:
    times = tuple(Word(*word) for word in words)
    return Speech(loud(duration), RATE, text, times, ends=True)


def track_of(*speech: Speech) -> Track:
    track = Track("turn", RATE)
    for part in speech:
        track.add(part)
    return track


def test_a_word_is_heard_when_its_end_was_played_with_the_marks_behind_it() -> None:
    track = track_of(
        spoken(
            'He said "no," twice.',
            ("He", 0, 0.2),
            ("said", 0.2, 0.4),
            ("no", 0.4, 0.6),
            ("twice", 0.6, 1),
        )
    )
    assert [track.heard(at) for at in (0, 0.199, 0.2, 0.4, 0.6, 0.99, 1.0)] == [
        "",
        "He",
        "He",
        "He said",
        'He said "no,"',
        'He said "no,"',
        'He said "no," twice.',
    ]
    assert track.heard(0.1) == ""


def test_a_word_that_the_text_does_not_have_moves_nothing() -> None:
    track = track_of(
        spoken("It costs $3.", ("It", 0, 0.2), ("three", 0.2, 0.5), ("costs", 0.5, 0.8))
    )
    assert track.heard(0.5) == "It"
    assert track.heard(0.8) == "It costs $3."


def test_everything_is_heard_at_the_end_and_only_then() -> None:
    track = track_of(spoken("One. ", ("One", 0, 1)), spoken("Two.", ("Two", 0, 1)))
    assert track.heard(2.0) == "One. Two."
    track.finish()
    assert track.heard(1.5) == "One."
    assert track.heard(2.0) == "One. Two."


def test_without_word_times_letters_share_the_voiced_stretch() -> None:
    samples = np.concatenate([quiet(0.5), loud(1.0), quiet(0.5)])
    track = track_of(Speech(samples, RATE, "one four", ends=True))
    assert track.heard(0.9) == ""
    assert track.heard(0.5 + 3 / 7 + 0.001) == "one"
    assert track.heard(1.5) == "one four"


def test_before_a_text_s_end_its_length_is_guessed_from_its_letters() -> None:
    track = track_of(Speech(loud(0.2), RATE, "one two three four five six"))
    assert track.heard(0.2) == "one"[: len(track.heard(0.2))]
    assert len(track.heard(0.2).split()) <= 1


def test_scripts_without_spaces_are_heard_by_the_character() -> None:
    track = track_of(Speech(loud(1.0), RATE, "今日は晴れ", ends=True))
    assert track.heard(0.6) == "今日は"


def test_a_text_without_any_word_is_heard_with_its_audio() -> None:
    track = track_of(spoken("Fine. ", ("Fine", 0, 1)), Speech(quiet(0.5), RATE, " \n", ends=True))
    assert track.heard(1.0) == "Fine."
    track.finish()
    assert track.heard(1.5) == "Fine.  \n"


def test_words_that_were_never_made_are_not_heard() -> None:
    track = track_of(
        Speech(loud(0.5), RATE, "one two", (Word("one", 0, 0.4), Word("two", 0.4, 0.9)))
    )
    track.break_off()
    track.add(Speech(loud(1.0), RATE, ends=True))  # a tone that tells of the failure
    track.finish()
    assert track.heard(track.duration) == "one"


def test_a_failure_between_two_texts_leaves_the_first_whole() -> None:
    track = track_of(spoken("One.", ("One", 0, 1)))
    track.break_off()
    track.finish()
    assert track.heard(1.0) == "One."
    empty = Track("turn", RATE)
    empty.break_off()
    empty.add(Speech(loud(0.1), RATE, ends=True))
    assert empty.heard(0.1) == ""
    assert not empty.voiced


def test_samples_come_in_order_whatever_the_chunks() -> None:
    track = Track("turn", RATE)
    whole = np.arange(1000, dtype=np.int16)
    for part in np.array_split(whole, 7):
        track.add(Speech(part, RATE, ends=True))
    assert track.take(2000) is None  # not there yet
    taken = [track.take(160) for _ in range(6)]
    track.finish()
    taken.append(track.take(160))
    assert [len(part) for part in taken if part is not None] == [160] * 6 + [40]
    assert np.array_equal(np.concatenate([part for part in taken if part is not None]), whole)
    assert track.take(160) is None
    assert track.drained


def test_going_back_finds_the_start_of_the_word_as_far_as_audio_is_kept() -> None:
    track = track_of(spoken("one two", ("one", 0, 0.5), ("two", 0.5, 1.0)))
    for _ in range(40):
        track.take(160)
    assert track.rewind(0.7) == pytest.approx(0.5)
    assert track.rewind(0.7) == pytest.approx(0.5)  # never forward
    long = Track("turn", RATE)
    for _ in range(10):
        long.add(Speech(loud(1.0), RATE, ends=True))
    for _ in range(500):
        long.take(160)
    assert long.rewind(0.0) == pytest.approx(10.0 - KEPT_S, abs=1.0)
    long.drop_audio()
    assert long.taken == long.rewind(0.0) or long.taken >= 8.0


def test_audio_of_another_rate_is_converted_without_loss_of_length() -> None:
    track = Track("turn", 16000)
    for _ in range(10):
        track.add(Speech(loud(0.1, 22050), 22050, ends=True))
    track.finish()
    assert track.duration == pytest.approx(1.0, abs=0.001)
    exact = Track("turn", 16000)
    exact.finish()
    assert exact.drained


async def test_speech_waits_while_three_seconds_are_ahead() -> None:
    track = Track("turn", RATE)
    changes: list[float] = []
    track.changed = lambda: changes.append(track.duration)

    async def fill() -> None:
        for _ in range(10):
            await track.put(Speech(loud(1.0), RATE, ends=True))

    async with anyio.create_task_group() as group:
        group.start_soon(fill)
        await anyio.sleep(1)
        assert AHEAD_S < track.duration <= AHEAD_S + 1.0
        for _ in range(50):
            track.take(160)
        await anyio.sleep(1)
        assert changes[-1] == 5.0
        group.cancel_scope.cancel()
