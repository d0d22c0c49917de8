"""The web application: the Realtime API, the page, and what stands around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from vivavoce.server.calls import Calls
from vivavoce.server.guard import Door, Guard, grant_of
from vivavoce.server.hub import Hub
from vivavoce.server.keys import Keys
from vivavoce.server.realtime import serve_websocket
from vivavoce.server.refusals import exception_handlers
from vivavoce.server.secrets import client_secret, ephemeral
from vivavoce.transports.webrtc import IceServer

__all__ = ["create_app"]

STATIC = Path(str(files("vivavoce.server") / "static"))


def create_app(
    hub: Hub,
    *,
    keys: Keys | None = None,
    door: Door | None = None,
    hosts: Sequence[str] = (),
    ice_servers: Sequence[IceServer] = (),
    routes: Sequence[BaseRoute] = (),
    sample: Path | None = None,
) -> Starlette:
    """The application over an open hub. `hosts` are the addresses at which WebRTC peers may reach
    this machine, `routes` further ones, `sample` a recorded question that the page can play."""
    known = Keys() if keys is None else keys
    calls = Calls(hub, hosts, ice_servers)

    async def realtime(socket: WebSocket) -> None:
        await serve_websocket(socket, hub, _configured(socket))

    async def call(request: Request) -> Response:
        return await calls.create(request, _configured(request))

    async def hang_up(request: Request) -> Response:
        await calls.hang_up(request.path_params["id"])
        return Response(status_code=200)

    async def secret(request: Request) -> Response:
        return await client_secret(request, known, hub.model)

    async def snippet(request: Request) -> Response:
        return await ephemeral(request, known, hub.model)

    async def page(request: Request) -> Response:
        return FileResponse(STATIC / "index.html")

    async def question(request: Request) -> Response:
        return Response(status_code=404) if sample is None else FileResponse(sample)

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "sessions": len(hub), "limit": hub.limit})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/static/sample.wav", question),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/health", health),
            WebSocketRoute("/v1/realtime", realtime),
            Route("/v1/realtime", call, methods=["POST"]),
            Route("/v1/realtime/calls", call, methods=["POST"]),
            Route("/v1/realtime/calls/{id}/hangup", hang_up, methods=["POST"]),
            Route("/v1/realtime/client_secrets", secret, methods=["POST"]),
            Route("/api/realtime-ephemeral", snippet, methods=["GET", "POST"]),
            *routes,
        ],
        middleware=[Middleware(Guard, keys=known, door=door)],
        exception_handlers=exception_handlers,
    )


def _configured(connection: HTTPConnection) -> Mapping[str, object]:
    """The session that the client's key is bound to."""
    grant = grant_of(connection)
    return grant.session if grant is not None else {}
