"""Recorded speech for benchmarks: what is said, when it ends, and how complete it sounds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.audio.files import read_audio
from vivavoce.audio.level import voiced
from vivavoce.core.audio import FRAME_S, Samples
from vivavoce.core.errors import ConfigError

__all__ = ["SAMPLE_RATE", "Utterance", "load_utterances"]

SAMPLE_RATE = 16000  # Hz: that of every recording, so that frames reach the recogniser untouched
FRAME_SAMPLES = round(SAMPLE_RATE * FRAME_S)

_SENTENCE_MARKS = (".", "?", "!")
# Every fourth utterance reaches the floor as if it went on, in one of three ways: to be committed
# after the policy's second, third and last wait.
_UNCLEAR_EVERY = 4
_UNCLEAR_ENDINGS = ("", ",", " and")


@dataclass(frozen=True)
class Utterance:
    """A recording in whole frames, int16 `(frames, 320)` at 16 kHz; times are seconds in it.

    `transcript` is what the scripted recogniser makes of it. `complete`: that ends a sentence.
    """

    name: str
    transcript: str
    complete: bool
    speech_start: float
    speech_end: float
    frames: Samples = field(repr=False)

    @cached_property
    def words(self) -> tuple[tuple[str, float, float], ...]:
        """The words without punctuation, each with its share of the speech by its length."""
        texts = [text for word in self.transcript.split() if (text := word.strip(".,?!"))]
        edges = np.cumsum([0, *(len(text) for text in texts)], dtype=np.float64)
        times = self.speech_start + edges * ((self.speech_end - self.speech_start) / edges[-1])
        return tuple(
            (text, float(start), float(end))
            for text, start, end in zip(texts, times, times[1:], strict=False)
        )


def load_utterances(directory: Path | None = None) -> tuple[Utterance, ...]:
    """The recordings that `index.json` in the directory lists; None: those of the package.

    Recordings of several utterances are left out. Raises ConfigError where there is no index, and
    AudioError for a recording that cannot be read.
    """
    if directory is None:
        with as_file(files("vivavoce") / "data" / "questions") as packaged:
            return load_utterances(packaged)
    index = directory / "index.json"
    if not index.is_file():
        raise ConfigError(f"{directory} has no index.json that lists recordings")
    entries = json.loads(index.read_text(encoding="utf-8"))
    whole = [entry for entry in entries if entry.get("kind", "sentence") == "sentence"]
    return tuple(_some_unclear([_utterance(directory, entry) for entry in whole]))


def _utterance(directory: Path, entry: Mapping[str, Any]) -> Utterance:  # Any: JSON
    with read_audio(directory / entry["file"], SAMPLE_RATE) as reader:
        samples = np.concatenate([frame.samples for frame in reader])
    start, _ = voiced(samples, SAMPLE_RATE) or (0.0, 0.0)
    missing = -len(samples) % FRAME_SAMPLES
    return Utterance(
        name=entry["file"],
        transcript=_sentence(entry["text"]),
        complete=True,
        speech_start=entry.get("speech_start", start),
        speech_end=entry["speech_end"],
        frames=np.pad(samples, (0, missing)).reshape(-1, FRAME_SAMPLES),
    )


def _sentence(text: str) -> str:
    return text if text.endswith(_SENTENCE_MARKS) else f"{text}."


def _some_unclear(utterances: Sequence[Utterance]) -> Sequence[Utterance]:
    marked = list(utterances)
    for turn, index in enumerate(range(_UNCLEAR_EVERY - 1, len(marked), _UNCLEAR_EVERY)):
        said = marked[index].transcript.rstrip("".join(_SENTENCE_MARKS))
        ending = _UNCLEAR_ENDINGS[turn % len(_UNCLEAR_ENDINGS)]
        marked[index] = replace(marked[index], transcript=said + ending, complete=False)
    return marked
