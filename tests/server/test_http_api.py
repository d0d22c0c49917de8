from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import openai
import pytest
from openapi_spec_validator import validate
from starlette.applications import Starlette
from starlette.types import ASGIApp

from tests.server.asking import serving
from tests.server.http_stage import (
    FIRST,
    SECOND,
    Stage,
    asking,
    error_of,
)
from vivavoce.server.guard import Door, Guard
from vivavoce.server.http_api import routes
from vivavoce.server.keys import Keys

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_models_are_listed_and_found_by_name(stage: Stage) -> None:
    async with asking(stage.app) as client:
        listed = (await client.get("/v1/models")).json()
        one = (await client.get("/v1/models/scripted/stt")).json()
        none = await client.get("/v1/models/gpt-9")
    assert [model["id"] for model in listed["data"]] == ["scripted/stt", "scripted/tts"]
    assert one == listed["data"][0]
    assert one["owned_by"] == "scripted"
    assert none.status_code == 404
    assert error_of(none)["code"] == "model_not_found"


async def test_the_description_is_valid_openapi_and_complete(stage: Stage) -> None:
    async with asking(stage.app) as client:
        described = (await client.get("/openapi.json")).json()
        page = await client.get("/docs")
        style = await client.get("/docs/style.css")
    validate(described)
    assert set(described["paths"]) == {
        "/v1/audio/transcriptions",
        "/v1/audio/speech",
        "/v1/models",
        "/v1/models/{model}",
    }
    for path in described["paths"]:
        assert path in page.text
    assert "<script" not in page.text
    assert (
        "//"
        not in page.text.replace("http://localhost", "").replace("://", "", 0).split("<main>")[0]
    )
    assert style.headers["content-type"].startswith("text/css")


async def test_other_routes_can_be_described_too() -> None:
    more = {"/health": {"get": {"responses": {"200": {"description": "well"}}}}}
    async with asking(Starlette(routes=routes(None, None, [], more=more))) as client:
        described = (await client.get("/openapi.json")).json()
    validate(described)
    assert "/health" in described["paths"]


@asynccontextmanager
async def official(app: ASGIApp, key: str = "sk-none") -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        serving(app) as address,
        openai.AsyncOpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0) as client,
    ):
        yield client


async def test_the_official_client_transcribes(stage: Stage) -> None:
    file = ("speech.wav", stage.recording(FIRST, SECOND))
    async with official(stage.app) as client:
        plain = await client.audio.transcriptions.create(model="whisper-1", file=file)
        verbose = await client.audio.transcriptions.create(
            model="whisper-1",
            file=file,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        titles = await client.audio.transcriptions.create(
            model="whisper-1", file=file, response_format="srt"
        )
        stream = await client.audio.transcriptions.create(
            model="gpt-4o-mini-transcribe", file=file, stream=True
        )
        told = [event async for event in stream]
        with pytest.raises(openai.BadRequestError) as refused:
            await client.audio.transcriptions.create(model="whisper-1", file=("a.wav", b"no audio"))
    assert plain.text == f"{FIRST}. {SECOND}."
    assert plain.usage is not None
    assert plain.usage.type == "duration"
    type(verbose).model_validate(verbose.model_dump())  # the client itself lets anything pass
    assert verbose.words is not None
    assert verbose.segments is not None
    assert [len(verbose.words), len(verbose.segments)] == [9, 2]
    assert titles.startswith("1\n00:00:01,000 --> ")
    assert [event.type for event in told] == [
        "transcript.text.delta",
        "transcript.text.delta",
        "transcript.text.done",
    ]
    assert refused.value.param == "file"


async def test_the_official_client_speaks_and_lists(stage: Stage) -> None:
    async with official(stage.app) as client:
        async with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=FIRST, response_format="pcm"
        ) as answer:
            audio = b"".join([chunk async for chunk in answer.iter_bytes()])
        models = await client.models.list()
    samples = np.frombuffer(audio, "<i2")
    assert " ".join(word.text for word in stage.speller.read(samples, 24000)) == FIRST
    assert [model.id for model in models.data] == ["scripted/stt", "scripted/tts"]


async def test_the_official_client_understands_what_the_guard_refuses(stage: Stage) -> None:
    key = "a-server-key-of-some-length"
    guarded = Guard(stage.app, keys=Keys(key), door=Door(most_upload_bytes=200_000))
    async with official(guarded, "sk-wrong") as client:
        with pytest.raises(openai.AuthenticationError, match="not valid here"):
            await client.models.list()
    async with official(guarded, key) as client:
        assert (await client.models.list()).data
        create = client.audio.transcriptions.create
        short = await create(model="whisper-1", file=("a.wav", stage.recording(FIRST)))
        with pytest.raises(openai.APIStatusError) as refused:
            await create(model="whisper-1", file=("a.wav", stage.recording(*[FIRST] * 3)))
    assert short.text == f"{FIRST}."
    assert refused.value.status_code == 413
    assert stage.stt.open_streams == 0
