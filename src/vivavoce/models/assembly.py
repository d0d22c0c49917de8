"""A file under construction: its parts joined and hashed as they come, kept between interruptions.

FILE.partial   the bytes of the parts that are whole, and perhaps of one that is not
FILE.journal   how many parts are whole, and how many bytes that makes
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import IO

from vivavoce.core.errors import ModelError
from vivavoce.models.catalogue import ModelFile
from vivavoce.models.store import CHUNK

__all__ = ["Assembly"]


class Assembly:
    """Makes `file` in `directory` out of its parts, in order.

    Goes on where an earlier one stopped: `parts` says how many it has already.
    """

    def __init__(self, file: ModelFile, directory: Path) -> None:
        self.file = file
        self._bytes = directory / f"{file.name}.partial"
        self._journal = directory / f"{file.name}.journal"
        self.parts, self._size = self._read_journal()
        self._digest = hashlib.sha256()
        if self._size:
            with self._bytes.open("r+b") as stream:
                stream.truncate(self._size)
                while chunk := stream.read(CHUNK):
                    self._digest.update(chunk)

    def append(self, part: IO[bytes]) -> None:
        """Join the next part; it counts once all of it is on the disk.

        Raises ModelError, and starts over, if the parts make more bytes than the pinned file has.
        """
        with self._bytes.open("r+b" if self.parts else "wb") as stream:
            stream.seek(self._size)
            while chunk := part.read(CHUNK):
                self._size += len(chunk)
                if self._size > self.file.size:
                    self.discard()
                    raise ModelError(
                        f"{self.file.name}: its carriers hold more than the {self.file.size} bytes "
                        "of the pinned file; what was fetched of it was removed"
                    )
                stream.write(chunk)
                self._digest.update(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        self.parts += 1
        fresh = self._journal.with_suffix(".new")
        fresh.write_text(json.dumps({"parts": self.parts, "size": self._size}))
        fresh.replace(self._journal)

    def finish(self, target: Path) -> None:
        """Move the file into place if it is the pinned one; else remove it and raise ModelError."""
        got = self._digest.hexdigest()
        if got != self.file.sha256:
            self.discard()
            raise ModelError(
                f"{self.file.name} is not the pinned file: expected sha256 {self.file.sha256}, "
                f"got {got}; it was removed: fetch again, and if it recurs, the source is tampered "
                "with or broken"
            )
        self._bytes.replace(target)
        self.discard()

    def discard(self) -> None:
        """Forget all parts."""
        self._bytes.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)
        self.parts, self._size = 0, 0
        self._digest = hashlib.sha256()

    def _read_journal(self) -> tuple[int, int]:
        """Whole parts and their bytes; (0, 0) if there is nothing to go on from."""
        try:
            entry = json.loads(self._journal.read_text())
            parts, size = int(entry["parts"]), int(entry["size"])
            held = self._bytes.stat().st_size
        except (OSError, ValueError, KeyError, TypeError):
            return 0, 0
        return (parts, size) if held >= size else (0, 0)
