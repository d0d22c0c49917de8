"""Between int16 samples and the forms that audio takes on wires and in files.

G.711 follows ITU-T Recommendation G.711 (11/1988), tables 1a to 2b, through one table a direction.
Byte strings are little-endian.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

__all__ = [
    "alaw_decode",
    "alaw_encode",
    "downmix",
    "float32_decode",
    "float32_encode",
    "float_to_int16",
    "pcm16_decode",
    "pcm16_encode",
    "ulaw_decode",
    "ulaw_encode",
]

ULAW_BIAS = 132  # 33 in the 14-bit steps of table 2a, so that each segment begins at a power of 2
ULAW_CLIP = 32635  # the largest magnitude whose biased value still fits 15 bits
FULL_SCALE = 32768.0


def ulaw_encode(samples: Samples) -> bytes:
    """int16 `(n,)` to n bytes of G.711 mu-law."""
    return _ulaw_codes()[samples.view(np.uint16)].tobytes()


def ulaw_decode(data: bytes) -> Samples:
    """G.711 mu-law, n bytes, to int16 `(n,)`."""
    return _ulaw_values()[np.frombuffer(data, np.uint8)]


def alaw_encode(samples: Samples) -> bytes:
    """int16 `(n,)` to n bytes of G.711 A-law."""
    return _alaw_codes()[samples.view(np.uint16)].tobytes()


def alaw_decode(data: bytes) -> Samples:
    """G.711 A-law, n bytes, to int16 `(n,)`."""
    return _alaw_values()[np.frombuffer(data, np.uint8)]


def pcm16_encode(samples: Samples) -> bytes:
    """int16 `(n,)` to 2n bytes."""
    return samples.astype("<i2", copy=False).tobytes()


def pcm16_decode(data: bytes) -> Samples:
    """2n bytes to int16 `(n,)`. Raises AudioError when a sample is cut in half."""
    if len(data) % 2:
        raise AudioError(f"16-bit audio of {len(data)} bytes ends within a sample")
    return np.frombuffer(data, "<i2").astype(np.int16)


def float32_encode(samples: Samples) -> bytes:
    """int16 `(n,)` to 4n bytes, float32 in [-1, 1)."""
    return (samples / np.float32(FULL_SCALE)).astype("<f4").tobytes()


def float32_decode(data: bytes, *, strict: bool = False) -> Samples:
    """4n bytes of float32 to int16 `(n,)`; see `float_to_int16`."""
    if len(data) % 4:
        raise AudioError(f"32-bit float audio of {len(data)} bytes ends within a sample")
    return float_to_int16(np.frombuffer(data, "<f4"), strict=strict)[0]


def float_to_int16(samples: NDArray[np.floating], *, strict: bool = False) -> tuple[Samples, int]:
    """Floats `(n,)` in [-1, 1] as int16, and how many of them were not numbers (NaN).

    Louder samples, infinite ones too, are clipped. NaN becomes silence, or AudioError if `strict`.
    """
    broken = int(np.count_nonzero(np.isnan(samples)))
    if broken and strict:
        raise AudioError(f"{broken} of {len(samples)} samples are not numbers (NaN)")
    scaled = np.clip(samples, -1.0, 1.0) * FULL_SCALE
    if broken:
        scaled = np.nan_to_num(scaled, nan=0.0)
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16), broken


def downmix(samples: Samples) -> Samples:
    """The mean of all channels: int16 `(n, channels)` to `(n,)`.

    Raises AudioError when there is no channel.
    """
    if samples.ndim != 2 or samples.shape[1] == 0:
        raise AudioError(f"audio of shape {samples.shape} has no channel to mix")
    if samples.shape[1] == 1:
        return np.ascontiguousarray(samples[:, 0])
    mixed: Samples = np.rint(samples.mean(axis=1, dtype=np.float32)).astype(np.int16)
    return mixed


def _every_int16() -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The magnitude and the sign of all samples, in the order of their bits taken as unsigned.

    Negative values count in one's complement, as in the reference code (ITU-T G.191, g711.c).
    """
    value = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    return np.where(value < 0, ~value, value), value < 0


@lru_cache(maxsize=1)
def _ulaw_values() -> Samples:
    code = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    magnitude = (((mantissa << 3) + ULAW_BIAS) << exponent) - ULAW_BIAS
    return np.where(code & 128, -magnitude, magnitude).astype(np.int16)


@lru_cache(maxsize=1)
def _ulaw_codes() -> NDArray[np.uint8]:
    magnitude, negative = _every_int16()
    biased = np.minimum(magnitude, ULAW_CLIP) + ULAW_BIAS
    exponent = np.frexp(biased)[1] - 8  # biased has 8 to 15 bits
    code = np.where(negative, 128, 0) | exponent << 4 | biased >> (exponent + 3) & 15
    codes: NDArray[np.uint8] = ~code.astype(np.uint8)
    return codes


@lru_cache(maxsize=1)
def _alaw_values() -> Samples:
    code = np.arange(256, dtype=np.uint8) ^ 0x55  # even bits are inverted on the wire
    exponent, mantissa = (code >> 4) & 7, (code & 15).astype(np.int32)
    step = (mantissa << 4) + 8 + np.where(exponent > 0, 256, 0)
    magnitude = step << np.maximum(exponent.astype(np.int32) - 1, 0)
    return np.where(code & 128, magnitude, -magnitude).astype(np.int16)


@lru_cache(maxsize=1)
def _alaw_codes() -> NDArray[np.uint8]:
    magnitude, negative = _every_int16()
    exponent = np.maximum(np.frexp(magnitude)[1] - 8, 0)
    code = (
        np.where(negative, 0, 128) | exponent << 4 | magnitude >> np.maximum(exponent + 3, 4) & 15
    )
    codes: NDArray[np.uint8] = code.astype(np.uint8) ^ 0x55
    return codes
