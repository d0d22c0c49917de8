"""WAV bytes of any kind, sound or broken."""

from __future__ import annotations

import struct

import numpy as np

from vivavoce.core.audio import Samples

PCM, FLOAT = 1, 3
RATE = 16000


def speechlike(seconds: float = 1.0, sample_rate: int = RATE) -> Samples:
    """A tone that swells and fades, int16 `(n,)`."""
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    swell = np.sin(np.pi * times / seconds)
    samples: Samples = np.rint(8000 * swell * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
    return samples


def wav(
    data: bytes,
    *,
    sample_rate: int = RATE,
    channels: int = 1,
    bits: int = 16,
    form: int = PCM,
    declared: int | None = None,
) -> bytes:
    """A WAV file around `data`; `declared` is the length its header claims."""
    size = len(data) if declared is None else declared
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", form, channels, sample_rate, sample_rate * align, align, bits)
    head = b"RIFF" + struct.pack("<I", min(36 + size, 0xFFFFFFFF)) + b"WAVEfmt " + b"\x10\0\0\0"
    return head + fmt + b"data" + struct.pack("<I", size) + data
