"""A file instead of a person: its audio arrives as if spoken now, and the answer is played to a
clock and kept in another file.

Nothing here knows whether time is real. On the ordinary event loop an hour of audio takes an hour;
on a loop whose clock jumps over sleeps it takes as long as the models do, with the same result.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Self

import anyio
import anyio.abc
import anyio.lowlevel
import anyio.to_thread

from vivavoce.audio.files import AudioReader, Source, read_audio
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import AudioError, LocalProtocolError, TransportClosed
from vivavoce.core.events import Event
from vivavoce.core.protocols import Control, InputClosed, Played, TransportCapabilities
from vivavoce.engine.clock import computing
from vivavoce.transports.playout import INSTANT_S, Playout
from vivavoce.transports.recording import Recording

__all__ = ["FileTransport"]

AHEAD_S = 0.2  # how much unplayed audio it holds; what cannot be taken back must be short
REPORT_S = 0.1  # how often it says what was heard while it plays
BATCH_FRAMES = 250  # read from a file at a time: 5 s of audio, some 5 ms of decoding
PIPE_BATCH_FRAMES = 1  # a pipe may be live, so nothing is held back
HELD_FRAMES = 50  # still to come when the next batch is read

logger = logging.getLogger(__name__)


class FileTransport:
    """Speaks `source` (path, bytes, or "-" for the standard input), hears out the answer.

    Each 20 ms frame is received when its last sample would have been spoken, counted from the
    first `receive`. After the last one comes InputClosed, and then only reports of what was played,
    until the transport is closed. `answer` (a path, or "-") gets what was heard, turns in order,
    as WAV at `sample_rate`, which `send` must keep to. Silence within a turn is kept; between turns
    no more than half a second of it is.

    `Played.final` says that all that was sent of the turn so far has sounded or was dropped. More
    may follow, if its sender was late.

    Opening raises AudioError when the source cannot be read or the answer cannot be written
    (`receive`, when a pipe turns out to hold nothing). When the disk fills up, the conversation
    goes on unrecorded, and closing raises AudioError, unless something else failed.
    """

    def __init__(
        self, source: Source, answer: str | Path | None = None, *, sample_rate: int = 24000
    ) -> None:
        self._source = source
        self._is_pipe = source == "-" or (not isinstance(source, bytes) and Path(source).is_fifo())
        self._capabilities = TransportCapabilities(
            live=False,
            sample_rate=sample_rate,
            clear=True,
            reports_played=True,
            commits_on_close=True,
        )
        self._reader: AudioReader | None = None
        self._tasks: anyio.abc.TaskGroup
        self._changed = anyio.Event()
        self._open = False
        self._is_read = False
        self._frames: deque[AudioFrame | AudioError | InputClosed] = deque()
        self._playout = Playout()
        self._reports: dict[str, Played] = {}  # not yet received, the newest of each turn
        self._last_report: Played | None = None
        self._recording = Recording(answer, sample_rate)

    @property
    def capabilities(self) -> TransportCapabilities:
        """What it can do; see TransportCapabilities."""
        return self._capabilities

    @property
    def warnings(self) -> list[str]:
        """What was wrong with the source, as far as it was read."""
        return self._reader.warnings if self._reader else []

    async def __aenter__(self) -> Self:
        with computing():
            self._reader = await anyio.to_thread.run_sync(
                read_audio, self._source, abandon_on_cancel=self._is_pipe
            )
        try:
            if not self._is_pipe:
                await self._read_batch(self._reader)
            await self._recording.open()
        except BaseException:
            self._close_reader()
            raise
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._read, self._reader)
        self._open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._settle()
        self._open = False
        self._notify()
        self._tasks.cancel_scope.cancel()
        try:
            # The body's own error is no business of the task group, which would wrap it.
            await self._tasks.__aexit__(None, None, None)
        finally:
            self._close_reader()
            await self._recording.close()
        if failure := self._recording.failure:
            if exc[0] is None:
                raise failure
            logger.error("the answer was not kept: %s", failure)

    async def receive(self) -> AsyncGenerator[AudioFrame | Control, None]:
        """Frames at the source's own rate, InputClosed, and Played among them, each at its time."""
        started = anyio.current_time()
        reported = started
        while self._open:
            self._settle()
            now = anyio.current_time()
            if self._reports and self._report_due(reported) <= now + INSTANT_S:
                reports, self._reports, reported = self._reports, {}, now
                for report in reports.values():
                    yield report
            elif self._frames and self._frame_due(started) <= now + INSTANT_S:
                frame = self._frames.popleft()
                self._notify()
                if isinstance(frame, AudioError):
                    raise frame
                yield frame
            else:
                await self._wait(min(self._frame_due(started), self._report_due(reported)))

    async def send(self, turn: str, frame: AudioFrame) -> None:
        """Queue audio to be played; waits until it is less than 200 ms ahead with it.

        Raises LocalProtocolError for another sample rate than that of the capabilities.
        """
        if frame.sample_rate != self._capabilities.sample_rate:
            raise LocalProtocolError(
                f"the file transport plays {self._capabilities.sample_rate} Hz, "
                f"and was sent {frame.sample_rate} Hz"
            )
        await anyio.lowlevel.checkpoint()
        while True:
            self._settle()
            if not self._open:
                raise TransportClosed("the file transport is closed")
            now = anyio.current_time()
            ahead = self._playout.ahead(now)
            excess = ahead + frame.duration - AHEAD_S
            if min(excess, ahead) <= INSTANT_S:
                break
            await self._wait(now + min(excess, ahead))
        self._playout.add(turn, frame, now)
        self._notify()
        await self._recording.keep()

    async def clear(self) -> None:
        """Drop what has not sounded, at once; a final report of what has follows."""
        self._settle()
        for piece in reversed(self._playout.clear()):
            self._last_report = Played(piece.turn, piece.position, final=True)
            self._reports[piece.turn] = self._last_report
        if self._last_report:
            self._last_report = replace(self._last_report, final=True)
            self._reports[self._last_report.turn] = self._last_report
        self._notify()
        await anyio.lowlevel.checkpoint()

    async def notify(self, event: Event) -> None:
        """Without effect: a file does not listen."""
        await anyio.lowlevel.checkpoint()

    async def _read(self, reader: AudioReader) -> None:
        """Keep a little of the source decoded until its end."""
        while not self._is_read:
            while len(self._frames) > HELD_FRAMES:
                await self._wait(float("inf"))
            try:
                await self._read_batch(reader)
            except AudioError as error:
                self._frames.append(error)
                break
            finally:
                self._notify()

    async def _read_batch(self, reader: AudioReader) -> None:
        """Decode some more, in a thread; InputClosed stands behind the last frame."""
        count = PIPE_BATCH_FRAMES if self._is_pipe else BATCH_FRAMES
        with computing():
            batch = await anyio.to_thread.run_sync(
                lambda: list(islice(reader, count)), abandon_on_cancel=self._is_pipe
            )
        self._frames.extend(batch)
        if len(batch) < count:
            self._frames.append(InputClosed())
            self._is_read = True

    def _close_reader(self) -> None:
        if self._reader and not self._is_pipe:  # a thread may still be waiting for the pipe
            self._reader.close()

    def _settle(self) -> None:
        """Bring what was heard up to this moment. Synchronous, so that cancelling loses nothing."""
        for piece in self._playout.advance(anyio.current_time()):
            self._recording.hear(piece)
            position = piece.position + piece.duration
            final = piece.turn != self._playout.turn
            self._last_report = Played(piece.turn, position, final)
            self._reports[piece.turn] = self._last_report

    def _frame_due(self, started: float) -> float:
        """When the next of the input is to be received."""
        if not self._frames:
            return float("inf")
        frame = self._frames[0]
        return started + frame.end if isinstance(frame, AudioFrame) else started

    def _report_due(self, reported: float) -> float:
        """When to say next what was played; a final report never waits."""
        if any(report.final for report in self._reports.values()):
            return reported
        if self._reports:
            return reported + REPORT_S
        if self._playout.turn is None:
            return float("inf")
        return min(anyio.current_time() + REPORT_S, self._playout.turn_until)

    async def _wait(self, deadline: float) -> None:
        """Until something changes, or the deadline."""
        changed = self._changed
        with anyio.CancelScope(deadline=deadline):
            await changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
