"""How the two processes of a benchmark talk: messages on a byte stream, without I/O."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Decoder", "Kind", "Message", "encode"]

_HEADER = struct.Struct("<BBdI")  # kind, bytes of the turn's id, seconds, bytes of the payload


class Kind(IntEnum):
    """What a message is."""

    AUDIO = 1  # int16 samples; `at` is their start on the stream's clock, or in the turn's audio
    CLEAR = 2  # drop what is not played, and answer with FINAL
    PLAYED = 3  # the turn was played up to `at`
    FINAL = 4  # and no further
    END = 5  # no more audio comes
    TURN = 6  # a turn is over: JSON
    CONVERSATION = 7  # the session is over: JSON


@dataclass(frozen=True, slots=True)
class Message:
    """`at` in seconds; what it is on depends on the kind."""

    kind: Kind
    turn: str = ""
    at: float = 0.0
    payload: bytes = b""


def encode(kind: Kind, turn: str = "", at: float = 0.0, payload: bytes = b"") -> bytes:
    """One message as bytes."""
    name = turn.encode()
    return _HEADER.pack(kind, len(name), at, len(payload)) + name + payload


class Decoder:
    """Bytes in, messages out."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Message]:
        """Take more bytes; the messages that they complete."""
        data = self._pending + data if self._pending else data
        messages, start = [], 0
        while len(data) - start >= _HEADER.size:
            kind, name_size, at, size = _HEADER.unpack_from(data, start)
            body = start + _HEADER.size + name_size
            if len(data) < body + size:
                break
            name = data[start + _HEADER.size : body].decode()
            messages.append(Message(Kind(kind), name, at, data[body : body + size]))
            start = body + size
        self._pending = data[start:]
        return messages
