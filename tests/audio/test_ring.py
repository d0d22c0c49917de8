"""The last seconds of a stream."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.audio.ring import Ring
from vivavoce.core.audio import AudioFrame

RATE = 1000


def frame(start: int, count: int) -> AudioFrame:
    """Samples that are numbered by their time in milliseconds."""
    return AudioFrame(np.arange(start, start + count, dtype=np.int16), RATE, start / RATE)


def test_it_holds_the_newest_and_forgets_the_oldest() -> None:
    ring = Ring(0.1, RATE)
    for start in range(0, 300, 30):
        ring.push(frame(start, 30))
    assert ring.last(0.1).tolist() == list(range(200, 300))
    assert ring.last(9).tolist() == list(range(200, 300))
    assert (ring.start, ring.end) == (0.2, 0.3)


def test_a_stretch_is_found_by_its_time() -> None:
    ring = Ring(0.1, RATE)
    ring.push(frame(0, 250))
    assert ring.between(0.18, 0.19).tolist() == list(range(180, 190))
    assert ring.between(0.0, 0.16).tolist() == list(range(150, 160))
    assert ring.between(0.24, 1).tolist() == list(range(240, 250))
    assert ring.between(0.0, 0.1).tolist() == []
    assert Ring(0.1, RATE).last(1).tolist() == []


def test_a_gap_between_frames_is_silence() -> None:
    ring = Ring(0.1, RATE)
    ring.push(frame(1, 80))
    ring.push(frame(101, 10))
    assert ring.between(0.071, 0.105).tolist() == [*range(71, 81), *[0] * 20, 101, 102, 103, 104]


def test_a_gap_longer_than_the_ring_leaves_only_what_is_new() -> None:
    ring = Ring(0.1, RATE)
    ring.push(frame(0, 80))
    ring.push(frame(5000, 10))
    assert ring.last(1).tolist() == list(range(5000, 5010))
    assert ring.start == 5


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)), max_size=20))
def test_it_equals_the_end_of_all_that_came(parts: list[tuple[int, int]]) -> None:
    ring, everything, at = Ring(0.1, RATE), np.zeros(0, np.int16), 0
    for gap, count in parts:
        at += gap if len(everything) else 0
        ring.push(frame(at, count))
        everything = np.concatenate((everything, np.zeros(at - len(everything), np.int16)))
        everything = np.concatenate((everything, frame(at, count).samples))
        at += count
    held = ring.last(0.1)
    assert held.tolist() == everything[len(everything) - len(held) :].tolist()
    assert len(held) <= 100
