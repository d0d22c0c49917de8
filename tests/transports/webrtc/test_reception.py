from __future__ import annotations

from random import Random

import numpy as np
import pytest

from tests.transports.webrtc.client import pitch, tone
from vivavoce.core.audio import AudioFrame
from vivavoce.transports.webrtc.jitter import HOLD_S, RtpPacket
from vivavoce.transports.webrtc.opus import OpusDecoder, OpusEncoder
from vivavoce.transports.webrtc.reception import FILLED_S, Reception

PACKET_S = 0.02


def stream(seconds: float, frequency: float = 440) -> list[RtpPacket]:
    encoder = OpusEncoder(48_000)
    samples = tone(frequency, seconds)
    return [
        RtpPacket(1, number, number * 960, encoder.encode(samples[start : start + 960]))
        for number, start in enumerate(range(0, len(samples), 960))
    ]


def receive(packets: list[tuple[float, RtpPacket]]) -> list[tuple[float, AudioFrame]]:
    """Frames and when they came, of packets and when they came; the reception's timer is kept."""
    reception = Reception()
    frames: list[tuple[float, AudioFrame]] = []
    for now, packet in packets:
        if reception.due is not None and reception.due <= now:
            due = reception.due
            frames += [(due, frame) for frame in reception.release(due)]
        frames += [(now, frame) for frame in reception.add(packet, now)]
    frames += [(1e9, frame) for frame in reception.release(1e9)]
    return frames


def test_a_tone_comes_out_as_it_went_in() -> None:
    frames = receive([(n * PACKET_S, packet) for n, packet in enumerate(stream(1.0))])
    assert [at for at, _ in frames] == [n * PACKET_S for n in range(50)]
    assert [frame.start for _, frame in frames] == pytest.approx([n * PACKET_S for n in range(50)])
    samples = np.concatenate([frame.samples for _, frame in frames])
    assert pitch(samples[4800:]) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("share", [0.02, 0.10, 0.30])
def test_loss_leaves_no_gap_and_adds_no_delay_that_stays(share: float) -> None:
    chance = Random(7)  # noqa: S311  # a lossy line, not a secret
    packets = [
        (n * PACKET_S, packet)
        for n, packet in enumerate(stream(20.0))
        if n < 2 or n > 997 or chance.random() >= share
    ]
    assert len(packets) < 1000
    frames = receive(packets)
    ends = [frame.end for _, frame in frames]
    starts = [frame.start for _, frame in frames]
    assert starts[1:] == pytest.approx(ends[:-1])
    assert ends[-1] == pytest.approx(20.0)
    arrived = {n: n * PACKET_S for n in range(1000)}
    present = {packet.sequence for _, packet in packets}
    for at, frame in frames:
        number = round(frame.start / PACKET_S)
        if number in present:
            assert at <= arrived[number] + HOLD_S + 1e-9
    samples = np.concatenate([frame.samples for _, frame in frames])
    assert pitch(samples[-24_000:]) == pytest.approx(440, abs=3)


def test_a_lost_packet_is_concealed_by_sound_like_its_neighbours() -> None:
    packets = [(n * PACKET_S, packet) for n, packet in enumerate(stream(1.0)) if n != 25]
    frames = [frame for _, frame in receive(packets)]
    filled = next(frame for frame in frames if round(frame.start / PACKET_S) == 25)
    loudness = float(np.sqrt(np.mean(filled.samples.astype(float) ** 2)))
    assert 0.5 < loudness / float(np.sqrt(np.mean(frames[20].samples.astype(float) ** 2))) < 1.5


def test_a_longer_gap_fades_into_silence() -> None:
    packets = [(n * PACKET_S, packet) for n, packet in enumerate(stream(1.0)) if not 20 <= n < 35]
    frames = [frame for _, frame in receive(packets)]
    assert [frame.start for frame in frames] == pytest.approx([n * PACKET_S for n in range(50)])
    assert not frames[30].samples.any()
    assert frames[40].samples.any()


def test_a_pause_stays_a_pause() -> None:
    packets = stream(2.0)
    missing = round(FILLED_S / PACKET_S) + 1
    reception = Reception()
    reception.add(packets[0], 0.0)
    late = RtpPacket(1, 1, packets[missing + 1].timestamp, packets[missing + 1].payload)
    (frame,) = reception.add(late, 1.0)
    assert frame.start == pytest.approx((missing + 1) * PACKET_S)
    assert reception.concealed == 0


def test_discontinuous_transmission_is_filled() -> None:
    packets = stream(1.0)
    reception = Reception()
    reception.add(packets[0], 0.0)
    resumed = RtpPacket(1, 1, packets[20].timestamp, packets[20].payload)
    frames = reception.add(resumed, 0.4)
    assert [frame.start for frame in frames] == pytest.approx([n * PACKET_S for n in range(1, 21)])
    assert reception.concealed == pytest.approx(19 * PACKET_S)


def test_a_gap_that_is_no_whole_packet_is_filled_to_the_sample() -> None:
    packets = stream(0.1)
    reception = Reception()
    reception.add(packets[0], 0.0)
    frames = reception.add(RtpPacket(1, 2, 960 + 1200, packets[1].payload), 1.0)
    frames += reception.release(2.0)
    assert [len(frame.samples) for frame in frames] == [960, 240, 960]


@pytest.mark.parametrize("payload", [b"", b"\xff\xff\xff", b"\x03", bytes(5000), b"\x7b\x00"])
def test_a_payload_that_is_no_audio_is_concealed_like_a_lost_one(payload: bytes) -> None:
    packets = stream(0.2)
    packets[5] = RtpPacket(1, 5, packets[5].timestamp, payload)
    frames = receive([(n * PACKET_S, packet) for n, packet in enumerate(packets)])
    starts = [frame.start for _, frame in frames]
    assert starts == pytest.approx([n * PACKET_S for n in range(10)])


def test_silence_is_sent_without_encoding_it_and_speech_after_it_is_whole() -> None:
    encoder, decoder = OpusEncoder(24_000), OpusDecoder()
    quiet = [encoder.encode(np.zeros(480, np.int16)) for _ in range(50)]
    assert len(set(quiet[11:])) == 1
    silence = [decoder.decode(payload) for payload in quiet]
    assert all(samples is not None and abs(samples).max() <= 2 for samples in silence)
    speech = tone(440, 0.5, 24_000)
    spoken = [decoder.decode(encoder.encode(speech[at : at + 480])) for at in range(0, 12_000, 480)]
    samples = np.concatenate([one for one in spoken if one is not None])
    assert pitch(samples[4800:]) == pytest.approx(440, abs=4)
    assert np.abs(samples[4800:]).max() > 7000


def test_concealment_before_the_first_packet_has_nothing_to_go_by() -> None:
    assert OpusDecoder().conceal() is None
