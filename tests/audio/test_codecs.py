"""Samples in and out of wire forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vivavoce.audio import codecs
from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

EVERY_BYTE = bytes(range(256))
int16s = arrays.arrays(np.int16, st.integers(0, 200))


# ITU-T G.711, tables 1a and 2a: the value of each segment's first code and of the outermost, as
# 16-bit samples (13 and 14 bits in the tables).
@pytest.mark.parametrize(
    ("code", "value"),
    [(0xFF, 0), (0x7F, 0), (0xFE, 8), (0xEF, 132), (0x80, 32124), (0x00, -32124), (0x7E, -8)],
)
def test_ulaw_codes_have_the_values_of_the_recommendation(code: int, value: int) -> None:
    assert codecs.ulaw_decode(bytes([code])).tolist() == [value]


@pytest.mark.parametrize(
    ("code", "value"),
    [(0xD5, 8), (0x55, -8), (0xC5, 264), (0xAA, 32256), (0x2A, -32256), (0xF5, 528)],
)
def test_alaw_codes_have_the_values_of_the_recommendation(code: int, value: int) -> None:
    assert codecs.alaw_decode(bytes([code])).tolist() == [value]


def test_every_ulaw_code_survives_decoding_and_encoding() -> None:
    again = codecs.ulaw_encode(codecs.ulaw_decode(EVERY_BYTE))
    assert again == EVERY_BYTE.replace(b"\x7f", b"\xff")  # there are two zeros


def test_every_alaw_code_survives_decoding_and_encoding() -> None:
    assert codecs.alaw_encode(codecs.alaw_decode(EVERY_BYTE)) == EVERY_BYTE


@given(int16s)
def test_ulaw_errs_by_half_a_step_at_most(samples: Samples) -> None:
    decoded = codecs.ulaw_decode(codecs.ulaw_encode(samples)).astype(int)
    magnitude = np.abs(samples.astype(int))
    assert np.all(np.abs(decoded - samples) <= np.maximum(8, (magnitude + 132) / 31))


@given(int16s)
def test_alaw_errs_by_half_a_step_at_most(samples: Samples) -> None:
    decoded = codecs.alaw_decode(codecs.alaw_encode(samples)).astype(int)
    assert np.all(np.abs(decoded - samples) <= np.maximum(8, np.abs(samples.astype(int)) / 31))


@given(st.integers(-32768, 32766))
def test_louder_samples_never_get_quieter_codes(value: int) -> None:
    pair = np.array([value, value + 1], np.int16)
    assert np.diff(codecs.ulaw_decode(codecs.ulaw_encode(pair)).astype(int)) >= 0
    assert np.diff(codecs.alaw_decode(codecs.alaw_encode(pair)).astype(int)) >= 0


@given(int16s)
def test_pcm16_and_float32_are_exact(samples: Samples) -> None:
    assert codecs.pcm16_decode(codecs.pcm16_encode(samples)).tolist() == samples.tolist()
    assert codecs.float32_decode(codecs.float32_encode(samples)).tolist() == samples.tolist()


@given(arrays.arrays(np.float32, st.integers(1, 50)))
def test_any_float_becomes_a_sample(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    converted, broken = codecs.float_to_int16(samples)
    assert broken == np.isnan(samples).sum()
    assert np.all(converted[np.isnan(samples)] == 0)
    assert np.all(converted[samples >= 1] == 32767)
    assert np.all(converted[samples <= -1] == -32768)


def test_a_strict_caller_is_told_of_samples_that_are_not_numbers() -> None:
    data = np.array([0.5, np.nan, np.inf], np.float32)
    assert codecs.float32_decode(data.tobytes()).tolist() == [16384, 0, 32767]
    with pytest.raises(AudioError, match="1 of 3 samples are not numbers"):
        codecs.float32_decode(data.tobytes(), strict=True)


@pytest.mark.parametrize("decode", [codecs.pcm16_decode, codecs.float32_decode])
def test_half_a_sample_is_an_error(decode: object) -> None:
    assert callable(decode)
    with pytest.raises(AudioError, match="ends within a sample"):
        decode(b"\0\0\0")


def test_channels_are_averaged_and_one_stays_as_it_is() -> None:
    stereo = np.array([[100, 200], [-32768, -32768], [32767, -32767]], np.int16)
    assert codecs.downmix(stereo).tolist() == [150, -32768, 0]
    assert codecs.downmix(stereo[:, :1]).tolist() == [100, -32768, 32767]


def test_no_channel_is_an_error() -> None:
    with pytest.raises(AudioError, match="no channel"):
        codecs.downmix(np.zeros((5, 0), np.int16))
