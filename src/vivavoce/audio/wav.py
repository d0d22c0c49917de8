"""Writing WAV: 16 bits, mono, straight to the disk."""

from __future__ import annotations

import errno
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from vivavoce.audio.codecs import pcm16_encode
from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

__all__ = ["WavWriter"]

HEADER_BYTES = 44
SIZE_UNKNOWN = 0xFFFFFFFF  # what a header says when it is written before the length is known
HEADER_EVERY_S = 1.0  # how much of the newest audio a crash may hide behind an older header


class WavWriter:
    """Streams int16 mono audio to `target`, a path, or "-" for the standard output.

    What is written grows in `target` + ".part", whose header stays valid, and becomes `target` in
    one step at `finish`; leaving the `with` block finishes too. A crash leaves the part behind.
    What is no file (a device, a named pipe) is streamed to as the standard output is.
    Every method raises AudioError when the disk refuses, a full one above all, and says where.
    """

    def __init__(self, target: str | Path, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self._target = None if target == "-" else Path(target)
        self._part: Path | None = None
        self._bytes = 0
        self._promised = 0  # bytes of audio that the header on the disk admits to
        self._finished = False
        try:
            self._part = self._grows_in()
            self._file = self._open()
            self._file.write(self._header(0 if self._part else SIZE_UNKNOWN - HEADER_BYTES))
            self._file.flush()
        except OSError as error:
            raise self._refused(error) from error

    @property
    def duration(self) -> float:
        """Seconds of audio taken so far."""
        return self._bytes / 2 / self.sample_rate

    def write(self, samples: Samples) -> None:
        """Append int16 `(n,)`."""
        try:
            self._file.write(pcm16_encode(samples))
            self._bytes += 2 * len(samples)
            if self._bytes - self._promised >= 2 * self.sample_rate * HEADER_EVERY_S:
                self._update_header()
        except OSError as error:
            raise self._refused(error) from error

    def finish(self) -> None:
        """Complete the file and put it in its place; again is without effect."""
        if self._finished:
            return
        self._finished = True
        try:
            self._update_header()
            if self._target:
                self._file.close()
                if self._part:
                    self._part.replace(self._target)
        except OSError as error:
            raise self._refused(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, AudioError):
            self._abandon()  # it was refused already; one report is enough
        else:
            self.finish()

    def _grows_in(self) -> Path | None:
        """The file that will become the target; None where moving it there would replace what is
        no file, /dev/null say."""
        target = self._target
        if target is None or (target.exists() and not target.is_file()):
            return None
        return target.with_name(target.name + ".part")

    def _open(self) -> BinaryIO:
        return (self._part or self._target).open("wb") if self._target else sys.stdout.buffer

    def _update_header(self) -> None:
        """Let the header promise what is there; the audio itself always reaches the disk first."""
        self._file.flush()
        if self._part:
            self._file.seek(0)
            self._file.write(self._header(self._bytes))
            self._file.seek(0, 2)
        self._promised = self._bytes

    def _header(self, size: int) -> bytes:
        """RIFF WAVE with one PCM format chunk (Microsoft, Multimedia Programming Interface 1.0)."""
        size = min(size, SIZE_UNKNOWN - HEADER_BYTES)  # past 4 GiB readers go to the end of file
        rate = self.sample_rate
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
        riff = struct.pack("<4sI4s", b"RIFF", size + HEADER_BYTES - 8, b"WAVE")
        return riff + form + struct.pack("<4sI", b"data", size)

    def _refused(self, error: OSError) -> AudioError:
        self._abandon()
        name = str(self._target or "the standard output")
        if error.errno != errno.ENOSPC:
            return AudioError(f"cannot write audio to {name}: {error.strerror}")
        kept = f"; {self.duration:.1f} s are in {self._part}" if self._part else ""
        return AudioError(f"the disk is full: no space left for {name}{kept}")

    def _abandon(self) -> None:
        self._finished = True
        if self._target and hasattr(self, "_file"):
            with suppress(OSError):  # closing flushes, and is refused once more
                self._file.close()
