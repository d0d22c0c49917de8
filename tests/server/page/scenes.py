"""What the page's tests share: an answer and its end, and ways to lack a microphone."""

from __future__ import annotations

from tests.server.page.fake_server import FakeServer

ANSWER = "The train leaves at nine. It takes two hours."
REFUSING = """navigator.mediaDevices.getUserMedia =
    () => Promise.reject(new DOMException("no", "NotAllowedError"))"""
MISSING = REFUSING.replace("NotAllowedError", "NotFoundError")
BUSY = REFUSING.replace("NotAllowedError", "NotReadableError")
KEEP_STREAM = """const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (asked) =>
        (globalThis.stream = await open(asked))"""
KEEP_CONTEXT = """globalThis.AudioContext = class extends AudioContext {
    constructor(...options) { super(...options); globalThis.sounding = this; } }"""


def settle(server: FakeServer, *, heard: str, outcome: str = "completed", gap: int = 620) -> None:
    """The turn of `ANSWER` is over."""
    stages = [
        {"name": "stt", "start_ms": 0, "duration_ms": 200, "budget_ms": 350},
        {"name": "llm", "start_ms": 200, "duration_ms": 400, "budget_ms": 375},
        {"name": "playout", "start_ms": 600, "duration_ms": gap - 600, "budget_ms": None},
    ]
    server.tell(
        "vivavoce.turn",
        response_id="resp_1",
        outcome=outcome,
        user_text="",
        written=ANSWER,
        heard=heard,
        gap_ms=gap,
        stages=stages,
        sources=[],
    )


def played(server: FakeServer) -> list[float]:
    """The positions that the page has reported, in ms."""
    return [float(str(event["position_ms"])) for event in server.of_kind("vivavoce.played")]
