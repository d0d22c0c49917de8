"""Speech and silence out of probabilities."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.floor.activity import Activity, ActivityPolicy

WINDOW_S = 0.032


def changes(
    *probabilities: float, policy: ActivityPolicy | None = None
) -> list[tuple[bool, float]]:
    """What changes, each with the number of the window since when."""
    activity = Activity(policy)
    found = []
    for number, probability in enumerate(probabilities):
        start = number * WINDOW_S
        change = activity.feed(probability, start, start + WINDOW_S)
        if change is not None:
            found.append((change[0], round(change[1] / WINDOW_S, 6)))
    return found


def test_two_loud_windows_are_speech_since_the_first() -> None:
    assert changes(0.1, 0.6, 0.9) == [(True, 1)]


def test_one_loud_window_is_a_click() -> None:
    assert changes(0.1, 0.9, 0.1, 0.9, 0.1) == []


def test_a_window_between_the_thresholds_neither_starts_nor_stops_speech() -> None:
    assert changes(0.4, 0.4, 0.4) == []
    assert changes(0.6, 0.4, 0.6, 0.6) == [(True, 2)]
    assert changes(0.9, 0.9, 0.4, 0.4, 0.4, 0.4, 0.4) == [(True, 0)]


def test_three_quiet_windows_are_silence_since_the_first() -> None:
    assert changes(0.9, 0.9, 0.1, 0.1, 0.1, 0.1) == [(True, 0), (False, 2)]


def test_a_short_stop_is_a_plosive() -> None:
    assert changes(0.9, 0.9, 0.1, 0.1, 0.4, 0.1, 0.1, 0.9) == [(True, 0)]


def test_speech_starts_anew_after_silence() -> None:
    assert changes(0.9, 0.9, 0.1, 0.1, 0.1, 0.9, 0.9) == [(True, 0), (False, 2), (True, 5)]


def test_what_is_not_a_number_is_no_voice() -> None:
    assert changes(math.nan, math.nan, math.nan) == []
    assert changes(0.9, 0.9, math.nan, math.nan, math.nan) == [(True, 0), (False, 2)]


def test_a_policy_without_delays_follows_every_window() -> None:
    policy = ActivityPolicy(onset=0.0, hangover=0.0)
    assert changes(0.9, 0.1, 0.9, policy=policy) == [(True, 0), (False, 1), (True, 2)]


@pytest.mark.parametrize(
    ("probabilities", "stopped"),
    [((0.1,), None), ((0.9, 0.9), 0.064), ((0.9, 0.9, 0.1), 0.064), ((0.9,), None)],
)
def test_the_end_of_the_input_stops_speech_under_way(
    probabilities: tuple[float, ...], stopped: float | None
) -> None:
    activity = Activity()
    for number, probability in enumerate(probabilities):
        activity.feed(probability, number * WINDOW_S, (number + 1) * WINDOW_S)
    end = len(probabilities) * WINDOW_S
    assert activity.stop(end) == (None if stopped is None else (False, stopped))
    assert not activity.speaking
    assert activity.stop(end) is None


@given(some.lists(some.floats(0, 1), max_size=60))
def test_starts_and_stops_alternate_in_time(probabilities: list[float]) -> None:
    found = changes(*probabilities)
    assert [speaking for speaking, _ in found] == [number % 2 == 0 for number in range(len(found))]
    assert [since for _, since in found] == sorted(since for _, since in found)
