"""Audio that spells its words, so that what was heard can be read off the samples.

Each word is a stretch of one constant sample value that stands for it, with a short silence behind.
A constant survives resampling, and a frame that was lost or cut is a word that is missing: scripted
recognisers read what they were really sent, and tests read what was really played.
"""

from __future__ import annotations

import re

import numpy as np

from vivavoce.core.audio import Samples, silence
from vivavoce.core.transcript import Word

__all__ = ["Speller"]

_LEAST = 2000  # int16: far above any silence threshold
_STEP = 16  # between words: a resampler's ripple stays below half of it
_MOST = 30000
_GAP_S = 0.010  # between words, so that one said twice is two
_SOLID_S = 0.006  # a value that stands shorter is an edge, not a word
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W_]+(?:['’.-][^\W_]+)*")


class Speller:
    """A vocabulary that grows with what is spelled; share one between the speaking and the
    listening side."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        self._words: dict[int, str] = {}

    def words(self, text: str) -> list[str]:
        """The words of a text, without punctuation."""
        return _WORD.findall(text)

    def spell(self, text: str, duration: float, sample_rate: int) -> tuple[Samples, list[Word]]:
        """Audio of `duration` seconds, int16 `(n,)`, and its words with their times in it."""
        found = self.words(text)
        total = round(duration * sample_rate)
        if not found:
            return silence(duration, sample_rate), []
        samples = np.zeros(total, np.int16)
        weights = np.cumsum([0, *(len(word) for word in found)])
        edges = np.round(weights * (total / weights[-1])).astype(int)
        gap = round(_GAP_S * sample_rate)
        words = []
        for word, start, end in zip(found, edges, edges[1:], strict=False):
            samples[start : end - gap] = self._value(word)
            words.append(Word(word, float(start) / sample_rate, float(end - gap) / sample_rate))
        return samples, words

    def _value(self, word: str) -> int:
        if word not in self._values:
            value = _LEAST + _STEP * len(self._values)
            if value > _MOST:
                raise ValueError(f"a speller has room for {(_MOST - _LEAST) // _STEP} words")
            self._values[word] = value
            self._words[value] = word
        return self._values[word]

    def read(self, samples: Samples, sample_rate: int) -> list[Word]:
        """The words that the samples spell, with their times; a word cut short is among them."""
        codes = np.round((samples.astype(np.int32) - _LEAST) / _STEP).astype(np.int32)
        codes[samples < _LEAST - _STEP // 2] = -1
        borders = np.flatnonzero(np.diff(codes)) + 1
        starts = np.concatenate(([0], borders))
        ends = np.concatenate((borders, [len(codes)]))
        words = []
        for start, end in zip(starts, ends, strict=True):
            word = self._words.get(_LEAST + _STEP * int(codes[start])) if start < end else None
            if word is not None and (end - start) / sample_rate >= _SOLID_S:
                words.append(Word(word, float(start) / sample_rate, float(end) / sample_rate))
        return words
