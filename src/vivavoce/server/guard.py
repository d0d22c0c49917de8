"""The door: every request passes it before anything else of the server sees it.

In this order: Host, Origin, preflight, rate, key, size. What does not pass gets an answer that says
why, in OpenAI's form; a WebSocket gets it in place of the handshake.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vivavoce.core.errors import ConfigError
from vivavoce.server.headers import allowed_headers, cors_headers, security_headers
from vivavoce.server.keys import Grant, Keys, Kind
from vivavoce.server.origins import Names
from vivavoce.server.rate import Rate, TokenBuckets
from vivavoce.server.refusals import Refusal

__all__ = ["Door", "Guard", "grant_of"]

SUBPROTOCOL_KEY = "openai-insecure-api-key."  # a browser's WebSocket can set no headers
EPHEMERAL = "ek_"
WRONG_KEY_COST = 10  # requests that a wrong key counts as: guessing is slower than using
MEBIBYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in.

    `open_paths` need no key, `ephemeral_paths` are those that an ephemeral key opens; one that ends
    in "/" stands for all that lies under it, but "/" itself. `most_bytes` bounds a request's
    body, `most_upload_bytes` that of a path in `upload_paths`. `rate` None: any.
    """

    names: Names = Names()
    open_paths: frozenset[str] = frozenset(
        {"/", "/static/", "/health", "/favicon.ico", "/docs", "/docs/", "/openapi.json"}
    )
    ephemeral_paths: frozenset[str] = frozenset(
        {"/v1/realtime", "/v1/realtime/calls", "/v1/realtime/calls/"}
    )
    most_bytes: int = MEBIBYTE
    most_upload_bytes: int = 25 * MEBIBYTE  # OpenAI's limit
    upload_paths: frozenset[str] = frozenset({"/v1/audio/transcriptions"})
    rate: Rate | None = field(default_factory=Rate)


class Guard:
    """ASGI middleware. Without a server key it lets in everyone, and that only on loopback:
    ConfigError elsewhere."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Keys,
        door: Door | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._keys = keys
        self._door = Door() if door is None else door
        if not (self._door.names.loopback or keys.has_server_key):
            raise ConfigError("a server that others can reach needs a key")
        rate = self._door.rate
        self._buckets = None if rate is None else TokenBuckets(rate, clock=clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            self._check_names(host, origin)
        except Refusal as refusal:  # with no more said than that
            await _answer(refusal.response(), scope, receive, _adorned(send, "", None))
            return
        send = _adorned(send, host, origin)
        if scope["type"] == "http" and _is_preflight(scope, headers):
            wanted = headers.get("access-control-request-headers", "").split(",")
            await Response(None, 204, allowed_headers(wanted))(scope, receive, send)
            return
        try:
            self._check_rate(scope)
            grant = self._check_key(scope, headers)
            scope.setdefault("state", {})["grant"] = grant
            limit = self._limit(scope, headers)
        except Refusal as refusal:
            await _answer(refusal.response(), scope, receive, send)
            return
        if scope["type"] == "http":
            await self._pass_bounded(scope, receive, send, limit)
        else:
            await self._app(scope, receive, send)

    # --- the checks -------------------------------------------------------------------------

    def _check_names(self, host: str, origin: str | None) -> None:
        names = self._door.names
        if not names.is_host_ours(host):
            raise Refusal(
                f"this server is not called {host[:80]!r}; its name is a setting",
                status=421,  # RFC 9110 section 15.5.20: Misdirected Request
                code="host_not_allowed",
            )
        if origin is not None and not names.is_origin_allowed(origin, host):
            raise Refusal(
                f"pages of {origin[:80]!r} may not use this server; allowed origins are a setting",
                status=403,
                code="origin_not_allowed",
            )

    def _check_rate(self, scope: Scope) -> None:
        if self._buckets is None:
            return
        address = _address(scope)
        if wait := self._buckets.wait(address):
            raise Refusal(
                "too many requests from this address",
                status=429,
                code="rate_limit_exceeded",
                retry_after=wait,
            )
        self._buckets.take(address)

    def _check_key(self, scope: Scope, headers: Headers) -> Grant | None:
        """What the request may do; None where no key is asked for."""
        presented = _presented_key(scope, headers)
        grant = self._keys.check(presented)
        path = scope["path"]
        if grant is None:
            if _lies_in(path, self._door.open_paths):
                return None
            expired = presented is not None and presented.startswith(EPHEMERAL)
            if not self._keys.has_server_key and not expired:
                return None  # clients that must send some key send any
            if presented is not None and self._buckets is not None:
                self._buckets.take(_address(scope), WRONG_KEY_COST - 1)
            raise Refusal(_REMEDIES[presented is not None], status=401, code="invalid_api_key")
        if grant.kind is Kind.EPHEMERAL and not _lies_in(
            path, self._door.open_paths | self._door.ephemeral_paths
        ):
            raise Refusal(
                "an ephemeral key opens realtime sessions and nothing else",
                status=403,
                code="insufficient_permissions",
            )
        return grant

    def _limit(self, scope: Scope, headers: Headers) -> int:
        """How many bytes the body may have. Raises Refusal when it declares more."""
        door = self._door
        is_upload = scope["path"] in door.upload_paths
        limit = door.most_upload_bytes if is_upload else door.most_bytes
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise _too_large(limit)
        return limit

    async def _pass_bounded(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """Hand the request on; its body breaks off where it passes the limit."""
        taken, started = 0, False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise _too_large(limit)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except Refusal as refusal:
            if started:
                raise
            await refusal.response()(scope, receive, send)


def grant_of(connection: HTTPConnection) -> Grant | None:
    """What the request that passed the guard may do; None: no key was asked for."""
    grant: Grant | None = getattr(connection.state, "grant", None)
    return grant


_REMEDIES = {
    False: "this server needs a key: send it as Authorization: Bearer",
    True: "the key is not valid here, or it has expired",
}


def _presented_key(scope: Scope, headers: Headers) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(SUBPROTOCOL_KEY):
            return str(protocol[len(SUBPROTOCOL_KEY) :]) or None
    return None


def _lies_in(path: str, roots: frozenset[str]) -> bool:
    """Whether the path is one of the roots, or under one that ends in "/"."""
    under = tuple(root for root in roots if root.endswith("/") and root != "/")
    return path in roots or path.startswith(under)


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _too_large(limit: int) -> Refusal:
    return Refusal(
        f"the request's body is larger than {limit} bytes", status=413, code="request_too_large"
    )


def _adorned(send: Send, host: str, origin: str | None) -> Send:
    """A `send` that adds the headers of every answer."""

    async def adorned(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = MutableHeaders(scope=message)
            added = security_headers(headers.get("content-type", ""), host)
            if origin is not None and host:
                added |= cors_headers(origin)
            for name, value in added.items():
                if name == "vary":
                    headers.add_vary_header(value)
                else:
                    headers.setdefault(name, value)
        await send(message)

    return adorned


async def _answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """The response; a WebSocket that is not open yet gets it too, if the server has the way."""
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await response(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": "refused"})
