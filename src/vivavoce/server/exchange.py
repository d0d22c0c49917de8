"""One HTTP request whose answer takes work: refused in words, cancelled when its client leaves."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vivavoce.core.errors import TransportClosed, VivavoceError
from vivavoce.engine.failures import unwrapped
from vivavoce.server.refusals import Refusal, refusal_of

__all__ = ["Admission", "Endpoint", "Exchange"]

EVENTS = "text/event-stream"
STALL_S = 30.0  # a client that reads nothing for so long no longer holds a provider's stream

_log = logging.getLogger(__name__)


class Admission:
    """So many at a time; who comes next is told to come again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.busy = 0

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Count as one while the block runs. Raises Refusal 429."""
        if self.busy >= self._most:
            raise Refusal(
                f"{self._most} requests of this kind are being answered, which is the most",
                status=429,
                code="server_busy",
                retry_after=1,
            )
        self.busy += 1
        try:
            yield
        finally:
            self.busy -= 1


class Exchange:
    """A request and its answer, whole or piece by piece."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request = Request(scope, receive)
        self._scope, self._receive, self._send = scope, receive, send
        self._media_type: str | None = None  # of an answer that has begun

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """The block ends, quietly, when the client leaves. The request's body must be read."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope)
            yield
            group.cancel_scope.cancel()

    async def _watch(self, scope: anyio.CancelScope) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    async def respond(self, response: Response) -> None:
        """Answer whole."""
        await response(self._scope, self._receive, self._send)

    async def open(self, media_type: str) -> None:
        """Begin an answer in pieces."""
        response = Response(None, 200, {"cache-control": "no-store"}, media_type)
        del response.headers["content-length"]
        self._media_type = media_type
        await self._send(
            {"type": "http.response.start", "status": 200, "headers": response.raw_headers}
        )

    async def write(self, data: bytes) -> None:
        """Send a piece. Waits while the client is slow; raises TransportClosed when it stalls."""
        if data:
            with anyio.move_on_after(STALL_S) as stall:
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
            if stall.cancelled_caught:
                raise TransportClosed(f"the client read nothing for {STALL_S:g} s")

    async def write_event(self, event: Mapping[str, object]) -> None:
        """Send a server-sent event (WHATWG HTML, 9.2)."""
        await self.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")

    async def finish(self) -> None:
        """End an answer in pieces."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def refuse(self, refusal: Refusal) -> None:
        """Say what went wrong, as the answer or, where it has begun, at its end.

        Audio that has begun has no place for words: it breaks off, without the end that would make
        a client take it for whole.
        """
        if self._media_type is None:
            await self.respond(refusal.response())
            return
        _log.warning("an answer of %s broke off: %s", self._media_type, refusal)
        if self._media_type == EVENTS:
            await self.write_event({"type": "error", **refusal.body})
            await self.finish()


class Endpoint:
    """An ASGI application out of a function that answers one exchange."""

    def __init__(self, answer: Callable[[Exchange], Awaitable[None]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        exchange = Exchange(scope, receive, send)
        try:
            with unwrapped():
                await self._answer(exchange)
        except VivavoceError as error:
            await exchange.refuse(refusal_of(error))
