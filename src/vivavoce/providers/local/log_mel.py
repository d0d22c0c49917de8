"""The log-mel spectrogram that Whisper and its descendants listen to.

Radford et al. 2022, section 2.2: 80 mel bands, windows of 25 ms every 10 ms, at 16 kHz.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BANDS", "FRAMES_PER_S", "HOP_SAMPLES", "SAMPLE_RATE", "log_mel"]

SAMPLE_RATE = 16000
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
FRAMES_PER_S = SAMPLE_RATE // HOP_SAMPLES
BANDS = 80
RANGE = 8.0  # decades below the loudest band, where the spectrogram is cut off

Spectrogram = NDArray[np.float32]


def log_mel(samples: NDArray[np.float32]) -> Spectrogram:
    """The spectrogram float32 `(80, n // 160)` of samples float32 `(n,)`, n > 200.

    Values span 2.0 below their greatest, which is about 1 for loud speech and -1.5 for silence.
    """
    half = WINDOW_SAMPLES // 2
    padded = np.pad(samples, (half, half), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(windows[: len(samples) // HOP_SAMPLES] * _hann(), axis=-1)
    power = spectrum.real**2 + spectrum.imag**2
    levels = np.log10(np.maximum(power @ _filters(), 1e-10)).T
    scaled: Spectrogram = (np.maximum(levels, levels.max() - RANGE) + 4.0) / 4.0
    return scaled.astype(np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    return np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)


@cache
def _filters() -> NDArray[np.float32]:
    """Triangles on Slaney's mel scale, each of area 1, float32 `(201, 80)`."""
    edges = _hertz(np.linspace(0.0, _mel(SAMPLE_RATE / 2), BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (edges[2:] - edges[:-2])).astype(np.float32)


# Slaney's scale is linear to 1 kHz (15 mel) and logarithmic above, 27 mel for a factor of 6.4.


def _mel(hertz: float) -> float:
    return float(15.0 + 27.0 * np.log(hertz / 1000.0) / np.log(6.4))


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15.0, mel * 200.0 / 3.0, 1000.0 * 6.4 ** ((mel - 15.0) / 27.0))
