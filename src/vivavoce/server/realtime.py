"""`GET /v1/realtime`: the Realtime API over a WebSocket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from vivavoce.core.errors import TransportClosed
from vivavoce.server.hub import RETRY_S, Full, Hub, Live
from vivavoce.transports.realtime import wire
from vivavoce.transports.realtime.config import merged
from vivavoce.transports.realtime.transport import RealtimeTransport
from vivavoce.transports.realtime.wire import WireError

__all__ = ["serve_websocket"]

_TRY_AGAIN = 1013
_POLICY = 1008
_GOODBYES = (1000, 1001, 1005)  # the client is done, its page was closed, or it gave no reason


async def serve_websocket(socket: WebSocket, hub: Hub, configured: Mapping[str, object]) -> None:
    """Hold one conversation. `configured` is the session that the client's key is bound to."""
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol="realtime" if "realtime" in offered else None)
    live = await _admitted(socket, hub, configured)
    if live is None:
        return
    conversation = live.conversation
    transport = RealtimeTransport(
        conversation.protocol,
        _texts(socket),
        _sender(socket),
        conversation.carry_out,
        conversation.noticed,
    )
    await hub.attend(live, transport)
    if socket.client_state is WebSocketState.CONNECTED:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(1001 if live.over and not live.failed else 1011)


async def _admitted(socket: WebSocket, hub: Hub, configured: Mapping[str, object]) -> Live | None:
    token = socket.query_params.get("resume")
    if token is not None:
        live = hub.find(token)
        if live is not None:
            return live
        await _refuse(socket, _POLICY, "resume_expired", "there is no conversation to resume")
        return None
    try:
        live = await hub.open(
            on_track=False, extended=socket.query_params.get("extensions") == "vivavoce"
        )
    except Full as error:
        await _refuse(socket, _TRY_AGAIN, "server_full", f"{error}; try again in {RETRY_S} seconds")
        return None
    protocol = live.conversation.protocol
    wanted: dict[str, object] = dict(configured)
    if socket.query_params.get("intent") == "transcription":
        wanted["type"] = "transcription"
    if wanted:
        try:
            protocol.session = merged(protocol.session, wire.patch(wanted))
        except WireError as error:
            protocol.refuse(error)
        live.conversation.configure(protocol.session)
    return live


async def _refuse(socket: WebSocket, code: int, name: str, message: str) -> None:
    error = {"type": "server_error", "code": name, "message": message, "param": None}
    event = {"type": "error", "event_id": "event_refused", "error": {**error, "event_id": None}}
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(msgspec.json.encode(event).decode())
        await socket.close(code, message[:120])


async def _texts(socket: WebSocket) -> AsyncIterator[str | bytes]:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            if message.get("code", 1006) in _GOODBYES:
                return
            raise TransportClosed("the client was lost")
        yield message.get("text") or message.get("bytes") or ""


def _sender(socket: WebSocket) -> Callable[[str], Awaitable[None]]:
    async def send(text: str) -> None:
        try:
            await socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise TransportClosed("the client was lost") from error

    return send
