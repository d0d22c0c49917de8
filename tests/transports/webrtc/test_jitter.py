from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transports.webrtc.jitter import HOLD_S, MAX_HELD, JitterBuffer, Placed, RtpPacket

PACKET = 960


def packet(number: int, *, first: int = 0, source: int = 1, step: int = PACKET) -> RtpPacket:
    """The stream's packet of that number, whose payload says so."""
    timestamp = (4_294_960_000 + number * step) % 2**32  # wraps at once
    return RtpPacket(source, (first + number) % 2**16, timestamp, str(number).encode())


def numbers(placed: Sequence[Placed]) -> list[int]:
    return [int(one.payload) for one in placed]


def test_packets_in_order_are_handed_on_at_once_across_wrapping_counters() -> None:
    buffer = JitterBuffer()
    for number in range(200):
        (placed,) = buffer.add(packet(number, first=65_500), number * 0.02)
        assert placed == Placed(number * PACKET, str(number).encode())
        assert buffer.due is None


def test_an_early_packet_waits_for_the_one_before_it() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    assert buffer.add(packet(2), 0.040) == []
    assert buffer.due == 0.040 + HOLD_S
    assert numbers(buffer.add(packet(1), 0.045)) == [1, 2]
    assert not buffer.due
    assert buffer.late == 0


def test_a_lost_packet_is_waited_for_no_longer_than_the_hold() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    buffer.add(packet(2), 0.040)
    assert not buffer.release(0.049)
    assert numbers(buffer.release(0.040 + HOLD_S)) == [2]
    assert buffer.add(packet(1), 0.055) == []
    assert buffer.late == 1
    assert numbers(buffer.add(packet(3), 0.060)) == [3]


def test_what_follows_a_second_gap_keeps_its_own_hold() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    buffer.add(packet(2), 0.040)
    buffer.add(packet(4), 0.046)
    assert numbers(buffer.release(0.050)) == [2]
    assert buffer.due == 0.046 + HOLD_S
    assert numbers(buffer.release(0.056)) == [4]


def test_a_packet_that_comes_twice_is_handed_on_once() -> None:
    buffer = JitterBuffer()
    assert numbers(buffer.add(packet(0), 0.0)) == [0]
    assert buffer.add(packet(0), 0.001) == []
    assert buffer.add(packet(2), 0.040) == []
    assert buffer.add(packet(2), 0.041) == []
    assert numbers(buffer.release(1.0)) == [2]
    assert buffer.late == 2


def test_a_burst_behind_a_gap_is_not_kept_waiting() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    taken = [buffer.add(packet(number), 0.5) for number in range(2, MAX_HELD + 3)]
    assert numbers(taken[-1]) == list(range(2, MAX_HELD + 3))
    assert not any(taken[:-1])


def test_another_source_goes_on_where_its_packet_arrives() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    (placed,) = buffer.add(packet(7000, source=2), 0.5)
    assert placed.position == 0.5 * 48_000
    (placed,) = buffer.add(packet(7001, source=2), 0.52)
    assert placed.position == 0.52 * 48_000


def test_one_wild_sequence_number_is_a_stray_and_two_in_a_row_are_a_new_stream() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    assert buffer.add(packet(30_000), 0.02) == []
    assert numbers(buffer.add(packet(1), 0.02)) == [1]
    assert buffer.add(packet(30_002), 0.04) == []
    (placed,) = buffer.add(packet(30_003), 0.06)
    assert placed.position == PACKET + 0.04 * 48_000
    assert numbers(buffer.add(packet(30_004), 0.08)) == [30_004]


def test_a_timestamp_that_cannot_be_counts_as_its_arrival() -> None:
    buffer = JitterBuffer()
    buffer.add(RtpPacket(1, 0, 1_000_000, b"0"), 0.0)
    (backward,) = buffer.add(RtpPacket(1, 1, 5, b"1"), 0.020)
    (far,) = buffer.add(RtpPacket(1, 2, 2_000_000_000, b"2"), 0.040)
    (same,) = buffer.add(RtpPacket(1, 3, 2_000_000_000, b"3"), 0.040)
    assert [one.position for one in (backward, far, same)] == [960, 1920, 2880]


def test_a_pause_of_minutes_is_a_pause() -> None:
    buffer = JitterBuffer()
    buffer.add(packet(0), 0.0)
    (placed,) = buffer.add(RtpPacket(1, 1, packet(300 * 50).timestamp, b"1"), 300.0)
    assert placed.position == 300 * 48_000


@st.composite
def journeys(draw: st.DrawFn) -> list[tuple[float, RtpPacket]]:
    """Packets of one stream, 20 ms apart, that were lost, delayed and doubled on their way."""
    first = draw(st.integers(0, 2**16 - 1))
    arrivals: list[tuple[float, RtpPacket]] = []
    for number in range(draw(st.integers(1, 60))):
        copies = draw(st.sampled_from([1, 1, 1, 1, 0, 2])) if number else 1
        for _ in range(copies):
            delay = draw(st.floats(0, 0.1)) if number else 0.0
            arrivals.append((number * 0.02 + delay, packet(number, first=first)))
    return sorted(arrivals, key=lambda arrival: arrival[0])


@given(journeys())
def test_whatever_the_path_does_packets_come_out_in_order_once_and_in_time(
    arrivals: list[tuple[float, RtpPacket]],
) -> None:
    buffer = JitterBuffer()
    out: list[tuple[float, Placed]] = []
    for now, one in arrivals:
        while buffer.due is not None and buffer.due <= now:
            due = buffer.due
            out += [(due, placed) for placed in buffer.release(due)]
        out += [(now, placed) for placed in buffer.add(one, now)]
    while buffer.due is not None:
        due = buffer.due
        out += [(due, placed) for placed in buffer.release(due)]

    came = {int(one.payload): at for at, one in reversed(arrivals)}
    handed_on = numbers([placed for _, placed in out])
    assert handed_on == sorted(set(handed_on))
    assert len(handed_on) + buffer.late == len(arrivals)
    for at, placed in out:
        number = int(placed.payload)
        assert placed.position == number * PACKET
        assert came[number] <= at <= came[number] + HOLD_S + 1e-9
        if all(before in handed_on and came[before] <= came[number] for before in range(number)):
            assert at == came[number]


@given(
    st.lists(
        st.tuples(
            st.floats(0, 5),
            st.integers(1, 2),
            st.integers(0, 2**16 - 1),
            st.integers(0, 2**32 - 1),
        ),
        max_size=80,
    )
)
def test_no_peer_makes_time_run_backward_or_the_buffer_grow(
    packets: list[tuple[float, int, int, int]],
) -> None:
    buffer = JitterBuffer()
    now, position = 0.0, -1
    for after, source, sequence, timestamp in packets:
        now += after
        for placed in buffer.add(RtpPacket(source, sequence, timestamp, b"x"), now):
            assert placed.position > position
            position = placed.position
        assert buffer.due is None or now < buffer.due <= now + HOLD_S
