from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
import httpx2
import numpy as np
import openai
import pytest
from openapi_spec_validator import validate
from starlette.applications import Starlette

from tests.server.asking import serving
from vivavoce.audio.files import read_audio
from vivavoce.core.audio import AudioFrame, Samples, silence
from vivavoce.core.errors import BadReply, ProviderUnavailable
from vivavoce.core.protocols import STTCapabilities, TTSCapabilities
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Transcript
from vivavoce.server.http_api import routes
from vivavoce.server.refusals import exception_handlers
from vivavoce.server.speech import SpokenTexts
from vivavoce.testing import LevelVAD, ScriptedSTT, ScriptedTTS, Speller

pytestmark = pytest.mark.anyio

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
    import wave

    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@asynccontextmanager
async def asking(app: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of a server on loopback."""
    async with serving(app) as address, httpx2.AsyncClient(base_url=address) as client:
        yield client


async def transcribe(
    client: httpx2.AsyncClient, data: bytes, name: str = "a.wav", **fields: object
) -> httpx2.Response:
    return await client.post(
        "/v1/audio/transcriptions", files={"file": (name, data)}, data={"model": "x", **fields}
    )


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n") if line]


def error_of(answer: httpx2.Response) -> dict[str, object]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    error: dict[str, object] = body["error"]
    return error


# --- recordings to text -------------------------------------------------------------------------


async def test_a_recording_becomes_text(stage: Stage) -> None:
    async with asking(stage.app) as client:
        answer = await transcribe(client, stage.recording(FIRST, SECOND))
    assert answer.status_code == 200
    assert answer.json() == {
        "text": f"{FIRST}. {SECOND}.",
        "usage": {"type": "duration", "seconds": 7.0},
    }
    assert stage.stt.open_streams == 0


async def test_each_form_of_text_is_given_as_asked(stage: Stage) -> None:
    data = stage.recording(FIRST, SECOND)
    async with asking(stage.app) as client:
        text = await transcribe(client, data, response_format="text")
        srt = await transcribe(client, data, response_format="srt")
        vtt = await transcribe(client, data, response_format="vtt")
    assert text.text == f"{FIRST}. {SECOND}.\n"
    first, second = srt.text.strip().split("\n\n")
    assert first == f"1\n00:00:01,000 --> 00:00:02,990\n{FIRST}."
    assert second == f"2\n00:00:04,000 --> 00:00:05,990\n{SECOND}."
    assert vtt.text.startswith("WEBVTT\n\n00:00:01.000 --> 00:00:02.990\n")
    assert vtt.headers["content-type"].startswith("text/vtt")


async def test_verbose_json_tells_segments_and_words(stage: Stage) -> None:
    async with asking(stage.app) as client:
        answer = await transcribe(
            client,
            stage.recording(FIRST),
            response_format="verbose_json",
            language="en-GB",
            **{"timestamp_granularities[]": ["segment", "word"]},
        )
    body = answer.json()
    assert body["language"] == "en"
    assert body["duration"] == 4.0
    assert [word["word"] for word in body["words"]] == FIRST.split()
    assert body["words"][0]["start"] == pytest.approx(1.0, abs=0.02)
    (segment,) = body["segments"]
    assert segment["start"] < 1.0 < 2.9 < segment["end"] < 4.0
    assert segment["text"] == f"{FIRST}."


async def test_a_stream_tells_each_stretch_as_it_is_recognised(stage: Stage) -> None:
    async with asking(stage.app) as client:
        answer = await transcribe(client, stage.recording(FIRST, SECOND), stream="true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = events(answer.text)
    assert [event["delta"] for event in deltas] == [f"{FIRST}.", f" {SECOND}."]
    assert done["type"] == "transcript.text.done"
    assert done["text"] == "".join(str(event["delta"]) for event in deltas)


async def test_silence_has_no_text(stage: Stage) -> None:
    async with asking(stage.app) as client:
        whole = await transcribe(client, stage.recording())
        streamed = await transcribe(client, stage.recording(), stream="true")
        titles = await transcribe(client, stage.recording(), response_format="srt")
    assert whole.json()["text"] == ""
    assert [event["type"] for event in events(streamed.text)] == ["transcript.text.done"]
    assert titles.text == ""


async def test_a_long_recording_is_cut_where_it_is_quiet(stage: Stage) -> None:
    texts = [f"word{n}" for n in range(40)]
    parts = [stage.speller.spell(text, 1.98, 16000)[0] for text in texts]
    long = wav(
        np.concatenate([part for speech in parts for part in (speech, silence(0.02, 16000))])
    )
    async with asking(stage.app) as client:
        answer = await transcribe(client, long, response_format="verbose_json")
    body = answer.json()
    assert body["text"].replace(".", "").split() == texts
    assert [s["end"] - s["start"] <= 28.1 for s in body["segments"]] == [True] * 4


async def test_without_a_detector_everything_is_recognised(stage: Stage) -> None:
    app = Starlette(routes=routes(stage.stt, None, []))
    async with asking(app) as client:
        answer = await transcribe(client, stage.recording(FIRST, SECOND))
        assert (await client.post("/v1/audio/speech", json={"input": "x"})).status_code == 404
    assert answer.json()["text"] == f"{FIRST} {SECOND}."


@pytest.mark.parametrize("format", ["mp3", "opus", "aac", "flac"])
async def test_common_formats_are_understood(stage: Stage, format: str) -> None:
    async with asking(stage.app) as client:
        spoken = await client.post(
            "/v1/audio/speech", json={"input": "hello there", "response_format": format}
        )
        assert spoken.status_code == 200
        answer = await transcribe(client, spoken.content, f"speech.{format}")
    assert answer.status_code == 200
    assert answer.json()["usage"]["seconds"] == pytest.approx(10 / 15, abs=0.1)


@pytest.mark.parametrize(
    ("data", "fields", "param"),
    [
        (b"", {}, "file"),
        (b"not audio at all" * 100, {}, "file"),
        (b"RIFF\x10\0\0\0WAVEfmt ", {}, "file"),
        (None, {"response_format": "xml"}, "response_format"),
        (None, {"timestamp_granularities[]": "letter"}, "timestamp_granularities"),
        (None, {"stream": "perhaps"}, "stream"),
        (None, {"language": "in English, please"}, "language"),
    ],
)
async def test_a_bad_request_is_told_what_is_wrong(
    stage: Stage, data: bytes | None, fields: dict[str, str], param: str
) -> None:
    async with asking(stage.app) as client:
        answer = await transcribe(
            client, stage.recording(FIRST) if data is None else data, "a.wav", **fields
        )
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param
    assert stage.stt.open_streams == 0


async def test_a_request_that_is_no_form_is_told_so(stage: Stage) -> None:
    path = "/v1/audio/transcriptions"
    malformed = {"Content-Type": "multipart/form-data; boundary=x"}
    async with asking(stage.app) as client:
        for answer in (
            await client.post(path, json={"file": "x"}),
            await client.post(path, data={"file": "text, not a file"}),
            await client.post(path, content=b"--y\r\nno form", headers=malformed),
            await client.post(path, content=b"x", headers={"Content-Type": "multipart/form-data"}),
        ):
            assert answer.status_code == 400
            assert error_of(answer)["type"] == "invalid_request_error"


async def test_word_times_are_refused_where_there_are_none(stage: Stage) -> None:
    stage.stt.capabilities = STTCapabilities(word_times=False)
    async with asking(stage.app) as client:
        answer = await transcribe(
            client, stage.recording(FIRST), **{"timestamp_granularities[]": "word"}
        )
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "unsupported_value"


class BrokenSTT:
    """Fails after `finals` transcripts, or waits for ever."""

    name = "broken/stt"
    capabilities = STTCapabilities()

    def __init__(self, finals: int = 0, *, waits: bool = False) -> None:
        self.finals, self.waits = finals, waits
        self.open_streams = 0
        self.opened = anyio.Event()
        self.closed = anyio.Event()

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[BrokenSTT]:
        self.open_streams += 1
        self.opened.set()
        try:
            yield self
        finally:
            self.open_streams -= 1
            self.closed.set()

    async def send(self, frame: AudioFrame) -> None: ...
    async def flush(self) -> None: ...
    def cut(self) -> None: ...

    async def __aiter__(self) -> AsyncIterator[Transcript]:
        for n in range(self.finals):
            yield Transcript(f"text {n}", n, n + 0.4, True, 6)
        if self.waits:
            await anyio.sleep_forever()
        raise ProviderUnavailable("the recogniser is gone", provider=self.name, role="stt")


async def test_a_recogniser_that_fails_is_said_before_and_within_a_stream(stage: Stage) -> None:
    data = stage.recording(FIRST, SECOND)
    async with asking(Starlette(routes=routes(BrokenSTT(), None, []))) as client:
        whole = await transcribe(client, data)
    assert whole.status_code == 503
    assert error_of(whole)["message"] == "the recogniser is gone"
    assert whole.headers["retry-after"] == "5"
    async with asking(Starlette(routes=routes(BrokenSTT(1), None, []))) as client:
        streamed = await transcribe(client, data, stream="true")
    delta, failed = events(streamed.text)
    assert delta["delta"] == "text 0"
    assert failed["type"] == "error"


async def test_a_client_that_leaves_leaves_nothing_running(stage: Stage) -> None:
    stt = BrokenSTT(waits=True)
    async with asking(Starlette(routes=routes(stt, None, []))) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(transcribe, client, stage.recording(FIRST))
            await stt.opened.wait()
            group.cancel_scope.cancel()
        with anyio.fail_after(5):
            await stt.closed.wait()
    assert stt.open_streams == 0


async def test_more_at_a_time_than_can_be_held_are_told_to_come_again(stage: Stage) -> None:
    stt = BrokenSTT(waits=True)
    async with asking(Starlette(routes=routes(stt, None, []))) as client:
        async with anyio.create_task_group() as group:
            for _ in range(4):
                stt.opened = anyio.Event()
                group.start_soon(transcribe, client, stage.recording(FIRST))
                await stt.opened.wait()
            refused = await transcribe(client, stage.recording(FIRST))
            group.cancel_scope.cancel()
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert error_of(refused)["code"] == "server_busy"


# --- text to speech -----------------------------------------------------------------------------


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
    async with asking(stage.app) as client:
        async with client.stream(
            "POST", "/v1/audio/speech", json={"input": FIRST, "response_format": "pcm"}
        ) as answer:
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

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[BrokenTTS]:
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


async def test_a_voice_that_fails_is_said_or_breaks_off() -> None:
    body = {"input": "hello", "response_format": "wav"}
    async with asking(Starlette(routes=routes(None, BrokenTTS(0), []))) as client:
        before = await client.post("/v1/audio/speech", json=body)
    assert before.status_code == 502
    assert error_of(before)["message"] == "the voice broke"
    async with asking(Starlette(routes=routes(None, BrokenTTS(1), []))) as client:
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
    spoken = SpokenTexts(tts)
    async with asking(Starlette(routes=routes(None, tts, []))) as client:
        async with client.stream("POST", "/v1/audio/speech", json={"input": "hello"}) as answer:
            async for _ in answer.aiter_raw():
                break
        with anyio.fail_after(5):
            await tts.closed.wait()
    assert spoken.admission.busy == 0


# --- models, description ------------------------------------------------------------------------


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


# --- the official client ------------------------------------------------------------------------


@asynccontextmanager
async def official(stage: Stage) -> AsyncIterator[openai.AsyncOpenAI]:
    async with serving(stage.app) as address:
        async with openai.AsyncOpenAI(
            base_url=f"{address}/v1", api_key="sk-none", max_retries=0
        ) as client:
            yield client


async def test_the_official_client_transcribes(stage: Stage) -> None:
    file = ("speech.wav", stage.recording(FIRST, SECOND))
    async with official(stage) as client:
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
    async with official(stage) as client:
        async with client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=FIRST, response_format="pcm"
        ) as answer:
            audio = b"".join([chunk async for chunk in answer.iter_bytes()])
        models = await client.models.list()
    samples = np.frombuffer(audio, "<i2")
    assert " ".join(word.text for word in stage.speller.read(samples, 24000)) == FIRST
    assert [model.id for model in models.data] == ["scripted/stt", "scripted/tts"]
