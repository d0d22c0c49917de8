"""The HTTP interface on scripted providers, and clients for it."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import numpy as np
from starlette.applications import Starlette

from tests.server.asking import serving
from vivavoce.core.audio import Samples, silence
from vivavoce.server.http_api import routes
from vivavoce.server.refusals import exception_handlers
from vivavoce.testing import LevelVAD, ScriptedSTT, ScriptedTTS, Speller

FIRST, SECOND = "the quick brown fox", "jumps over the lazy dog"


@dataclass
class Stage:
    """Scripted providers that work as fast as they are asked, and a server for them."""

    speller: Speller = field(default_factory=Speller)

    def __post_init__(self) -> None:
        self.stt = ScriptedSTT(self.speller, final_delay=-60.0, partial_lag=0.0)
        self.tts = ScriptedTTS(self.speller, first_byte=0.0, speed=1e9)
        self.app = Starlette(
            routes=routes(self.stt, self.tts, ["scripted/stt", "scripted/tts"], vad=LevelVAD()),
            exception_handlers=dict(exception_handlers),
        )

    def recording(self, *texts: str) -> bytes:
        """Each text in two seconds, with one of silence around it, as WAV."""
        parts: list[Samples] = [silence(1, 16000)]
        for text in texts:
            parts += [self.speller.spell(text, 2, 16000)[0], silence(1, 16000)]
        return wav(np.concatenate(parts))


def wav(samples: Samples, rate: int = 16000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def asking(app: Starlette) -> httpx2.AsyncClient:
    """A client of the application itself; its answers come whole."""
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost", timeout=30
    )


@asynccontextmanager
async def connected(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server on loopback."""
    async with serving(app) as address, httpx2.AsyncClient(base_url=address) as client:
        yield client


async def transcribe(
    client: httpx2.AsyncClient,
    data: bytes,
    name: str = "a.wav",
    granularities: Sequence[str] = (),
    **fields: str,
) -> httpx2.Response:
    """The answer to that recording and these fields of the form."""
    return await client.post(
        "/v1/audio/transcriptions",
        files={"file": (name, data)},
        data={"model": "x", "timestamp_granularities[]": list(granularities), **fields},
    )


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n") if line]


def error_of(answer: httpx2.Response) -> dict[str, object]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    error: dict[str, object] = body["error"]
    return error
