"""Whisper's weights, and one decode with them: samples in, text and how sure it is out.

Theory of operation. Whisper was trained on windows of 30 s and its encoder costs the same for one
second of speech as for thirty. A window that is merely cut short is five times cheaper, but then
the decoder, which has learned that an utterance is followed by silence up to the thirtieth second,
finds no place to stop: it says everything twice, or a hundred times. So the encoder hears only the
speech and `PAD_S` of silence, and the rest of the window is *spliced* on behind it: the encoder's
own output for silence at those positions, computed once at load. The decoder sees a window as it
knows it, at a fifth of the price. What still looks like a loop, or unsure, is decoded in full.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.core.audio import Samples
from vivavoce.core.errors import ProviderUnavailable
from vivavoce.providers.local.log_mel import BANDS, FRAMES_PER_S, HOP_SAMPLES, SAMPLE_RATE, log_mel
from vivavoce.providers.local.repetition import is_loop, may_be_loop, without_loops

__all__ = ["Abandoned", "Decoded", "WhisperModel"]

Array = NDArray[np.float32]

WINDOW_S = 30

PAD_S = 1.0  # 2 and 3 s were no better

# A spliced decode that is less sure than this is made again in full, and the surer one counts.
# Measured on 2 shared, busy cores, 1 thread, 60 stretches of human speech of 0.5-18 s (781 words);
# word error rate plain / in noise at 10 dB, and median time:
#   tiny.en  whole window 9.0 / 20.4 %, 725 ms   spliced 9.5 / 21.4 %, 168 ms   redone 9.2 / 20.5 %,
#            12 to 25 % of them again; a window cut short without splicing: 172 %, for its loops
#   base     whole window 8.2 %, 1280 ms   spliced 16.3 %, 350 ms   redone 11.7 %
# The multilingual encoder marks its silence by what was said before it. So base is spliced for
# partials only.
UNSURE = -0.7

# Whisper's own rule for silence (Radford et al. 2022, section 4.5): both must hold.
NO_SPEECH = 0.6
UNLIKELY = -1.0
# Less sure than this it writes English for another language: Spanish, French, Japanese and Korean
# came to -1.4 to -1.9, the least sure of 50 English recordings to -1.07.
GIBBERISH = -1.2

# The fastest readers make 8 tokens a second; what is longer is a loop.
TOKENS_PER_S = 10
SPARE_TOKENS = 12
MAX_TOKENS = 224  # half of the decoder's context, as in Whisper itself

SILENT_LEVEL = 0.0  # what the reference implementations fill a window with


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one decode gave.

    `text` begins with a space where the language writes one. `log_probability` is the mean of the
    tokens'; `no_speech` the probability that the window holds none; `language` ISO 639-1.
    """

    text: str
    log_probability: float = 0.0
    no_speech: float = 0.0
    language: str = "en"

    @property
    def silent(self) -> bool:
        """Whether the model holds its own text for made up."""
        if self.log_probability < GIBBERISH:
            return True
        return self.no_speech > NO_SPEECH and self.log_probability < UNLIKELY


class Abandoned(Exception):
    """Nobody waits for the decode any more."""


class WhisperModel:
    """Weights in CTranslate2's format, in `directory` with the tokenizer beside them.

    `decode` may be called from several threads; `slots` of them compute at a time, each with
    `threads` native threads. Raises ProviderUnavailable when the weights cannot be loaded.
    """

    def __init__(self, directory: Path, *, threads: int = 1, slots: int = 2) -> None:
        import ctranslate2
        import tokenizers

        try:
            self._whisper = ctranslate2.models.Whisper(
                str(directory),
                device="cpu",
                compute_type="int8",
                inter_threads=slots,
                intra_threads=threads,
            )
            self._tokenizer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        except (RuntimeError, OSError, ValueError) as error:
            raise ProviderUnavailable(
                f"Whisper cannot be loaded from {directory}: {error}", provider="local", role="stt"
            ) from error
        self._view = ctranslate2.StorageView.from_array
        self.multilingual: bool = self._whisper.is_multilingual
        self._start, self._transcribe, self._no_timestamps, self._end = map(
            self._tokenizer.token_to_id,
            ("<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>", "<|endoftext|>"),
        )
        nothing = np.full((BANDS, WINDOW_S * FRAMES_PER_S), SILENT_LEVEL, np.float32)
        self._silence = self._encode(nothing)

    def knows(self, language: str) -> bool:
        """Whether it transcribes that language (ISO 639-1)."""
        if not self.multilingual:
            return language == "en"
        return self._tokenizer.token_to_id(f"<|{language}|>") is not None

    def decode(
        self,
        samples: Samples,
        language: str | None = None,
        *,
        prefix: str = "",
        careful: bool = True,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Decoded:
        """The text of at most 30 s of speech, int16 `(n,)` at 16 kHz.

        `prefix` is text that is known already and is not decoded again. `careful` is for a final:
        it takes the whole window where the spliced one will not do, which takes five times as
        long. Raises Abandoned when `stopped()` turns true between two steps.
        """
        levels = _levels(samples)
        limit = min(MAX_TOKENS, SPARE_TOKENS + TOKENS_PER_S * len(samples) // SAMPLE_RATE)
        whole = careful and self.multilingual
        audio = self._whole(levels) if whole else self._spliced(levels)
        language = language or self._detect(audio)
        _check(stopped)
        decoded, looped = self._generate(audio, language, prefix, limit)
        doubtful = looped or may_be_loop(decoded.text) or decoded.log_probability < UNSURE
        if careful and not whole and doubtful and not decoded.silent:
            _check(stopped)
            audio = self._whole(levels)
            _check(stopped)
            again, loops_again = self._generate(audio, language, prefix, limit)
            if again.log_probability > decoded.log_probability or may_be_loop(decoded.text):
                decoded, looped = again, loops_again
        if looped or is_loop(decoded.text):
            decoded = replace(decoded, text=without_loops(decoded.text))
        return decoded

    def _encode(self, levels: Array) -> Array:
        """Float32 `(80, frames)` in, `(1, frames / 2, width)` out."""
        view = self._view(np.ascontiguousarray(levels[None]))
        return np.array(self._whisper.encode(view, to_cpu=True))

    def _spliced(self, levels: Array) -> Array:
        frames = min(WINDOW_S * FRAMES_PER_S, levels.shape[1] + round(PAD_S * FRAMES_PER_S))
        heard = self._encode(_filled(levels, frames + frames % 2))
        return np.concatenate([heard, self._silence[:, heard.shape[1] :]], axis=1)

    def _whole(self, levels: Array) -> Array:
        return self._encode(_filled(levels, WINDOW_S * FRAMES_PER_S))

    def _detect(self, audio: Array) -> str:
        if not self.multilingual:
            return "en"
        best: str = self._whisper.detect_language(self._view(audio))[0][0][0]
        return best.strip("<|>")

    def _generate(
        self, audio: Array, language: str, prefix: str, limit: int
    ) -> tuple[Decoded, bool]:
        """What was decoded, and whether it took all the tokens that it might."""
        known = self._tokenizer.encode(prefix, add_special_tokens=False).ids
        task = []
        if self.multilingual:
            task = [self._tokenizer.token_to_id(f"<|{language}|>"), self._transcribe]
        prompt = [self._start, *task, self._no_timestamps, *known]
        result = self._whisper.generate(
            self._view(audio),
            [prompt],
            beam_size=1,
            max_length=2 * limit,  # the library takes half of it for the prompt
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < self._end]
        score = result.scores[0] * len(tokens) / (len(tokens) + 1)  # the end counts as a token
        text = self._tokenizer.decode(tokens)  # the prefix is among them
        decoded = Decoded(text, score, result.no_speech_prob, language)
        return decoded, len(tokens) >= limit


def _check(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise Abandoned


def _levels(samples: Samples) -> Array:
    window = samples[-WINDOW_S * SAMPLE_RATE :].astype(np.float32) / 32768
    return log_mel(np.pad(window, (0, max(HOP_SAMPLES, 2 * HOP_SAMPLES - len(window)))))


def _filled(levels: Array, frames: int) -> Array:
    """The spectrogram followed by silence as loud as its own quietest moment can be."""
    silence = max(levels.max() - 2.0, -1.5)
    missing = max(0, frames - levels.shape[1])
    return np.pad(levels[:, :frames], ((0, 0), (0, missing)), constant_values=silence)
