"""Reading one member of a wheel, zip or tar without unpacking the archive or running its code.

Nothing is ever written to a path that an archive names, so `../` and links in it lead nowhere.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vivavoce.core.errors import ModelError

__all__ = ["open_member"]


@contextmanager
def open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    """The member's bytes, as a stream.

    Raises ModelError if the archive is broken (also while the stream is read) or the member is not
    a plain file in it.
    """
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened, opened.open(member) as stream:
                yield stream
        else:
            with tarfile.open(archive) as unzipped, _plain(unzipped, member) as stream:
                yield stream
    except KeyError as error:
        raise ModelError(f"{archive.name} has no plain file {member}") from error
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise ModelError(f"{archive.name} is a broken archive: {error}") from error


def _plain(archive: tarfile.TarFile, member: str) -> IO[bytes]:
    """The member's bytes if it is a plain file; a link would name a file of this machine."""
    info = archive.getmember(member)
    stream = archive.extractfile(info) if info.isreg() else None
    if stream is None:
        raise KeyError(member)
    return stream
