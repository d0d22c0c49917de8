"""A recogniser of spelled audio, with the delays that it is told to have."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import numpy as np

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.protocols import STTCapabilities
from vivavoce.core.transcript import Transcript, Word
from vivavoce.providers.scripted.spelling import Speller

__all__ = ["ScriptedSTT"]


@dataclass(slots=True)
class ScriptedSTT:
    """Partials every `partial_every` seconds of audio, `partial_lag` behind it; the final
    `final_delay` after the last word's end. What was said ends as `endings` has it for the whole
    text, in "." unless it says otherwise. `open_streams` are in use now."""

    speller: Speller
    partial_every: float = 0.100
    partial_lag: float = 0.250
    final_delay: float = 0.350
    endings: tuple[tuple[str, str], ...] = ()
    name: str = "scripted/stt"
    capabilities: STTCapabilities = STTCapabilities(word_times=True)
    open_streams: int = field(default=0, init=False)

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[_Stream]:
        """Open a stream."""
        self.open_streams += 1
        try:
            yield _Stream(self)
        finally:
            self.open_streams -= 1

    def ending(self, text: str) -> str:
        """What ends the text when it is final."""
        return dict(self.endings).get(text, ".")


class _Stream:
    def __init__(self, stt: ScriptedSTT) -> None:
        self._stt = stt
        self._samples: list[Samples] = []
        self._start: float | None = None
        self._end = 0.0
        self._next_partial = 0.0
        self._zero = 0.0  # loop time less audio time
        self._due: deque[tuple[float, Transcript]] = deque()
        self._changed = anyio.Event()

    async def send(self, frame: AudioFrame) -> None:
        if self._start is None:
            self._start = frame.start
            self._next_partial = frame.start + self._stt.partial_every
        elif frame.start > self._end + 0.001:  # silence was left out
            gap = round((frame.start - self._end) * frame.sample_rate)
            self._samples.append(np.zeros(gap, np.int16))
        self._samples.append(frame.samples)
        self._end = frame.end
        self._zero = anyio.current_time() - frame.end
        if frame.end >= self._next_partial:
            self._next_partial += self._stt.partial_every
            self._put(self._transcript(False), anyio.current_time() + self._stt.partial_lag)

    async def flush(self) -> None:
        if self._start is None:
            return
        while self._due and not self._due[-1][1].is_final:
            self._due.pop()
        final = self._transcript(True)
        said_until = final.words[-1].end if final.words else final.end
        due = max(anyio.current_time(), said_until + self._zero + self._stt.final_delay)
        self._put(final, due)

    def cut(self) -> None:
        self._samples.clear()
        self._start = None

    def _put(self, transcript: Transcript, due: float) -> None:
        self._due.append((due, transcript))
        self._changed.set()

    def _transcript(self, is_final: bool) -> Transcript:
        assert self._start is not None
        rate = self._stt.capabilities.sample_rate
        start = self._start
        words = [
            Word(word.text, start + word.start, start + word.end)
            for word in self._stt.speller.read(np.concatenate(self._samples), rate)
        ]
        if not is_final and words and words[-1].end > self._end - 0.001:
            words.pop()  # still being spoken
        text = " ".join(word.text for word in words)
        if is_final and text:
            text += self._stt.ending(text)
        return Transcript(text, start, self._end, is_final, len(text), tuple(words))

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        while True:
            while not self._due:
                self._changed = anyio.Event()
                await self._changed.wait()
            due, transcript = self._due[0]
            if due > anyio.current_time():
                self._changed = anyio.Event()
                with anyio.move_on_after(due - anyio.current_time()):
                    await self._changed.wait()
                continue
            self._due.popleft()
            yield transcript
