"""The web application: the Realtime API, the page, and what stands around them."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from vivavoce.server.hub import Hub
from vivavoce.server.realtime import serve_websocket

__all__ = ["create_app"]


def create_app(hub: Hub) -> Starlette:
    """The application over an open hub."""

    async def realtime(socket: WebSocket) -> None:
        await serve_websocket(socket, hub)

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "sessions": len(hub), "limit": hub.limit})

    return Starlette(
        routes=[
            WebSocketRoute("/v1/realtime", realtime),
            Route("/health", health),
        ]
    )
