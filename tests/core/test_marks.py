"""Where the time of a turn went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.core.marks import Interval, Marks, Point, Stage

times = some.floats(0, 100)


def test_the_first_note_of_a_point_stands_unless_it_is_moved() -> None:
    marks = Marks()
    marks.mark(Point.FIRST_TOKEN, 1.0)
    marks.mark(Point.FIRST_TOKEN, 2.0)
    assert marks.points == {Point.FIRST_TOKEN: 1.0}
    marks.move(Point.FIRST_TOKEN, 3.0)
    assert marks.points == {Point.FIRST_TOKEN: 3.0}


def test_the_waterfall_of_a_plain_turn_names_each_stage() -> None:
    marks = Marks(
        {
            Point.SPEECH_ENDED: 1.0,
            Point.TRANSCRIPT: 1.35,
            Point.COMMITTED: 1.40,
            Point.FIRST_TOKEN: 1.8,
            Point.FIRST_CLAUSE: 1.9,
            Point.FIRST_BYTE: 2.0,
            Point.FIRST_SOUND: 2.02,
        }
    )
    assert list(marks.waterfall()) == [
        Interval(Stage.STT, 1.0, 1.35),
        Interval(Stage.ENDPOINT, 1.35, 1.40),
        Interval(Stage.LLM, 1.40, 1.8),
        Interval(Stage.CLAUSE, 1.8, 1.9),
        Interval(Stage.TTS, 1.9, 2.0),
        Interval(Stage.PLAYOUT, 2.0, 2.02),
    ]
    assert marks.gap == pytest.approx(1.02)


def test_what_was_done_before_the_commit_takes_no_share() -> None:
    """A draft's tokens come while the floor still waits."""
    marks = Marks(
        {
            Point.SPEECH_ENDED: 1.0,
            Point.COMMITTED: 1.6,
            Point.FIRST_TOKEN: 1.3,
            Point.FIRST_SOUND: 1.9,
        }
    )
    shares = {share.stage: pytest.approx(share.duration) for share in marks.waterfall()}
    assert shares == {Stage.ENDPOINT: 0.6, Stage.LLM: 0.0, Stage.PLAYOUT: 0.3}


@pytest.mark.parametrize("lacking", [Point.SPEECH_ENDED, Point.FIRST_SOUND])
def test_without_a_gap_there_is_nothing_to_share(lacking: Point) -> None:
    marks = Marks({point: 1.0 for point in Point if point is not lacking})
    assert marks.gap is None
    assert list(marks.waterfall()) == []


def test_a_negative_gap_has_no_shares() -> None:
    marks = Marks({Point.SPEECH_ENDED: 2.0, Point.FIRST_SOUND: 1.0})
    assert marks.gap == -1.0
    assert list(marks.waterfall()) == []


@given(some.dictionaries(some.sampled_from(Point), times))
def test_the_shares_sum_to_the_gap_without_holes(points: dict[Point, float]) -> None:
    marks = Marks(points)
    shares = list(marks.waterfall())
    if marks.gap is None or marks.gap < 0:
        assert shares == []
        return
    assert sum(share.duration for share in shares) == pytest.approx(marks.gap, abs=1e-9)
    assert all(share.duration >= 0 for share in shares)
    edges = [points[Point.SPEECH_ENDED], *(share.end for share in shares)]
    assert [share.start for share in shares] == edges[:-1]
    assert edges[-1] == points[Point.FIRST_SOUND]
