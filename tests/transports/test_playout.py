"""The loudspeaker's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.core.audio import AudioFrame
from vivavoce.transports.playout import Playout

RATE = 8000


def ramp(start: int, count: int) -> AudioFrame:
    return AudioFrame(np.arange(start, start + count, dtype=np.int16), RATE, start / RATE)


def test_frames_sound_one_after_the_other() -> None:
    playout = Playout()
    playout.add("t1", ramp(0, 800), 5.0)
    playout.add("t1", ramp(800, 800), 5.05)
    assert abs(playout.ahead(5.05) - 0.15) < 1e-9
    assert [piece.due for piece in playout.advance(5.3)] == pytest.approx([5.0, 5.1])
    assert playout.turn is None
    assert playout.ahead(5.3) == 0


def test_a_late_frame_sounds_at_once() -> None:
    playout = Playout()
    playout.add("t1", ramp(0, 800), 5.0)
    playout.advance(6.0)
    playout.add("t1", ramp(800, 800), 6.0)
    assert [piece.due for piece in playout.advance(7.0)] == [6.0]


def test_what_is_cleared_begins_where_what_was_heard_ends() -> None:
    playout = Playout()
    playout.add("t1", ramp(0, 800), 0.0)
    heard = playout.advance(0.03)
    dropped = playout.clear()
    assert heard[0].samples.tolist() == list(range(240))
    assert dropped[0].samples.tolist() == list(range(240, 800))
    assert dropped[0].position == 0.03
    assert playout.ahead(0.03) == 0


def test_a_turn_ends_where_the_next_begins() -> None:
    playout = Playout()
    assert playout.turn_until == float("inf")
    playout.add("t1", ramp(0, 800), 1.0)
    playout.add("t1", ramp(800, 800), 1.0)
    playout.add("t2", ramp(0, 800), 1.0)
    assert playout.turn == "t1"
    assert abs(playout.turn_until - 1.2) < 1e-9


@given(
    sizes=st.lists(st.integers(1, 2000), min_size=1, max_size=8),
    steps=st.lists(st.floats(0, 0.3), max_size=40),
)
def test_every_sample_is_heard_or_dropped_once_and_in_order(
    sizes: list[int], steps: list[float]
) -> None:
    playout, start, now = Playout(), 0, 0.0
    for size in sizes:
        playout.add("t", ramp(start, size), 0.0)
        start += size
    pieces = []
    for step in steps:
        now += step
        pieces += playout.advance(now)
        heard = sum(len(piece.samples) for piece in pieces)
        assert heard == start or abs(heard - now * RATE) <= 1
    pieces += playout.clear()
    assert np.concatenate([piece.samples for piece in pieces]).tolist() == list(range(start))
