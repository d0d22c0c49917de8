from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.core.audio import AudioFrame
from vivavoce.engine.clock import VirtualClockLoop
from vivavoce.transports.webrtc.outbox import AHEAD_S, Outbox
from vivavoce.transports.webrtc.track import PacedTrack

RATE = 24_000
PACKET = 480


def loud(count: int, start: float = 0.0) -> AudioFrame:
    return AudioFrame(np.full(count, 8000, np.int16), RATE, start)


def near(place: tuple[str, float] | None, turn: str, position: float) -> bool:
    return place is not None and place[0] == turn and abs(place[1] - position) < 1e-6


def test_packets_are_whole_and_silent_where_nothing_waits() -> None:
    outbox = Outbox(RATE)
    outbox.add("a", loud(700))
    first, second, third = (outbox.take(at) for at in (0.00, 0.02, 0.04))
    assert [np.count_nonzero(packet) for packet in (first, second, third)] == [480, 220, 0]
    assert {len(packet) for packet in (first, second, third)} == {PACKET}
    assert outbox.ahead == 0


def test_clear_is_silent_behind_a_fade_of_five_milliseconds() -> None:
    outbox = Outbox(RATE)
    outbox.add("a", loud(4800))
    outbox.take(0.0)
    assert outbox.clear() == ("a", 0.02)
    assert outbox.ahead == 0
    fading, silent = outbox.take(0.02), outbox.take(0.04)
    assert fading[0] == 8000
    assert (np.diff(fading[:120]) <= 0).all()
    assert not fading[120:].any()
    assert not silent.any()


def test_clear_of_what_never_sounded_makes_no_sound() -> None:
    outbox = Outbox(RATE)
    assert outbox.clear() is None
    outbox.add("a", loud(4800, start=1.5))
    assert outbox.clear() == ("a", 1.5)
    assert not outbox.take(0.0).any()


def test_clear_behind_the_last_sound_says_that_all_went_out() -> None:
    outbox = Outbox(RATE)
    outbox.add("a", loud(480, start=0.1))
    outbox.take(0.0)
    assert near(outbox.clear(), "a", 0.12)
    assert not outbox.take(0.02).any()


def test_a_new_answer_follows_the_fade() -> None:
    outbox = Outbox(RATE)
    outbox.add("a", loud(4800))
    outbox.take(0.0)
    outbox.clear()
    outbox.add("b", loud(480))
    packet = outbox.take(0.02)
    assert (packet[120:] == 8000).all()
    assert near(outbox.played(0.02 + 0.006), "b", 0.001)


def test_played_follows_what_went_out_turn_by_turn() -> None:
    outbox = Outbox(RATE)
    assert outbox.played(9.0) is None
    outbox.add("a", loud(480, start=2.0))
    outbox.add("b", loud(240))
    outbox.take(10.0)
    outbox.take(10.02)
    assert outbox.played(9.99) is None
    assert near(outbox.played(10.01), "a", 2.01)
    assert near(outbox.played(10.025), "b", 0.005)
    assert near(outbox.played(20.0), "b", 0.01)


def test_played_forgets_what_nobody_can_still_be_hearing() -> None:
    outbox = Outbox(RATE)
    for second in range(100):
        outbox.add("a", loud(480, start=second * 0.02))
        outbox.take(second * 1.0)
    assert outbox.played(90.0) is None
    assert near(outbox.played(99.5), "a", 2.0)


@given(st.lists(st.one_of(st.integers(1, 4000), st.sampled_from(["take", "clear"])), max_size=60))
def test_every_sample_goes_out_once_in_order_unless_it_was_cleared(
    steps: list[int | str],
) -> None:
    outbox = Outbox(RATE)
    offered = 0  # samples of the turn so far
    now = 0.0
    for step in steps:
        waiting = round(outbox.ahead * RATE)
        if isinstance(step, int):
            frame = loud(step, start=offered / RATE)
            if outbox.room_for(frame):
                outbox.add("a", frame)
                offered += step
                waiting += step
        elif step == "take":
            packet = outbox.take(now)
            now += 0.02
            assert (packet == 8000).sum() >= min(waiting, PACKET - 120)
            if waiting:
                waiting = round(outbox.ahead * RATE)
                assert near(outbox.played(now), "a", (offered - waiting) / RATE)
        else:
            cut = outbox.clear()
            if waiting:
                assert near(cut, "a", (offered - waiting) / RATE)
            waiting = 0
        assert round(outbox.ahead * RATE) == waiting <= max(AHEAD_S * RATE, 4000)


def run_on_virtual_clock(main: Callable[[], Awaitable[None]]) -> None:
    anyio.run(main, backend_options={"loop_factory": VirtualClockLoop})


def test_a_packet_goes_out_every_twenty_milliseconds() -> None:
    async def main() -> None:
        track = PacedTrack(Outbox(RATE), nothing)
        sent = []
        for _ in range(100):
            packet = await track.recv()
            sent.append((anyio.current_time(), packet.pts))
        assert [at - sent[0][0] for at, _ in sent] == pytest.approx([n * 0.02 for n in range(100)])
        assert [pts for _, pts in sent] == [n * 960 for n in range(100)]

    run_on_virtual_clock(main)


def test_a_stall_leaves_time_out_and_no_audio() -> None:
    async def main() -> None:
        outbox = Outbox(RATE)
        outbox.add("a", loud(4800))
        track = PacedTrack(outbox, nothing)
        before = await track.recv()
        await anyio.sleep(1.0)
        first, second = await track.recv(), await track.recv()
        assert (before.pts, first.pts, second.pts) == (0, 50 * 960, 51 * 960)
        assert outbox.ahead == pytest.approx(0.2 - 3 * 0.02)

    run_on_virtual_clock(main)


def test_a_hiccup_is_made_up_for() -> None:
    async def main() -> None:
        track = PacedTrack(Outbox(RATE), nothing)
        await track.recv()
        await anyio.sleep(0.045)
        began = anyio.current_time()
        pts = [(await track.recv()).pts for _ in range(3)]
        assert pts == [960, 1920, 2880]
        assert anyio.current_time() - began == pytest.approx(0.015)

    run_on_virtual_clock(main)


async def nothing() -> None:
    pass
