"""A whole recording through a streaming recogniser."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
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
COVER_S = 0.5  # by how much a final may end before its audio does (vivavoce.testing.check_stt)

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
    rate = stt.capabilities.sample_rate
    with await run_sync(read_audio, data, rate) as reader, anyio.CancelScope() as answered:
        progress = _Progress(answered)
        async with (
            leased(stt.stream(language=language)) as stream,
            anyio.create_task_group() as group,
        ):
            group.start_soon(_send, stream, reader, Stretches(vad, rate), progress)
            await _receive(stt.name, stream, heard, progress)
    return progress.duration


class _Progress:
    """Which stretches were sent and are not back; with the last one all is `answered`."""

    def __init__(self, answered: anyio.CancelScope) -> None:
        self.duration = 0.0
        self.covered = 0.0  # until when there are transcripts
        self._answered = answered
        self._ends: deque[float] = deque()
        self._all_sent = False

    def sent(self, end: float) -> None:
        self._ends.append(end)

    def came_back(self, transcript: Transcript) -> None:
        self.covered = transcript.end
        while self._ends and self._ends[0] <= self.covered + COVER_S:
            self._ends.popleft()
        self._end_if_due()

    def all_sent(self) -> None:
        self._all_sent = True
        self._end_if_due()

    def _end_if_due(self) -> None:
        if self._all_sent and not self._ends:
            self._answered.cancel()


async def _send(
    stream: STTStream, reader: AudioReader, stretches: Stretches, progress: _Progress
) -> None:
    """Send each stretch at once: a recogniser that works on what it has then makes no partials."""

    async def send(stretch: Sequence[AudioFrame]) -> None:
        if stretch:
            progress.sent(stretch[-1].end)
            for frame in stretch:
                await stream.send(frame)
            await stream.flush()
            stream.cut()

    frames = iter(reader)
    while block := await run_sync(lambda: list(islice(frames, BLOCK_FRAMES))):
        for frame in block:
            progress.duration = frame.end
            await send(await stretches.feed(frame))
    await send(stretches.end())
    progress.all_sent()


async def _receive(name: str, stream: STTStream, heard: Heard, progress: _Progress) -> None:
    with anyio.move_on_after(PATIENCE_S) as patience:
        async with closing(aiter(stream)) as transcripts:
            async for transcript in transcripts:
                if transcript.is_final and transcript.end > progress.covered:  # not told again
                    patience.deadline = math.inf  # the client's time is not the recogniser's
                    await heard(transcript)
                    progress.came_back(transcript)
                patience.deadline = anyio.current_time() + PATIENCE_S
        raise ProviderUnavailable(f"{name} ended its stream", provider=name, role="stt")
    if patience.cancelled_caught:
        raise ProviderTimeout(
            f"{name} gave no transcript for {PATIENCE_S:g} s", provider=name, role="stt"
        )
