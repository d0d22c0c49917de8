"""Who may use the server: its own key, and ephemeral ones for browsers.

An ephemeral key opens sessions of one configuration, until it expires or is revoked. It exists as
text only in the answer that hands it out: kept is its SHA-256, which is enough for 256 random bits
(a slow hash is for what people choose).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from vivavoce.core.errors import ConfigError
from vivavoce.server.refusals import Refusal

__all__ = ["DEFAULT_SECONDS", "Grant", "Keys", "Kind", "Minted", "new_server_key"]

PREFIX = "ek_"
KEY_BYTES = 32
LEAST_SECONDS, DEFAULT_SECONDS, MOST_SECONDS = 10, 600, 7200  # as OpenAI's client_secrets
MOST_KEYS = 1000  # alive at a time
MOST_SESSION_CHARACTERS = 65_536  # with MOST_KEYS at most 64 MiB
SHORTEST_SERVER_KEY = 16  # characters: guesses are rate-limited, and 16 letters are 75 bits


class Kind(Enum):
    """What a key is."""

    SERVER = "server"
    EPHEMERAL = "ephemeral"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a key allows: with the server's, everything; with an ephemeral one, sessions that are
    configured as `session` says. `expires_at` is Unix time."""

    kind: Kind
    session: Mapping[str, object] = field(default_factory=dict, repr=False)
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """A new ephemeral key; `expires_at` is Unix time."""

    value: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Record:
    expires_at: int
    session: str  # JSON, so that nobody changes it later


class Keys:
    """The keys of one process.

    `server_key` None: there is none. `clock` gives Unix time, because expiry is told to clients
    in it. Raises ConfigError when the server key is too short to be one.
    """

    def __init__(
        self,
        server_key: str | None = None,
        *,
        most: int = MOST_KEYS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if server_key is not None and len(server_key) < SHORTEST_SERVER_KEY:
            raise ConfigError(
                f"the server key has {len(server_key)} characters; it needs {SHORTEST_SERVER_KEY}"
            )
        self._server = None if server_key is None else _hash(server_key)
        self._records: dict[bytes, _Record] = {}
        self._most = most
        self._clock = clock

    def __len__(self) -> int:
        """How many ephemeral keys are alive."""
        self._purge()
        return len(self._records)

    @property
    def has_server_key(self) -> bool:
        """Whether there is a server key."""
        return self._server is not None

    def mint(self, session: Mapping[str, object], seconds: int = DEFAULT_SECONDS) -> Minted:
        """A new key for sessions of that configuration (JSON-able), valid for `seconds`.

        Raises Refusal: 400 for what a client may not ask, 429 when too many keys are alive.
        """
        if not LEAST_SECONDS <= seconds <= MOST_SECONDS:
            raise Refusal(
                f"a key can live {LEAST_SECONDS} to {MOST_SECONDS} seconds, not {seconds}",
                param="expires_after.seconds",
            )
        text = _as_json(session)
        self._purge()
        if len(self._records) >= self._most:
            next_end = min(record.expires_at for record in self._records.values())
            raise Refusal(
                f"{self._most} ephemeral keys are alive, which is the most",
                status=429,
                code="too_many_keys",
                retry_after=next_end - self._clock(),
            )
        value = PREFIX + secrets.token_urlsafe(KEY_BYTES)
        expires_at = int(self._clock()) + seconds
        self._records[_hash(value)] = _Record(expires_at, text)
        return Minted(value, expires_at)

    def check(self, presented: str | None) -> Grant | None:
        """What the presented key allows; None when it is none of ours, expired or revoked."""
        if not presented:
            return None
        digest = _hash(presented)
        if self._server is not None and hmac.compare_digest(digest, self._server):
            return Grant(Kind.SERVER)
        # The time that a look-up takes tells of the hash, from which no key can be found.
        record = self._records.get(digest)
        if record is None:
            return None
        if record.expires_at <= self._clock():
            del self._records[digest]
            return None
        return Grant(Kind.EPHEMERAL, json.loads(record.session), record.expires_at)

    def revoke(self, value: str) -> bool:
        """Make an ephemeral key worthless from now on; whether it was alive."""
        record = self._records.pop(_hash(value), None)
        return record is not None and record.expires_at > self._clock()

    def _purge(self) -> None:
        now = self._clock()
        for digest in [held for held, key in self._records.items() if key.expires_at <= now]:
            del self._records[digest]


def new_server_key() -> str:
    """A key for a server that must have one and was given none."""
    return "vv_" + secrets.token_urlsafe(KEY_BYTES)


def _hash(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()


def _as_json(session: Mapping[str, object]) -> str:
    try:
        text = json.dumps(session, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Refusal(f"the session cannot be kept: {error}", param="session") from error
    if len(text) > MOST_SESSION_CHARACTERS:
        raise Refusal(
            f"the session is {len(text)} characters of JSON; {MOST_SESSION_CHARACTERS} are the "
            "most",
            param="session",
        )
    return text
