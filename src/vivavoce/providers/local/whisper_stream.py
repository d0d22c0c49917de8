"""One listening session of Whisper.

Nothing runs in the background: iterating does the work. Whoever waits for the next transcript
decides, in this order, to close a long segment, to answer a flush, to make a partial, or to wait
for audio. So partials are made no faster than they are read, a cancelled reader leaves nothing
behind, and an error comes out where the transcripts do.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from threading import Event as ThreadEvent
from typing import Self

import anyio
import numpy as np

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.errors import ProviderError
from vivavoce.core.transcript import Transcript
from vivavoce.providers.local.agreement import agreed
from vivavoce.providers.local.lane import Lane
from vivavoce.providers.local.log_mel import SAMPLE_RATE
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.utterance import Segment, Utterance
from vivavoce.providers.local.whisper_model import Decoded, WhisperModel

__all__ = ["WhisperStream", "accepted"]

PARTIAL_S = 0.5  # new audio for a new partial; a decode of 3 s takes 0.1 s of one core
PARTIAL_SHARE = 0.1  # and at least that share of the segment, as long ones cost more
SHORTEST_S = 0.4  # below, Whisper guesses a word from a syllable
BEHIND = 2  # undecoded segments or finals upon which `send` waits: about 50 s of audio

SILENCE_PEAK = 33  # -60 dBFS; quiet speech in a quiet room peaks at -40

# What Whisper writes for noise: the ends of the subtitles that it was trained on.
BLANKS = frozenset(
    ("", "you", "thank you", "thanks for watching", "thank you for watching", "bye", "so", "oh")
)
BLANK_UNLIKELY = -0.5


@dataclass(slots=True)
class _Flush:
    """A question for the final of `utterance` as it was then."""

    utterance: Utterance
    segments: int
    samples: Samples
    end: float


class WhisperStream:
    """Takes audio at 16 kHz, gives partial and final transcripts; for one reader.

    Word times are not known. A transcript that the model itself holds for unlikely, or for
    silence, is empty.
    """

    def __init__(
        self, runtime: Runtime, model: WhisperModel, language: str | None, name: str
    ) -> None:
        self._partial_lane = runtime.lane("stt_partial")
        self._final_lane = runtime.lane("stt_final")
        self._model = model
        self._language = language
        self._name = name
        self._utterance = Utterance()
        self._flushes: deque[_Flush] = deque()
        self._hypothesis = _Hypothesis()
        self._partial_scope: anyio.CancelScope | None = None
        self._changed = anyio.Event()
        self._relieved = anyio.Event()
        self._closed = False
        self._lost: ProviderError | None = None

    async def send(self, frame: AudioFrame) -> None:
        """Take more audio. Waits while about 50 s of it are undecoded."""
        while self._behind() and not self._closed:
            self._raise_if_lost()
            self._relieved = anyio.Event()
            await self._relieved.wait()
        self._raise_if_lost()
        if self._utterance.add(frame):
            self._abandon_partial()
            self._hypothesis = _Hypothesis()
        self._changed.set()

    async def flush(self) -> None:
        """Ask for the final of everything since the last cut; nothing comes if that is nothing."""
        self._raise_if_lost()
        now = self._utterance
        if now.empty:
            return
        self._flushes.append(_Flush(now, len(now.closed), now.samples(), now.end))
        self._abandon_partial()
        self._changed.set()

    def cut(self) -> None:
        """Begin a new transcript with the audio that comes next."""
        self._utterance = Utterance()
        self._hypothesis = _Hypothesis()
        self._abandon_partial()

    def close(self) -> None:
        """End the iteration and all waiting."""
        self._closed = True
        self._abandon_partial()
        self._changed.set()
        self._relieved.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Transcript:
        while not self._closed:
            self._raise_if_lost()
            self._changed = anyio.Event()
            transcript: Transcript | None = None
            if self._flushes:
                transcript = await self._final(self._flushes[0])
                self._flushes.popleft()
                self._relieved.set()
            elif self._utterance.undecoded:
                await self._decode_closed(self._utterance, len(self._utterance.closed))
                self._relieved.set()
            elif self._partial_due():
                transcript = await self._partial()
            else:
                await self._changed.wait()
            if transcript is not None:
                return transcript
        raise StopAsyncIteration

    # --- finals -----------------------------------------------------------------------------

    async def _final(self, flush: _Flush) -> Transcript:
        await self._decode_closed(flush.utterance, flush.segments)
        last = await self._text(flush.samples)
        utterance = flush.utterance
        text = _joined(utterance.closed[: flush.segments], last.text).strip()
        return Transcript(
            text, utterance.start, flush.end, True, len(text), language=last.language or None
        )

    async def _decode_closed(self, utterance: Utterance, count: int) -> None:
        for segment in utterance.closed[:count]:
            if segment.text is None:
                segment.text = (await self._text(segment.samples)).text
                segment.samples = np.zeros(0, np.int16)

    async def _text(self, samples: Samples) -> Decoded:
        if _silent(samples):
            return Decoded("", language="")
        return accepted(await self._decode(self._final_lane, samples, careful=True))

    # --- partials ---------------------------------------------------------------------------

    def _partial_due(self) -> bool:
        seconds = self._utterance.seconds
        wanted = max(PARTIAL_S, PARTIAL_SHARE * seconds)
        fresh = seconds - self._hypothesis.seconds
        return seconds >= SHORTEST_S and fresh >= wanted and not self._partial_lane.busy

    async def _partial(self) -> Transcript | None:
        utterance, hypothesis = self._utterance, self._hypothesis
        samples, end = utterance.samples(), utterance.end
        hypothesis.seconds = utterance.seconds
        if _silent(samples):
            return None
        with anyio.CancelScope() as self._partial_scope:
            decoded = await self._decode(self._partial_lane, samples, hypothesis.stable)
            if not hypothesis.stable:
                decoded = accepted(decoded)
            if not decoded.text:
                return None
            hypothesis.take(decoded.text)
            text = _joined(utterance.closed, decoded.text)
            stable = _joined(utterance.closed, hypothesis.stable)
            lead = len(text) - len(text.lstrip())
            return Transcript(
                text.strip(),
                utterance.start,
                end,
                stable=max(0, len(stable) - lead),
                language=decoded.language,
            )
        return None

    def _abandon_partial(self) -> None:
        if self._partial_scope is not None:
            self._partial_scope.cancel()

    # --- decoding ---------------------------------------------------------------------------

    async def _decode(
        self, lane: Lane, samples: Samples, prefix: str = "", *, careful: bool = False
    ) -> Decoded:
        left = ThreadEvent()
        decode = partial(self._model.decode, prefix=prefix, careful=careful, stopped=left.is_set)
        try:
            return await lane.run(decode, samples, self._language)
        except (RuntimeError, ValueError) as error:  # what CTranslate2 raises
            self._lost = ProviderError(
                f"{self._name} failed on {len(samples) / SAMPLE_RATE:.1f} s of audio: {error}",
                provider=self._name,
                role="stt",
                retryable=True,
            )
            self._relieved.set()
            raise self._lost from error
        finally:
            left.set()

    def _behind(self) -> bool:
        return self._utterance.undecoded >= BEHIND or len(self._flushes) >= BEHIND

    def _raise_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost


@dataclass(slots=True)
class _Hypothesis:
    """The last partial of the open segment: of how much audio, and what of it will stay."""

    seconds: float = 0.0
    text: str = ""
    stable: str = ""

    def take(self, text: str) -> None:
        common = agreed(self.text, text)
        if len(common) > len(self.stable):
            self.stable = common
        self.text = text


def accepted(decoded: Decoded) -> Decoded:
    """The same, or without its text where that was most likely made of noise."""
    plain = decoded.text.strip(" .,!?…").casefold()
    blank = plain in BLANKS and decoded.log_probability < BLANK_UNLIKELY
    return replace(decoded, text="") if decoded.silent or blank or not plain else decoded


def _joined(closed: list[Segment], last: str) -> str:
    return "".join([*(segment.text or "" for segment in closed), last])


def _silent(samples: Samples) -> bool:
    return len(samples) < SHORTEST_S * SAMPLE_RATE / 2 or int(np.abs(samples).max()) < SILENCE_PEAK
