"""Downloading one file: what arrived is kept, and the next try goes on at that byte."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from vivavoce.core.errors import ModelError
from vivavoce.models.index import Link
from vivavoce.models.web import Web, without_credentials

__all__ = ["download", "explain_full_disk"]

CHUNK = 1 << 18  # a quarter of a second at 1 MB/s: progress moves, and little is lost

# Attempts in a row that bring not one byte. With the pauses 1, 2, 4, 8 s that is a quarter of a
# minute without network; any byte that arrives starts the count anew.
ATTEMPTS = 5

# Refusals that may pass: time-outs, throttling, a proxy's or a server's trouble.
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})

Advance = Callable[[int], None]  # told the size so far, in bytes


def download(
    link: Link,
    target: Path,
    web: Web,
    advance: Advance,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch `link` into `target`, going on from what is there.

    Raises ModelError: refused, unreachable, damaged, or the disk is full. What arrived stays in
    `target` for the next time, unless it is damaged.
    """
    resumed = target.exists()
    _transfer(link, target, web, advance, pause)
    if _is_damaged(link, target) and resumed:
        target.unlink()  # the old part may have been of another file
        _transfer(link, target, web, advance, pause)
    if _is_damaged(link, target):
        target.unlink()
        raise ModelError(
            f"{link.name} from {without_credentials(link.url)} is not what its index announces "
            f"(sha256 {link.sha256}); it was removed: fetch again, or check the index"
        )


@contextmanager
def explain_full_disk(directory: Path, needed: int) -> Iterator[None]:
    """Turn the system's "no space left" into a ModelError that says how much is needed."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise
        free = shutil.disk_usage(directory).free
        raise ModelError(
            f"no space left in {directory}: {free / 1e6:.0f} MB are free and about "
            f"{needed / 1e6:.0f} MB more are needed; make room, or set VIVAVOCE_MODELS to another "
            "place, and fetch again: what was fetched is kept"
        ) from error


def _transfer(
    link: Link, target: Path, web: Web, advance: Advance, pause: Callable[[float], None]
) -> None:
    """Ask for the rest of the file until all of it is there."""
    fruitless = 0
    while True:
        before = _size(target)
        try:
            if _ask_for_rest(link, target, web, advance):
                return
            problem = "the connection ended early"
        except urllib.error.HTTPError as error:
            problem = f"{error.code} {error.reason}"
            error.close()
            if error.code not in TRANSIENT:
                raise ModelError(f"{without_credentials(link.url)} answered {problem}") from error
        except PermissionError as error:
            raise ModelError(f"{target} cannot be written: {error.strerror}") from error
        except (OSError, HTTPException) as error:
            problem = str(error) or type(error).__name__
        fruitless = 0 if _size(target) > before else fruitless + 1
        if fruitless == ATTEMPTS:
            raise ModelError(
                f"{without_credentials(link.url)} cannot be fetched: {problem}; "
                f"{_size(target) / 1e6:.0f} MB are kept, fetch again to go on"
            )
        pause(2.0**fruitless / 2)


def _ask_for_rest(link: Link, target: Path, web: Web, advance: Advance) -> bool:
    """One request for what is missing; whether the file is complete now."""
    have = _size(target)
    try:
        reply = web.open(link.url, {"Range": f"bytes={have}-"} if have else {})
    except urllib.error.HTTPError as error:
        if error.code != 416:
            raise
        error.close()  # nothing after `have`: all is there, or another file lies at the address
        if _total(error.headers.get("Content-Range", "")) == have:
            return True
        target.unlink()
        return False
    with reply:
        start, total = _extent(reply)
        if start not in {0, have}:
            raise HTTPException(f"asked for byte {have}, got byte {start}")
        with explain_full_disk(target.parent, needed=(total or have) - start):
            received = _write(reply, target, start, advance)
    return total is None or received == total


def _write(reply: HTTPResponse, target: Path, start: int, advance: Advance) -> int:
    """Put what arrives into `target` from byte `start` on; the file's size then."""
    position = start
    advance(position)
    with target.open("ab" if start else "wb") as file:
        while chunk := reply.read(CHUNK):
            file.write(chunk)
            position += len(chunk)
            advance(position)
    return position


def _extent(reply: HTTPResponse) -> tuple[int, int | None]:
    """Where the reply's bytes start in the file, and the whole file's size if it is said."""
    if reply.status == 206:
        found = reply.headers.get("Content-Range", "")
        match = re.match(r"bytes (\d+)-", found)
        return int(match[1]) if match else 0, _total(found)
    length = reply.headers.get("Content-Length")
    return 0, int(length) if length else None


def _total(content_range: str) -> int | None:
    size = content_range.rpartition("/")[2]
    return int(size) if size.isdigit() else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _is_damaged(link: Link, target: Path) -> bool:
    """Whether the index announced another hash than the file's."""
    if link.sha256 is None:
        return False
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() != link.sha256
