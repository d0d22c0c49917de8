"""Synthetic speech and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field

from vivavoce.core.audio import Samples
from vivavoce.core.transcript import Word

__all__ = ["Speech"]


@dataclass(frozen=True, slots=True)
class Speech:
    """A chunk of synthesised audio.

    `samples` is int16 `(n,)` at `sample_rate` Hz. The first chunk of each text given to
    `TTSStream.say` carries that text in `text` (exactly as given); chunks that continue it carry
    "". `words` are the words of `text` whose times the engine knows, in seconds from the start of
    the chunk that carries `text`; an engine that learns them late sends them with a later chunk of
    the same text, still counted from that text's start. `ends` marks the last chunk of a text.
    """

    samples: Samples = field(repr=False)
    sample_rate: int
    text: str = ""
    words: tuple[Word, ...] = ()
    ends: bool = False
