"""A neural voice in this process: Piper, streamed chunk by chunk with exact word times."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np

from vivavoce.core.audio import Samples, silence
from vivavoce.core.errors import ConfigError
from vivavoce.core.protocols import TTSCapabilities, TTSStream
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Word
from vivavoce.providers.local.espeak_process import EspeakProcess
from vivavoce.providers.local.phonemes import read
from vivavoce.providers.local.piper_model import PiperModel
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.tts_stream import Emit, LaneTTSStream, Stopped
from vivavoce.providers.local.utterances import closed, from_onset, utterances, written
from vivavoce.text.normalise import speakable

__all__ = ["Piper"]

# Frames (11.6 ms) a chunk. The first is short for an early first sound: 0.19 s of speech, computed
# with its margin in 30 ms. Later ones are long, because each also computes 56 frames of margin.
CHUNK_FRAMES = (16, 24, 48, 96, 192)
TAIL_FRAMES = 24  # a last chunk shorter than this is joined to the one before it

GAIN = 32767  # the model ends with tanh, so this never clips; speech comes at about -24 dBFS


class Piper:
    """A text-to-speech provider over one Piper voice of one speaker.

    `path` is the voice's `.onnx` with its `.onnx.json` beside it. Speech comes at a fixed gain,
    without the silence that the model makes around it, and with the exact times of all words.
    """

    def __init__(self, runtime: Runtime, path: Path, *, name: str = "local/piper-joe") -> None:
        self.name = name
        self._runtime = runtime
        self._path = path
        self._language = path.name.partition("_")[0].lower()

    @property
    def capabilities(self) -> TTSCapabilities:
        """Known before the voice is loaded: the rate follows from the quality in its name."""
        rate = 16000 if self._path.stem.endswith("low") else 22050
        return TTSCapabilities(rate, word_times=True, languages=frozenset({self._language}))

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[TTSStream]:
        """Open a stream for one answer; the first one loads the voice.

        Raises ConfigError for a language that is not the voice's. Text in another script is read
        as espeak-ng reads it, with this voice's sounds.
        """
        if language and language.lower().replace("_", "-").partition("-")[0] != self._language:
            raise ConfigError(
                f"the voice {self.name} speaks {self._language!r} and not {language!r}; "
                "local/espeak speaks nearly every language"
            )
        model, reader = await self._load()
        speaker = _Speaker(model, reader, self._language)
        async with LaneTTSStream(self._runtime.lane("tts"), speaker.speak) as stream:
            yield stream

    async def warm(self) -> None:
        """Load the voice and speak a word, so that the first answer pays for neither."""
        async with self.stream() as stream:
            await stream.say("Ready.")
            await stream.finish()
            async for _ in stream:
                pass

    async def _load(self) -> tuple[PiperModel, EspeakProcess]:
        threads = self._runtime.threads.tts
        load = partial(PiperModel, self._path, threads=threads)
        model = await self._runtime.load(("piper", self._path), load)
        reader = await self._runtime.load("espeak", EspeakProcess, EspeakProcess.close)
        return model, reader


class _Speaker:
    """Makes the speech of texts, in the lane's thread."""

    def __init__(self, model: PiperModel, reader: EspeakProcess, language: str) -> None:
        self._model = model
        self._reader = reader
        self._language = language

    def speak(self, text: str, emit: Emit, stopped: Stopped) -> None:
        """Emit the chunks of a text; the first one carries it, the last one ends it."""
        spoken = speakable(text, self._language)
        rate = self._model.sample_rate
        plan = utterances(spoken)
        position = 0  # samples given out
        for utterance in plan:
            frames = self._model.prepare(read(utterance.words, self._model.voice, self._reader))
            origin = position  # of the utterance's frame 0, once its head is cut off
            for begin, end in chunks(frames.count):
                if stopped():
                    return
                decoded = self._model.decode(frames, begin, end) * GAIN
                samples: Samples = decoded.astype(np.int16)
                words: tuple[Word, ...] = ()
                if begin == 0:
                    samples = from_onset(samples, rate)
                    origin -= end * self._model.hop - len(samples)
                    times = [self._time(span, origin, position) for span in frames.words]
                    words = written(utterance, text, times)
                if end == frames.count:
                    sounding = origin + frames.voiced_end * self._model.hop - position
                    samples = closed(samples, rate, sounding, utterance.pause)
                carried = "" if position else text
                position += len(samples)
                ends = end == frames.count and utterance is plan[-1]
                emit(Speech(samples, rate, carried, words, ends))
        if not plan:
            emit(Speech(silence(0, rate), rate, text, ends=True))

    def _time(self, span: tuple[int, int], origin: int, earliest: int) -> tuple[float, float]:
        """Seconds from the text's start of a span of frames whose utterance began at `origin`."""
        start, end = (max(earliest, origin + frame * self._model.hop) for frame in span)
        return start / self._model.sample_rate, end / self._model.sample_rate


def chunks(frames: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each chunk of so many frames."""
    begin = 0
    sizes = iter(CHUNK_FRAMES)
    while begin < frames:
        end = begin + next(sizes, CHUNK_FRAMES[-1])
        if end + TAIL_FRAMES > frames:
            end = frames
        yield begin, end
        begin = end
