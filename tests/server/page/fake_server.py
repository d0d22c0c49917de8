"""A server for the page's tests: the test says what it says, and reads what it was told.

It speaks the Realtime events over WebSocket on loopback. WebRTC is refused, or never answered, so
that the page has to go on over WebSocket. The page is served under the strictest policy: whatever
the page needs beyond it is an error in the browser's console.
"""

from __future__ import annotations

import base64
import io
import socket
import threading
import time
import wave
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVarTuple, Unpack

import anyio
import anyio.from_thread
import anyio.lowlevel
import numpy as np
import uvicorn
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

STATIC = Path(__file__).resolve().parents[3] / "src" / "vivavoce" / "server" / "static"
RATE = 24000
PATIENCE_S = 10.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

Json: TypeAlias = "dict[str, object]"
Samples = NDArray[np.int16]
Arguments = TypeVarTuple("Arguments")


def tone(seconds: float, hertz: float = 220.0) -> Samples:
    """int16 (n,) at 24 kHz."""
    at = np.arange(round(seconds * RATE)) / RATE
    samples: Samples = np.rint(9000 * np.sin(2 * np.pi * hertz * at)).astype(np.int16)
    return samples


def wav(samples: Samples, rate: int = RATE) -> bytes:
    """A mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def in_base64(samples: Samples) -> str:
    """As it stands in an event."""
    return base64.b64encode(samples.tobytes()).decode()


class _StrictHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def adorned(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"content-security-policy", POLICY.encode()))
            await send(message)

        await self._app(scope, receive, adorned)


@dataclass(slots=True)
class FakeServer:
    """Starts at construction; `close` it. Everything is safe to call from the test's thread."""

    webrtc: str = "refuse"  # or "hang"
    key: str = ""  # what clients have to present
    full: bool = False  # refuses conversations
    forgetful: bool = False  # knows no conversation to resume
    port: int = 0
    received: list[Json] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    protocols: list[list[str]] = field(default_factory=list)
    posts: int = 0
    session_id: str = "sess_1"
    _sockets: list[WebSocket] = field(default_factory=list)
    _server: uvicorn.Server | None = None
    _thread: threading.Thread | None = None
    _token: anyio.lowlevel.EventLoopToken | None = None

    def __post_init__(self) -> None:
        self.start()

    # --- life ---

    def start(self) -> None:
        """Listen; on the same port as before, if there was one."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        server = uvicorn.Server(
            uvicorn.Config(
                self._app(), log_level="critical", lifespan="off", ws="websockets-sansio"
            )
        )
        self._server = server
        self._thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        self._thread.start()
        self.wait(lambda: server.started)

    def close(self) -> None:
        """Stop listening and drop every client."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._server = None
        self._sockets.clear()

    @property
    def url(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.port}/"

    # --- what the test does ---

    def wait(self, until: Callable[[], object]) -> None:
        """Until something is so. Raises AssertionError where it does not come to be."""
        deadline = time.monotonic() + PATIENCE_S
        while not until():
            assert time.monotonic() < deadline, f"waited in vain; received {self.kinds}"
            threading.Event().wait(0.005)

    def tell(self, kind: str, **fields: object) -> None:
        """Send an event to the page."""
        self._run(self._tell, {"type": kind, **fields})

    def drop(self, code: int = 1011, reason: str = "") -> None:
        """Close the page's connection."""
        self._run(self._drop, code, reason)

    def answer(self, text: str, *, response: str = "resp_1", seconds: float = 0.0) -> None:
        """Begin an answer: its words, and a tone as its voice."""
        item = response.replace("resp", "item")
        ids = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        self.tell("vivavoce.state", state="thinking")
        self.tell("response.created", response={"id": response, "status": "in_progress"})
        self.tell("response.output_audio_transcript.delta", **ids, delta=text)
        if seconds:
            self.tell("vivavoce.state", state="speaking")
            self.tell("response.output_audio.delta", **ids, delta=in_base64(tone(seconds)))

    def of_kind(self, kind: str) -> list[Json]:
        """The events of one type that the page has sent."""
        return [event for event in self.received if event["type"] == kind]

    @property
    def kinds(self) -> list[object]:
        """The types of what the page has sent, audio left out."""
        return [e["type"] for e in self.received if e["type"] != "input_audio_buffer.append"]

    @property
    def audio(self) -> Samples:
        """All the sound that the page has sent."""
        chunks = [str(e["audio"]) for e in self.of_kind("input_audio_buffer.append")]
        return np.frombuffer(b"".join(map(base64.b64decode, chunks)), np.int16)

    # --- the server ---

    def _run(
        self,
        function: Callable[[Unpack[Arguments]], Coroutine[object, object, None]],
        *args: *Arguments,
    ) -> None:
        assert self._token is not None, "the page is not connected"
        anyio.from_thread.run(function, *args, token=self._token)

    async def _tell(self, event: Json) -> None:
        await self._sockets[-1].send_json(event)

    async def _drop(self, code: int, reason: str) -> None:
        await self._sockets.pop().close(code, reason)

    def _app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", lambda _: FileResponse(STATIC / "index.html")),
                Route(
                    "/static/sample.wav", lambda _: Response(wav(tone(0.6)), media_type="audio/wav")
                ),
                Mount("/static", StaticFiles(directory=STATIC)),
                Route("/v1/realtime/calls", self._calls, methods=["POST"]),
                Route("/v1/realtime/client_secrets", self._secrets, methods=["POST"]),
                WebSocketRoute("/v1/realtime", self._realtime),
            ],
            middleware=[Middleware(_StrictHeaders)],
        )

    def _refusal(self, request: Request, *keys: str) -> Response | None:
        presented = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key and presented not in keys:
            return JSONResponse({"error": {"message": "this server needs a key"}}, 401)
        if self.full:
            error = {"error": {"message": "all places are taken"}}
            return JSONResponse(error, 429, {"retry-after": "7"})
        return None

    async def _calls(self, request: Request) -> Response:
        self.posts += 1
        await request.body()
        if refusal := self._refusal(request, f"ek_{self.key}"):
            return refusal
        if self.webrtc == "hang":
            while (await request.receive())["type"] != "http.disconnect":
                pass
        return JSONResponse({"error": {"message": "no WebRTC here"}}, 503)

    async def _secrets(self, request: Request) -> Response:
        refusal = self._refusal(request, self.key)
        return refusal or JSONResponse({"value": f"ek_{self.key}", "expires_at": 0})

    async def _realtime(self, websocket: WebSocket) -> None:
        self._token = anyio.lowlevel.current_token()
        await websocket.accept("realtime")
        self.queries.append(dict(websocket.query_params))
        self.protocols.append(list(websocket.scope["subprotocols"]))
        if self.forgetful and "resume" in websocket.query_params:
            error = {"type": "server_error", "code": "resume_expired", "message": "unknown"}
            await websocket.send_json({"type": "error", "error": error})
            await websocket.close(1008)
            return
        turn_detection = {"type": "semantic_vad", "eagerness": "auto"}
        session = {"id": self.session_id, "audio": {"input": {"turn_detection": turn_detection}}}
        await websocket.send_json({"type": "session.created", "session": session})
        await websocket.send_json(
            {
                "type": "vivavoce.session",
                "session_id": self.session_id,
                "resume_token": "token-1",
                "resume_seconds": 60,
            }
        )
        await websocket.send_json({"type": "vivavoce.state", "state": "ready"})
        self._sockets.append(websocket)
        try:
            while True:
                self.received.append(await websocket.receive_json())
        except WebSocketDisconnect:
            return
