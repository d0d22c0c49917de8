"""Loudness, and where a voice is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.audio.level import SILENT_DBFS, peak_dbfs, rms_dbfs, voiced
from vivavoce.core.audio import Samples, silence

RATE = 16000


def tone(seconds: float, amplitude: float) -> Samples:
    times = np.arange(round(seconds * RATE)) / RATE
    return np.rint(amplitude * np.sin(2 * np.pi * 200 * times)).astype(np.int16)


def test_levels_are_relative_to_full_scale() -> None:
    assert rms_dbfs(np.full(100, -32768, np.int16)) == 0
    assert peak_dbfs(np.full(100, -32768, np.int16)) == 0
    assert rms_dbfs(tone(1, 16384)) == pytest.approx(-9.03, abs=0.01)
    assert peak_dbfs(tone(1, 16384)) == pytest.approx(-6.02, abs=0.01)


@pytest.mark.parametrize("samples", [silence(0, RATE), silence(1, RATE)])
def test_silence_has_a_level_too(samples: Samples) -> None:
    assert rms_dbfs(samples) == SILENT_DBFS
    assert peak_dbfs(samples) == SILENT_DBFS
    assert voiced(samples, RATE) is None


@given(before=st.floats(0, 1), length=st.floats(0.02, 1), after=st.floats(0, 1))
def test_a_voice_is_found_to_two_milliseconds(before: float, length: float, after: float) -> None:
    audio = np.concatenate((silence(before, RATE), tone(length, 3000), silence(after, RATE)))
    found = voiced(audio, RATE)
    assert found is not None
    assert found[0] == pytest.approx(before, abs=2e-3)
    assert found[1] == pytest.approx(before + length, abs=2e-3)


def test_a_click_is_no_voice() -> None:
    audio = silence(1, RATE)
    audio[8000:8010] = 3000
    assert voiced(audio, RATE) is None
    assert voiced(audio[:50], RATE) is None


def test_room_noise_is_no_voice_unless_the_floor_is_lower() -> None:
    noise = np.random.default_rng(1).normal(0, 60, RATE).astype(np.int16)  # -55 dBFS
    assert voiced(noise, RATE) is None
    assert voiced(noise, RATE, floor_dbfs=-65) is not None
