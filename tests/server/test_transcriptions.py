from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
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
    transcribe,
    wav,
)
from vivavoce.core.audio import AudioFrame, silence
from vivavoce.core.errors import ProviderUnavailable
from vivavoce.core.protocols import STTCapabilities
from vivavoce.core.transcript import Transcript
from vivavoce.server.http_api import routes

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage() -> Stage:
    return Stage()


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
            granularities=["segment", "word"],
        )
    body = answer.json()
    assert body["language"] == "en"
    assert body["duration"] == 4.0
    assert [word["word"] for word in body["words"]] == FIRST.split()
    assert body["words"][0]["start"] == pytest.approx(1.0, abs=0.02)
    (segment,) = body["segments"]
    assert segment["start"] < 1.0
    assert 2.9 < segment["end"] < 4.0
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
        answer = await transcribe(client, stage.recording(FIRST), granularities=["word"])
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
    async with connected(Starlette(routes=routes(stt, None, []))) as client:
        async with anyio.create_task_group() as group:
            group.start_soon(transcribe, client, stage.recording(FIRST))
            await stt.opened.wait()
            group.cancel_scope.cancel()
        with anyio.fail_after(5):
            await stt.closed.wait()
    assert stt.open_streams == 0


async def test_more_at_a_time_than_can_be_held_are_told_to_come_again(stage: Stage) -> None:
    stt = BrokenSTT(waits=True)
    async with (
        asking(Starlette(routes=routes(stt, None, []))) as client,
        anyio.create_task_group() as group,
    ):
        for _ in range(4):
            stt.opened = anyio.Event()
            group.start_soon(transcribe, client, stage.recording(FIRST))
            await stt.opened.wait()
        refused = await transcribe(client, stage.recording(FIRST))
        group.cancel_scope.cancel()
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "1"
    assert error_of(refused)["code"] == "server_busy"
