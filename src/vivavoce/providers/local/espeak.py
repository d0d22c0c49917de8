"""The robotic voice for every language that has no better one here: espeak-ng."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import numpy as np

from vivavoce.core.audio import Samples, silence
from vivavoce.core.errors import ConfigError
from vivavoce.core.protocols import TTSCapabilities, TTSStream
from vivavoce.core.speech import Speech
from vivavoce.providers.local.espeak_process import SAMPLE_RATE, EspeakProcess, SpokenWord
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.tts_stream import Emit, LaneTTSStream, Stopped
from vivavoce.providers.local.utterances import closed, from_onset, utterances, written
from vivavoce.text.normalise import speakable

__all__ = ["Espeak"]

# ISO 639-1 names and regions that espeak-ng calls something else.
_VOICES = {
    "en": "en-us", "fr": "fr-fr", "no": "nb", "pt": "pt-br", "tl": "id", "zh": "cmn",
    "zh-cn": "cmn", "zh-tw": "cmn", "zh-hk": "yue",
}  # fmt: skip

GAIN = 0.6  # espeak-ng peaks near full scale; this brings it to the loudness of the other voices


class Espeak:
    """A text-to-speech provider over espeak-ng, which runs in a process of its own.

    It speaks `language` unless a stream asks for another.
    """

    def __init__(
        self, runtime: Runtime, language: str = "en", *, name: str = "local/espeak"
    ) -> None:
        self.name = name
        self._runtime = runtime
        self._language = language
        self._languages: frozenset[str] = frozenset()

    @property
    def capabilities(self) -> TTSCapabilities:
        """Its languages are known once it was warmed or has spoken."""
        return TTSCapabilities(SAMPLE_RATE, word_times=True, languages=self._languages)

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[TTSStream]:
        """Open a stream for one answer. Raises ConfigError for a language it does not have."""
        process = await self._load()
        speaker = _Speaker(process, self._voice(language), language or self._language)
        async with LaneTTSStream(self._runtime.lane("tts"), speaker.speak) as stream:
            yield stream

    async def warm(self) -> None:
        """Start the program."""
        await self._load()

    async def _load(self) -> EspeakProcess:
        process = await self._runtime.load("espeak", EspeakProcess, EspeakProcess.close)
        if not self._languages:
            names = await self._runtime.lane("tts").run(process.languages)
            self._languages = names | {short for short, name in _VOICES.items() if name in names}
        return process

    def _voice(self, language: str | None) -> str:
        asked = (language or self._language).lower().replace("_", "-")
        for name in (asked, asked.partition("-")[0]):
            if name in self._languages:
                return _VOICES.get(name, name)
        raise ConfigError(f"espeak-ng has no voice for the language {language!r}")


class _Speaker:
    """Makes the speech of texts, in the lane's thread, an utterance at a time."""

    def __init__(self, process: EspeakProcess, voice: str, language: str) -> None:
        self._process = process
        self._voice = voice
        self._language = language

    def speak(self, text: str, emit: Emit, stopped: Stopped) -> None:
        """Emit one chunk an utterance; the first carries the text, the last one ends it."""
        plan = utterances(speakable(text, self._language))
        position = 0  # samples given out
        for utterance in plan:
            if stopped():
                return
            made = self._process.speak(utterance.text, self._voice)
            loud = (made.samples * np.float32(GAIN)).astype(np.int16)
            samples: Samples = from_onset(loud, SAMPLE_RATE)
            cut = (len(loud) - len(samples)) / SAMPLE_RATE
            samples = closed(samples, SAMPLE_RATE, 0, utterance.pause)
            end = len(samples) / SAMPLE_RATE - utterance.pause
            spans = times(utterance.text, utterance.words, made.words, end + cut)
            start = position / SAMPLE_RATE
            moved = [(start + max(0.0, a - cut), start + max(0.0, b - cut)) for a, b in spans]
            words = written(utterance, text, moved)
            carried = "" if position else text
            emit(Speech(samples, SAMPLE_RATE, carried, words, utterance is plan[-1]))
            position += len(samples)
        if not plan:
            emit(Speech(silence(0, SAMPLE_RATE), SAMPLE_RATE, text, ends=True))


def times(
    text: str, words: Sequence[str], events: Sequence[SpokenWord], end: float
) -> list[tuple[float, float]]:
    """Start and end (s) of each word, out of espeak-ng's word events.

    An event may cover several of our words (a Japanese phrase) or a part of one; between two events
    time goes with the characters. `end` is the end of the last sound.
    """
    places, moments = [0], [0.0]
    for event in events:
        start = min(event.start, end)
        if event.at > places[-1] and start >= moments[-1]:
            places.append(event.at)
            moments.append(start)
    places.append(max(len(text), places[-1] + 1))
    moments.append(max(end, moments[-1]))
    starts = []
    place = 0
    for word in words:
        place = max(text.find(word, place), place)
        starts.append(_moment(place, places, moments))
        place += len(word)
    return list(pairwise([*starts, moments[-1]]))


def _moment(place: int, places: Sequence[int], moments: Sequence[float]) -> float:
    after = min(bisect_right(places, place), len(places) - 1)
    share = (place - places[after - 1]) / (places[after] - places[after - 1])
    return moments[after - 1] + share * (moments[after] - moments[after - 1])
