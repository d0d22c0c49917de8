from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
import numpy as np
import pytest
from starlette.applications import Starlette

from tests.server.http_stage import (
    FIRST,
    SECOND,
    Stage,
    asking,
    connected,
    error_of,
    events,
)
from vivavoce.audio.files import read_audio
from vivavoce.core.errors import BadReply
from vivavoce.core.protocols import TTSCapabilities
from vivavoce.core.speech import Speech
from vivavoce.server.http_api import routes

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage() -> Stage:
    return Stage()


def heard(stage: Stage, audio: bytes) -> str:
    with read_audio(audio, 24000) as reader:
        samples = np.concatenate([frame.samples for frame in reader])
    return " ".join(word.text for word in stage.speller.read(samples, 24000))


@pytest.mark.parametrize("format", ["wav", "flac"])
async def test_text_is_spoken_whole(stage: Stage, format: str) -> None:
    text = f"{FIRST}. {SECOND}, again and again. " * 3
    async with asking(stage.app) as client:
        answer = await client.post(
            "/v1/audio/speech", json={"input": text, "response_format": format, "voice": "alloy"}
        )
    assert answer.headers["content-type"] == f"audio/{format}"
    assert heard(stage, answer.content) == text.replace(".", "").replace(",", "").strip()
    assert stage.tts.open_streams == 0


async def test_pcm_is_at_24_khz_whatever_the_voice_is(stage: Stage) -> None:
    stage.tts.sample_rate = 16000
    async with asking(stage.app) as client:
        answer = await client.post(
            "/v1/audio/speech", json={"input": FIRST, "response_format": "pcm"}
        )
    samples = np.frombuffer(answer.content, "<i2")
    assert len(samples) == pytest.approx(24000 * 16 / 15, abs=2)  # 16 letters at 15 a second
    assert " ".join(word.text for word in stage.speller.read(samples, 24000)) == FIRST


@pytest.mark.parametrize("speed", [0.25, 0.5, 2, 4])
async def test_speed_changes_the_length(stage: Stage, speed: float) -> None:
    body = {"input": " ".join([FIRST] * 4), "response_format": "pcm", "speed": speed}
    async with asking(stage.app) as client:
        answer = await client.post("/v1/audio/speech", json=body)
    assert len(answer.content) / 48000 == pytest.approx(4 * 16 / 15 / speed, rel=0.05)


async def test_speech_is_sent_while_it_is_made(stage: Stage) -> None:
    stage.tts.first_byte = 0.05
    async with (
        connected(stage.app) as client,
        client.stream(
            "POST", "/v1/audio/speech", json={"input": FIRST, "response_format": "pcm"}
        ) as answer,
    ):
        async for _ in answer.aiter_raw():
            assert stage.tts.open_streams == 1
            break


async def test_events_carry_the_same_audio(stage: Stage) -> None:
    body = {"input": FIRST, "response_format": "wav", "stream_format": "sse"}
    async with asking(stage.app) as client:
        answer = await client.post("/v1/audio/speech", json=body)
    *deltas, done = events(answer.text)
    audio = b"".join(base64.b64decode(str(event["audio"])) for event in deltas)
    assert heard(stage, audio) == FIRST
    assert done["type"] == "speech.audio.done"


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac", "wav"])
async def test_a_text_without_words_is_a_file_without_sound(stage: Stage, format: str) -> None:
    async with asking(stage.app) as client:
        answer = await client.post(
            "/v1/audio/speech", json={"input": "…!", "response_format": format}
        )
    assert answer.status_code == 200
    assert answer.content


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": "  "}, "input"),
        ({"input": 7}, "input"),
        ({"input": "x" * 4097}, "input"),
        ({"input": "x", "response_format": "wma"}, "response_format"),
        ({"input": "x", "response_format": ["mp3"]}, "response_format"),
        ({"input": "x", "speed": 0.2}, "speed"),
        ({"input": "x", "speed": True}, "speed"),
        ({"input": "x", "stream_format": "carrier pigeon"}, "stream_format"),
        ({"input": "x", "language": 1}, "language"),
        ([], None),
        ("x", None),
    ],
)
async def test_a_text_that_cannot_be_spoken_is_told_why(
    stage: Stage, body: object, param: str | None
) -> None:
    async with asking(stage.app) as client:
        answer = await client.post("/v1/audio/speech", json=body)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


async def test_4096_characters_are_spoken(stage: Stage) -> None:
    async with asking(stage.app) as client:
        answer = await client.post(
            "/v1/audio/speech", json={"input": "hello! " * 585 + "x", "response_format": "pcm"}
        )
    assert answer.status_code == 200
    assert len(answer.content) > 100 * 48000


class BrokenTTS:
    """Says the first `chunks` pieces of a second and then fails, or waits for ever."""

    name = "broken/tts"
    capabilities = TTSCapabilities(24000)

    def __init__(self, chunks: int, *, waits: bool = False) -> None:
        self.chunks, self.waits = chunks, waits
        self.closed = anyio.Event()
        self.languages: list[str | None] = []

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[BrokenTTS]:
        self.languages.append(language)
        try:
            yield self
        finally:
            self.closed.set()

    async def say(self, text: str) -> None: ...
    async def finish(self) -> None: ...

    async def __aiter__(self) -> AsyncIterator[Speech]:
        for _ in range(self.chunks):
            yield Speech(np.full(24000, 7, np.int16), 24000)
        if self.waits:
            await anyio.sleep_forever()
        raise BadReply("the voice broke", provider=self.name, role="tts")


async def test_the_language_is_the_requests_or_else_the_servers() -> None:
    tts = BrokenTTS(0)
    async with asking(Starlette(routes=routes(None, tts, [], language="ko"))) as client:
        await client.post("/v1/audio/speech", json={"input": "hello"})
        await client.post("/v1/audio/speech", json={"input": "hello", "language": "ja"})
    assert tts.languages == ["ko", "ja"]


async def test_a_voice_that_fails_is_said_or_breaks_off() -> None:
    body = {"input": "hello", "response_format": "wav"}
    async with connected(Starlette(routes=routes(None, BrokenTTS(0), []))) as client:
        before = await client.post("/v1/audio/speech", json=body)
    assert before.status_code == 502
    assert error_of(before)["message"] == "the voice broke"
    async with connected(Starlette(routes=routes(None, BrokenTTS(1), []))) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.post("/v1/audio/speech", json=body)
        told = await client.post("/v1/audio/speech", json=body | {"stream_format": "sse"})
    assert [event["type"] for event in events(told.text)] == ["speech.audio.delta", "error"]


async def test_a_voice_that_stays_silent_is_an_error() -> None:
    class Silent(BrokenTTS):
        async def __aiter__(self) -> AsyncIterator[Speech]:
            yield Speech(np.zeros(0, np.int16), 24000, "hello", ends=True)

    async with asking(Starlette(routes=routes(None, Silent(0), []))) as client:
        answer = await client.post("/v1/audio/speech", json={"input": "hello"})
    assert answer.status_code == 502


async def test_a_listener_that_leaves_stops_the_voice() -> None:
    tts = BrokenTTS(1, waits=True)
    async with connected(Starlette(routes=routes(None, tts, []))) as client:
        async with client.stream("POST", "/v1/audio/speech", json={"input": "hello"}) as answer:
            async for _ in answer.aiter_raw():
                break
        with anyio.fail_after(5):
            await tts.closed.wait()
