"""A recogniser that knows the recordings: it finds the frames it is sent among theirs.

What it tells, and when, thus depends only on what reached it: audio that was dropped or left out is
missing from its transcripts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from vivavoce.bench.recordings import FRAME_SAMPLES, SAMPLE_RATE, Utterance
from vivavoce.core.audio import FRAME_S, AudioFrame
from vivavoce.core.protocols import STTCapabilities
from vivavoce.core.transcript import Transcript

__all__ = ["RecordedSTT"]

_SAME_S = 0.100  # frames of one playing of a recording agree on its start within this


@dataclass(slots=True)
class _Playing:
    """A recording that was met in the stream; `zero` is its start there (s)."""

    utterance: Utterance
    zero: float


class RecordedSTT:
    """Partials every `partial_every` seconds of audio, `partial_lag` behind it; the final
    `final_delay` after the end of speech that the recording is annotated with."""

    name = "bench/recorded"
    capabilities = STTCapabilities(SAMPLE_RATE)

    def __init__(
        self,
        utterances: Iterable[Utterance],
        *,
        partial_every: float = 0.100,
        partial_lag: float = 0.250,
        final_delay: float = 0.350,
    ) -> None:
        self.partial_every = partial_every
        self.partial_lag = partial_lag
        self.final_delay = final_delay
        self._places: dict[bytes, tuple[Utterance, int] | None] = {}
        for utterance in utterances:
            for index, frame in enumerate(utterance.frames):
                key = frame.tobytes()  # silence is found in several places, and so tells nothing
                self._places[key] = None if key in self._places else (utterance, index)

    def find(self, frame: AudioFrame) -> tuple[Utterance, int] | None:
        """The recording that the frame is of, and which of its frames it is."""
        return self._places.get(frame.samples.tobytes())

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[_Stream]:
        """Open a stream."""
        yield _Stream(self)


class _Stream:
    def __init__(self, stt: RecordedSTT) -> None:
        self._stt = stt
        self._playing: list[_Playing] = []
        self._start: float | None = None
        self._end = 0.0
        self._next_partial = 0.0
        self._zero = 0.0  # loop time less audio time
        self._due: deque[tuple[float, Transcript]] = deque()
        self._changed = anyio.Event()

    async def send(self, frame: AudioFrame) -> None:
        if len(frame.samples) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples here, not {len(frame.samples)}")
        if self._start is None:
            self._start = frame.start
            self._next_partial = frame.start + self._stt.partial_every
        found = self._stt.find(frame)
        if found is not None:
            utterance, index = found
            self._meet(utterance, frame.start - index * FRAME_S)
        now = anyio.current_time()
        self._end = frame.end
        self._zero = now - frame.end
        if frame.end >= self._next_partial:
            self._next_partial += self._stt.partial_every
            self._put(self._partial(), now + self._stt.partial_lag)

    def _meet(self, utterance: Utterance, zero: float) -> None:
        last = self._playing[-1] if self._playing else None
        if last is None or last.utterance is not utterance or abs(last.zero - zero) > _SAME_S:
            self._playing.append(_Playing(utterance, zero))

    async def flush(self) -> None:
        if self._start is None:
            return
        while self._due and not self._due[-1][1].is_final:
            self._due.pop()
        now = anyio.current_time()
        text, said_until = self._final_text(self._start)
        final = Transcript(text, self._start, self._end, is_final=True, stable=len(text))
        self._put(final, max(now, said_until + self._zero + self._stt.final_delay))

    def cut(self) -> None:
        self._playing.clear()
        self._start = None

    def _put(self, transcript: Transcript, due: float) -> None:
        self._due.append((due, transcript))
        self._changed.set()

    def _partial(self) -> Transcript:
        assert self._start is not None
        words = [
            text
            for playing in self._playing
            for text, start, end in playing.utterance.words
            if playing.zero + (start + end) / 2 >= self._start and playing.zero + end <= self._end
        ]
        text = " ".join(words)
        return Transcript(text, self._start, self._end, stable=len(text))

    def _final_text(self, begin: float) -> tuple[str, float]:
        """The words, and when the last of them ends. A word counts that is heard for the most
        part; only a recording that is heard whole has its punctuation."""
        texts, said_until = [], self._end
        for playing in self._playing:
            utterance, zero = playing.utterance, playing.zero
            words = [
                (text, end)
                for text, start, end in utterance.words
                if begin <= zero + (start + end) / 2 <= self._end
            ]
            if len(words) == len(utterance.words):
                texts.append(utterance.transcript)
            else:
                texts += [text for text, _ in words]
            if words:
                said_until = zero + words[-1][1]
        return " ".join(texts), said_until

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        while True:
            while not self._due:
                self._changed = anyio.Event()
                await self._changed.wait()
            due, transcript = self._due[0]
            left = due - anyio.current_time()
            if left > 0:
                self._changed = anyio.Event()
                with anyio.move_on_after(left):
                    await self._changed.wait()
                continue
            self._due.popleft()
            yield transcript
