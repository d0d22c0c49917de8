"""`POST /v1/realtime/calls`: the Realtime API over WebRTC."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from vivavoce.core.errors import (
    ConfigError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportClosed,
)
from vivavoce.server.hub import RETRY_S, Full, Hub, Live
from vivavoce.server.refusals import Refusal
from vivavoce.transports.realtime import wire
from vivavoce.transports.realtime.config import merged
from vivavoce.transports.realtime.over_webrtc import PeerTransport
from vivavoce.transports.realtime.transport import RealtimeTransport
from vivavoce.transports.realtime.wire import WireError
from vivavoce.transports.webrtc import IceServer, Peer

__all__ = ["Calls"]

_OFFER = "application/sdp"


@dataclass(slots=True)
class Calls:
    """Answers offers. `hosts` are this machine's addresses that peers may use, none for all."""

    hub: Hub
    hosts: Sequence[str] = ()
    ice_servers: Sequence[IceServer] = ()
    _peers: dict[str, Peer] = field(default_factory=dict)

    async def create(self, request: Request, configured: Mapping[str, object]) -> Response:
        """Answer an offer: raw SDP, or multipart with `sdp` and `session`. Raises Refusal."""
        offer, session = await _offer(request)
        live = self._resumed(request)
        is_new = live is None
        if live is None:
            live = await self._admitted(request, {**configured, **session})
        try:
            peer, answer = await Peer.answer(offer, ice_servers=self.ice_servers, hosts=self.hosts)
        except BaseException as error:
            if is_new:  # a conversation that is resumed survives a bad offer
                self.hub.dismiss(live)
            if isinstance(error, RemoteProtocolError | ConfigError):
                raise Refusal(str(error), code="invalid_offer", param="sdp") from error
            raise
        id = f"rtc_{secrets.token_hex(12)}"
        self._peers[id] = peer
        self.hub.start(self._hold, id, live, peer, is_new)
        headers = {"Location": f"/v1/realtime/calls/{id}"}
        return Response(answer, 201, headers, media_type=_OFFER)

    async def hang_up(self, id: str) -> None:
        """End a call. Raises Refusal when there is none."""
        if id not in self._peers:
            raise Refusal(f"there is no call {id}", status=404, code="not_found")
        await self._peers[id].close()

    def _resumed(self, request: Request) -> Live | None:
        token = request.query_params.get("resume")
        if token is None:
            return None
        live = self.hub.find(token)
        if live is None:
            raise Refusal("there is no conversation to resume", status=410, code="resume_expired")
        return live

    async def _admitted(self, request: Request, session: Mapping[str, object]) -> Live:
        extended = request.query_params.get("extensions") == "vivavoce"
        try:
            live = await self.hub.open(on_track=True, extended=extended)
        except Full as error:
            raise Refusal(
                str(error), status=503, code="server_full", retry_after=RETRY_S
            ) from error
        protocol = live.conversation.protocol
        if session:
            try:
                protocol.session = merged(protocol.session, wire.patch(session))
            except WireError as error:
                self.hub.dismiss(live)
                raise Refusal(str(error), code=error.code, param=error.param) from error
            live.conversation.configure(protocol.session)
        return live

    async def _hold(self, id: str, live: Live, peer: Peer, is_new: bool) -> None:
        conversation = live.conversation
        events = RealtimeTransport(
            conversation.protocol,
            _texts(peer),
            _sender(peer),
            conversation.carry_out,
            conversation.noticed,
        )
        try:
            async with peer:
                await peer.connected()
                await self.hub.attend(live, PeerTransport(events, peer), on_track=True)
        except TransportClosed:
            if is_new:
                self.hub.dismiss(live)
        finally:
            del self._peers[id]


def _sender(peer: Peer) -> Callable[[str], Awaitable[None]]:
    async def send(text: str) -> None:
        try:
            peer.send_text(text)
        except LocalProtocolError as error:  # longer than its channel takes
            raise TransportClosed(str(error)) from error

    return send


async def _texts(peer: Peer) -> AsyncIterator[str | bytes]:
    async for text in peer.texts():
        yield text


async def _offer(request: Request) -> tuple[str, Mapping[str, object]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return _text(await request.body()), {}
    async with request.form(max_files=4, max_fields=4) as form:
        parts: dict[str, str] = {}
        for name, part in form.multi_items():
            parts[name] = part if isinstance(part, str) else _text(await part.read())
    if "sdp" not in parts:
        raise Refusal("the form lacks its part sdp", param="sdp")
    try:
        session = msgspec.json.decode(parts.get("session", "{}"), type=dict[str, object])
    except msgspec.DecodeError as error:
        raise Refusal(f"session is not a JSON object: {error}", param="session") from error
    return parts["sdp"], session


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refusal("the offer is not text", code="invalid_offer", param="sdp") from None
