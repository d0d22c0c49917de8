"""`vivavoce serve`: the page, the Realtime API, and what stands around them, until a signal."""

from __future__ import annotations

import argparse
import os
import runpy
import signal
import socket
import sys
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from vivavoce.assistant import Assistant
from vivavoce.cli.options import add_settings, prepare, settings_from
from vivavoce.core.errors import ConfigError, ProviderUnavailable
from vivavoce.models.store import models_directory

if TYPE_CHECKING:
    import uvicorn

    from vivavoce.server.hub import Hub
    from vivavoce.server.tls import Certificate

__all__ = ["configure", "run", "serve"]

PORT = 8080
_TRIES = 20  # ports after the first
_KEY = "VIVAVOCE_SERVER_KEY"
_DRAIN_S = 10.0  # for the answers under way at a shutdown
_CLOSE_S = 3  # for connections to close after that


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "agent", nargs="?", type=Path, help="a Python file that defines `assistant`; else settings"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, help=f"default: {PORT}, or the next one that is free")
    parser.add_argument(
        "--lan",
        action="store_true",
        help="let other machines in: with TLS, a key, and a QR code to scan",
    )
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="with --lan; else made")
    parser.add_argument("--private-key", type=Path, metavar="PEM", help="of the certificate")
    parser.add_argument("--sessions", type=int, default=20, help="at a time (default: 20)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    if options.agent is not None:
        assistant = _assistant_of(options.agent)
    else:
        settings = settings_from(options)
        choice = prepare(settings)
        assistant = Assistant(settings=choice.in_force(settings))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
    with suppress(KeyboardInterrupt):
        anyio.run(lambda: serve(assistant, options))
    return 0


def _assistant_of(file: Path) -> Assistant:
    if not file.is_file():
        raise ConfigError(f"there is no file {file}")
    found = runpy.run_path(str(file)).get("assistant")
    if not isinstance(found, Assistant):
        raise ConfigError(f"{file} defines no `assistant = Assistant(...)`")
    return found


async def serve(assistant: Assistant, options: argparse.Namespace) -> None:
    """Load the models and serve."""
    try:
        import uvicorn

        from vivavoce.server.app import create_app
        from vivavoce.server.guard import Door
        from vivavoce.server.http_api import routes
        from vivavoce.server.hub import Hub
        from vivavoce.server.keys import Keys, new_server_key
        from vivavoce.server.origins import Names
        from vivavoce.server.tls import lan_addresses
        from vivavoce.transports.webrtc import Peer
    except ImportError as error:
        raise ProviderUnavailable(
            f"serving needs more packages: pip install 'vivavoce[server]' ({error})"
        ) from error
    Peer.load()
    everywhere = "0.0.0.0"  # noqa: S104  that is what --lan asks for
    listening = _listen(everywhere if options.lan else options.host, options.port)
    address, port = listening.getsockname()[:2]
    key = os.environ.get(_KEY)
    door, certificate = Door(), None
    addresses: tuple[str, ...] = ()
    if options.lan:
        key = key or new_server_key()
        addresses = lan_addresses()
        door = Door(Names(loopback=False, hosts=frozenset(addresses)))
        certificate = _certificate(options, addresses)
    elif address not in ("127.0.0.1", "::1"):
        raise ConfigError(f"others can reach {options.host}: use --lan, which adds TLS and a key")
    with as_file(files("vivavoce.data") / "question.wav") as sample:
        async with (
            assistant,
            Hub(assistant.session, model="vivavoce", limit=options.sessions) as hub,
        ):
            providers = assistant.providers
            app = create_app(
                hub,
                keys=Keys(key),
                door=door,
                hosts=() if options.lan else ("127.0.0.1",),
                routes=routes(
                    providers.stt,
                    providers.tts,
                    ["vivavoce"],
                    vad=providers.vad,
                    language=assistant.settings.language,
                ),
                sample=sample,
            )
            config = uvicorn.Config(
                app,
                log_level="warning",
                server_header=False,
                ssl_certfile=certificate.certificate if certificate is not None else None,
                ssl_keyfile=certificate.key if certificate is not None else None,
                ws="websockets-sansio",
                ws_max_size=4 << 20,
                timeout_graceful_shutdown=_CLOSE_S,
            )
            if certificate is None:
                host = "[::1]" if address == "::1" else "127.0.0.1"
                _welcome(f"http://{host}:{port}", browser=not options.no_browser)
            else:
                _invite([f"https://{name}:{port}" for name in addresses], str(key), certificate)
            await _server(config, hub).serve([listening])


def _server(config: uvicorn.Config, hub: Hub) -> uvicorn.Server:
    """One that lets conversations end before it closes their connections."""
    import uvicorn

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await hub.finish(_DRAIN_S)
            await super().shutdown(sockets)

    return Server(config)


def _listen(host: str, port: int | None) -> socket.socket:
    """A socket on the port, or on the first free one from the usual on. Raises ConfigError."""
    ports = [port] if port is not None else range(PORT, PORT + _TRIES)
    reason = ""
    for number in ports:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listening = socket.create_server((host, number), family=family, reuse_port=False)
        except OSError as error:
            reason = error.strerror or str(error)
            continue
        if number != ports[0]:
            print(f"port {PORT} is taken; using {number}", file=sys.stderr)
        return listening
    raise ConfigError(f"cannot listen on {host}:{ports[0]}: {reason}")


def _welcome(url: str, *, browser: bool) -> None:
    print(f"listening on {url} (Ctrl-C ends it)", flush=True)
    if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(url)


def _certificate(options: argparse.Namespace, addresses: Sequence[str]) -> Certificate:
    """The one that was given, or one of our own. Raises ConfigError."""
    from vivavoce.server.tls import given_certificate, own_certificate

    if options.certificate is not None:
        return given_certificate(options.certificate, options.private_key or options.certificate)
    return own_certificate(models_directory().parent / "server", addresses)


def _invite(urls: Sequence[str], key: str, certificate: Certificate) -> None:
    """Tell how others get in."""
    from vivavoce.server.tls import qr_code

    if not urls:
        raise ConfigError("this machine is in no network; without --lan it serves itself")
    print(qr_code(urls[0]))
    print("listening on", " and ".join(urls), "(Ctrl-C ends it)")
    print(f"key: {key}")
    print(
        "the browser warns once: the certificate is this machine's own; its SHA-256 fingerprint is"
    )
    print(certificate.fingerprint, flush=True)
