"""Sample rate conversion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.audio.resample import MAX_SAMPLE_RATE, Resampler, resample
from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

RATES = [8000, 16000, 22050, 24000, 44100, 48000]
ODD_RATES = [11025, 12000, 32000, 37800, 44099]


def tone(frequency: float, sample_rate: int, seconds: float = 1.0) -> Samples:
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    samples: Samples = np.rint(10000 * np.sin(2 * np.pi * frequency * times)).astype(np.int16)
    return samples


def in_pieces(samples: Samples, resampler: Resampler, sizes: list[int]) -> Samples:
    parts: list[Samples] = []
    at = 0
    while at < len(samples):
        size = sizes[len(parts) % len(sizes)]
        parts.append(resampler.push(samples[at : at + size]))
        at += size
    return np.concatenate([*parts, resampler.flush()])


def level(samples: Samples) -> float:
    """Loudness without the edges, in dB relative to the tone."""
    middle = samples[500:-500].astype(np.float64)
    return float(20 * np.log10(np.sqrt(np.mean(middle**2)) / (10000 / np.sqrt(2)) + 1e-9))


@pytest.mark.parametrize("target", RATES)
@pytest.mark.parametrize("source", RATES + ODD_RATES)
def test_a_tone_stays_the_same_tone_at_the_same_time(source: int, target: int) -> None:
    converted = resample(tone(700, source), source, target)
    expected = tone(700, target, len(converted) / target)
    assert len(converted) == target
    assert level(converted - expected) < -60


@pytest.mark.parametrize(("source", "target"), [(16000, 8000), (48000, 16000), (44100, 16000)])
def test_what_the_lower_rate_cannot_hold_is_gone(source: int, target: int) -> None:
    assert level(resample(tone(0.54 * target, source), source, target)) < -60


@pytest.mark.parametrize(("source", "target"), [(8000, 16000), (16000, 24000), (22050, 48000)])
def test_speech_frequencies_keep_their_level(source: int, target: int) -> None:
    lower = min(source, target)
    assert abs(level(resample(tone(0.42 * lower, source), source, target))) < 0.1


@pytest.mark.parametrize("target", RATES)
@pytest.mark.parametrize("source", RATES + ODD_RATES)
def test_no_more_is_held_back_than_the_delay_says(source: int, target: int) -> None:
    resampler, taken, given_ = Resampler(source, target), 0, 0
    for _ in range(50):
        given_ += len(resampler.push(np.zeros(source // 50, np.int16)))
        taken += source // 50
        assert taken / source - given_ / target <= resampler.delay
    assert resampler.delay < 0.0035


def test_equal_rates_pass_untouched_and_without_delay() -> None:
    samples = tone(700, 16000)
    resampler = Resampler(16000, 16000)
    assert resampler.push(samples) is samples
    assert len(resampler.flush()) == 0
    assert resampler.delay == 0


@settings(max_examples=60)
@given(
    source=st.sampled_from(RATES + ODD_RATES),
    target=st.sampled_from(RATES),
    sizes=st.lists(st.integers(1, 2000), min_size=1, max_size=5),
    count=st.integers(0, 6000),
)
def test_how_audio_is_cut_changes_nothing(
    source: int, target: int, sizes: list[int], count: int
) -> None:
    samples = np.random.default_rng(count).integers(-20000, 20000, count).astype(np.int16)
    whole = resample(samples, source, target)
    pieces = in_pieces(samples, Resampler(source, target), sizes)
    assert len(pieces) == len(whole) == -(-count * target // source)
    # A sum of products may be taken in another order, which is worth a unit at most.
    assert np.abs(pieces.astype(int) - whole.astype(int)).max(initial=0) <= 1


@settings(max_examples=30)
@given(
    lower=st.sampled_from([8000, 16000, 24000]),
    higher=st.sampled_from([44100, 48000]),
    frequency=st.floats(100, 3000),
)
def test_up_and_down_again_gives_the_signal_back(lower: int, higher: int, frequency: float) -> None:
    samples = tone(frequency, lower, 0.5)
    back = resample(resample(samples, lower, higher), higher, lower)
    assert abs(len(back) - len(samples)) <= 1
    assert level(back[: len(samples)] - samples[: len(back)]) < -55


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    square = np.repeat(np.array([32767, -32768] * 40, np.int16), 50)
    assert np.abs(np.diff(resample(square, 16000, 48000).astype(int))).max() < 65536
    assert resample(square, 16000, 48000)[150 * 3 - 75] == 32767


def test_a_resampler_can_be_used_again_after_a_flush() -> None:
    resampler = Resampler(8000, 16000)
    first = in_pieces(tone(500, 8000), resampler, [160])
    assert in_pieces(tone(500, 8000), resampler, [160]).tolist() == first.tolist()


@pytest.mark.parametrize("sample_rate", [0, -8000, 999, MAX_SAMPLE_RATE + 1])
def test_a_rate_that_no_sound_has_is_refused(sample_rate: int) -> None:
    with pytest.raises(AudioError, match=str(sample_rate)):
        Resampler(sample_rate, 16000)
