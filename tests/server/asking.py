"""Requests to an ASGI application, and a server on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import uvicorn
from starlette.types import ASGIApp


class _Quiet(uvicorn.Server):
    """A server that leaves the process's signals alone, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = anyio.Event()

    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        self.listening.set()

    @property
    def port(self) -> int:
        return int(self.servers[0].sockets[0].getsockname()[1])


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The address of a server for `app`, which ends with the block."""
    server = _Quiet(
        uvicorn.Config(
            app, port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    async with anyio.create_task_group() as group:
        group.start_soon(server._serve)
        await server.listening.wait()
        yield f"http://127.0.0.1:{server.port}"
        server.should_exit = True
