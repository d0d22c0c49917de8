"""Package indexes on loopback for these tests."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.models.package_index import PackageIndex, handler
from vivavoce.models.sources import Sources


@pytest.fixture
def serve() -> Iterator[Callable[..., PackageIndex]]:
    """Starts package indexes."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(tls: ssl.SSLContext | None = None) -> PackageIndex:
        index = PackageIndex()
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(index))
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        index.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return index

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def index(serve: Callable[[], PackageIndex]) -> PackageIndex:
    return serve()


@pytest.fixture
def sources(index: PackageIndex) -> Sources:
    return Sources(indexes=(index.root,))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "models"
