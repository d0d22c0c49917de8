"""Where models lie, and whether what lies there is what was pinned.

    DIRECTORY/NAME/…             a model's files
    DIRECTORY/NAME/verified.json written last: their hashes, sizes and modification times
    DIRECTORY/.partial/NAME/     what an interrupted download left, to go on from
    DIRECTORY/.partial/NAME.lock held while one process fetches

A use checks sizes, times and the stamp, in a millisecond; `verify` reads every byte.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from vivavoce.core.errors import ModelError
from vivavoce.models.catalogue import Model, ModelFile
from vivavoce.models.pins import model

__all__ = ["damage", "is_ready", "models_directory", "path", "stamp", "verify"]

STAMP = "verified.json"

# Large enough that hashing is bound by the processor, small enough to stay in its cache.
CHUNK = 1 << 20


def models_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where models are kept: $VIVAVOCE_MODELS, else the user's cache, else `.cache` here.

    The last is for accounts without a home that can be written, as services and containers have.
    """
    if named := environ.get("VIVAVOCE_MODELS"):
        return Path(named).expanduser()
    if named := environ.get("XDG_CACHE_HOME"):
        cache = Path(named)
    elif home := environ.get("HOME"):
        cache = Path(home) / ".cache"
    else:
        cache = Path()
    if cache.is_absolute() and _can_write(cache):
        return cache / "vivavoce" / "models"
    return Path.cwd() / ".cache" / "vivavoce" / "models"


def path(which: Model | str, directory: Path | None = None) -> Path:
    """The directory that holds the model's files, ready to use.

    Raises ModelError, with the command that helps, if it is missing or no longer as verified.
    """
    entry = model(which) if isinstance(which, str) else which
    place = (directory or models_directory()) / entry.name
    if not place.is_dir():
        raise ModelError(
            f"model {entry.name} is not in {place.parent}: run `vivavoce models fetch {entry.name}`"
        )
    if not is_ready(entry, place.parent):
        raise ModelError(
            f"model {entry.name} in {place} is incomplete or was changed since it was verified: "
            f"run `vivavoce models verify {entry.name}`, or `fetch` to get it again"
        )
    return place


def is_ready(entry: Model, directory: Path) -> bool:
    """Whether the files are those that were verified, by size, time and stamp."""
    place = directory / entry.name
    try:
        return bool(json.loads((place / STAMP).read_text()) == _seal(entry, place))
    except (OSError, ValueError):
        return False


def verify(entry: Model, directory: Path) -> None:
    """Read every byte; stamp the model if all is as pinned.

    Raises ModelError, which names the file, the expected hash and the one found; the model is not
    ready from then on.
    """
    place = directory / entry.name
    try:
        for file in entry.files:
            problem = damage(place / file.name, file)
            if problem:
                (place / STAMP).unlink(missing_ok=True)
                raise ModelError(
                    f"model {entry.name}: {problem}: run `vivavoce models fetch {entry.name}`"
                )
        stamp(entry, directory)
    except OSError as error:
        raise ModelError(f"model {entry.name}: {place}: {error.strerror}") from error


def damage(found: Path, file: ModelFile) -> str:
    """What is wrong with the file at `found`; "" if it is the pinned one, to the last byte."""
    try:
        with found.open("rb") as stream:
            got = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return f"{found} is missing"
    except OSError as error:
        return f"{found} cannot be read: {error.strerror}"
    if got != file.sha256:
        return f"{found} is not the pinned file: expected sha256 {file.sha256}, got {got}"
    return ""


def stamp(entry: Model, directory: Path) -> None:
    """Record that the files, as they are now, were verified."""
    place = directory / entry.name
    fresh = place / f"{STAMP}.new"
    fresh.write_text(json.dumps(_seal(entry, place), indent=1))
    fresh.replace(place / STAMP)


def _seal(entry: Model, place: Path) -> dict[str, dict[str, str | int]]:
    """What the stamp holds; changes with the pins, the sizes and the modification times."""
    seal: dict[str, dict[str, str | int]] = {}
    for file in entry.files:
        status = (place / file.name).stat()
        seal[file.name] = {
            "sha256": file.sha256,
            "size": status.st_size,
            "modified_ns": status.st_mtime_ns,
        }
    return seal


def _can_write(directory: Path) -> bool:
    """Whether `directory`, or where it would be made, can be written."""
    for place in (directory, *directory.parents):
        with suppress(OSError):  # where one may not even look
            if place.exists():
                return os.access(place, os.W_OK | os.X_OK)
    return False
