"""A whole recording through a streaming recogniser."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from itertools import islice

import anyio
from anyio.to_thread import run_sync

from vivavoce.audio.files import AudioReader, read_audio
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import ProviderTimeout, ProviderUnavailable
from vivavoce.core.protocols import STT, VAD, STTStream
from vivavoce.core.transcript import Transcript
from vivavoce.engine.closing import closing, leased
from vivavoce.server.stretches import Stretches

__all__ = ["recognise"]

BLOCK_FRAMES = 50  # decoded at a time in a thread: a second, in about a millisecond
PATIENCE_S = 120.0  # for the transcript of 30 s, on a machine slower than speech by a factor of 4

Heard = Callable[[Transcript], Awaitable[None]]


async def recognise(
    stt: STT, vad: VAD | None, data: bytes, language: str | None, heard: Heard
) -> float:
    """Tell `heard` of the final transcript of each stretch of speech, in order; the recording's
    length in seconds.

    Memory does not grow with the length. Raises AudioError, ConfigError for a language that the
    recogniser does not know, and ProviderError; cancelling ends it at the next await.
    """
    rate = stt.capabilities.sample_rate
    reader = await run_sync(read_audio, data, rate)
    with anyio.CancelScope() as answered:
        progress = _Progress(answered)
        async with leased(stt.stream(language=language)) as stream:
            async with anyio.create_task_group() as group:
                group.start_soon(_send, stream, reader, Stretches(vad, rate), progress)
                await _receive(stt.name, stream, heard, progress)
                group.cancel_scope.cancel()
    return progress.duration


class _Progress:
    """How many stretches were sent, and how many are back; with the last one all is `answered`."""

    def __init__(self, answered: anyio.CancelScope) -> None:
        self.duration = 0.0
        self._answered = answered
        self._waiting = 0
        self._all_sent = False
        self.changed_at = anyio.current_time()

    def sent(self) -> None:
        self._waiting += 1

    def came_back(self) -> None:
        self._waiting -= 1
        self._end_if_due()

    def all_sent(self) -> None:
        self._all_sent = True
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self._all_sent and self._waiting <= 0:
            self._answered.cancel()


async def _send(
    stream: STTStream, reader: AudioReader, stretches: Stretches, progress: _Progress
) -> None:
    """Send each stretch at once: a recogniser that works on what it has then makes no partials."""

    async def send(stretch: list[AudioFrame]) -> None:
        for frame in stretch:
            await stream.send(frame)
        progress.sent()
        await stream.flush()
        stream.cut()

    async with aclosing(_frames(reader)) as frames:
        async for frame in frames:
            progress.duration = frame.end
            if stretch := await stretches.feed(frame):
                await send(list(stretch))
    if stretch := stretches.end():
        await send(list(stretch))
    progress.all_sent()


async def _frames(reader: AudioReader) -> AsyncIterator[AudioFrame]:
    """The recording's frames, decoded in a thread."""
    frames = iter(reader)
    try:
        while block := await run_sync(lambda: list(islice(frames, BLOCK_FRAMES))):
            for frame in block:
                yield frame
    finally:
        reader.close()


async def _receive(name: str, stream: STTStream, heard: Heard, progress: _Progress) -> None:
    with anyio.move_on_after(PATIENCE_S) as patience:
        async with closing(aiter(stream)) as transcripts:
            async for transcript in transcripts:
                if transcript.is_final:
                    patience.deadline = math.inf  # the client's time is not the recogniser's
                    await heard(transcript)
                    progress.came_back()
                patience.deadline = anyio.current_time() + PATIENCE_S
        raise ProviderUnavailable(f"{name} ended its stream", provider=name, role="stt")
    if patience.cancelled_caught:
        raise ProviderTimeout(
            f"{name} gave no transcript for {PATIENCE_S:g} s", provider=name, role="stt"
        )
