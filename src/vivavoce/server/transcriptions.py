"""POST /v1/audio/transcriptions: a recording's text."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from vivavoce.core.protocols import STT, VAD
from vivavoce.core.transcript import Transcript
from vivavoce.server.exchange import EVENTS, Admission, Exchange
from vivavoce.server.openapi import Operation, refusals
from vivavoce.server.recognition import recognise
from vivavoce.server.refusals import Refusal
from vivavoce.text.script import is_spaceless
from vivavoce.text.subtitles import cues_of, srt, vtt

__all__ = ["TRANSCRIBE", "Transcriptions"]

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
GRANULARITIES = ("segment", "word")
MOST_AT_ONCE = 4  # each holds its upload in memory, and they share one recogniser
MOST_FIELDS = 40
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the form asks for."""

    data: bytes
    language: str | None
    format: str
    granularities: frozenset[str]
    stream: bool


class Transcriptions:
    """Answers with the embedded or configured recogniser, whatever model is named."""

    def __init__(self, stt: STT, vad: VAD | None, most_at_once: int = MOST_AT_ONCE) -> None:
        self._stt = stt
        self._vad = vad
        self.admission = Admission(most_at_once)

    async def answer(self, exchange: Exchange) -> None:
        """One request; see `TRANSCRIBE`."""
        with self.admission.admitted():
            wish = await self._read(exchange.request)
            async with exchange.connected():
                if wish.stream:
                    await self._stream(exchange, wish)
                else:
                    await exchange.respond(await self._whole(wish))

    async def _read(self, request: Request) -> _Wish:
        try:
            async with request.form(max_files=2, max_fields=MOST_FIELDS) as form:
                upload = form.get("file")
                if not isinstance(upload, UploadFile):
                    raise Refusal(
                        "the form has no file: send multipart/form-data with the audio as `file`",
                        code="missing_required_parameter",
                        param="file",
                    )
                return self._wish(await upload.read(), form)
        except HTTPException as error:  # Starlette's word for a malformed form
            raise Refusal(error.detail) from error
        except FormParserError as error:
            raise Refusal(f"the form is malformed: {error}") from error

    def _wish(self, data: bytes, form: FormData) -> _Wish:
        granularities = frozenset(
            _one_of(form, name, GRANULARITIES, value)
            for name in ("timestamp_granularities[]", "timestamp_granularities")
            for value in form.getlist(name)
        )
        if "word" in granularities and not self._stt.capabilities.word_times:
            raise Refusal(
                f"{self._stt.name} does not tell when each word was said",
                code="unsupported_value",
                param="timestamp_granularities",
            )
        return _Wish(
            data,
            _language(form),
            _one_of(form, "response_format", FORMATS, form.get("response_format", "json")),
            granularities or frozenset({"segment"}),
            _one_of(form, "stream", ("false", "true"), form.get("stream", "false")) == "true",
        )

    async def _whole(self, wish: _Wish) -> Response:
        said: list[Transcript] = []

        async def heard(transcript: Transcript) -> None:
            if transcript.text.strip():
                said.append(transcript)

        duration = await recognise(self._stt, self._vad, wish.data, wish.language, heard)
        match wish.format:
            case "text":
                return PlainTextResponse(_joined(said) + "\n")
            case "srt":
                return PlainTextResponse(srt(cues_of(said)), media_type="application/x-subrip")
            case "vtt":
                return PlainTextResponse(vtt(cues_of(said)), media_type="text/vtt")
            case "verbose_json":
                return JSONResponse(_verbose(said, duration, wish))
        return JSONResponse({"text": _joined(said), "usage": _usage(duration)})

    async def _stream(self, exchange: Exchange, wish: _Wish) -> None:
        said: list[Transcript] = []

        async def heard(transcript: Transcript) -> None:
            if not said:
                await exchange.open(EVENTS)
            before = len(_joined(said))
            said.append(transcript)
            if delta := _joined(said)[before:]:
                await exchange.write_event({"type": "transcript.text.delta", "delta": delta})

        duration = await recognise(self._stt, self._vad, wish.data, wish.language, heard)
        if not said:
            await exchange.open(EVENTS)
        done = {"type": "transcript.text.done", "text": _joined(said), "usage": _usage(duration)}
        await exchange.write_event(done)
        await exchange.finish()


# --- the form -----------------------------------------------------------------------------------


def _one_of(form: FormData, name: str, able: tuple[str, ...], value: object) -> str:
    if isinstance(value, str) and value in able:
        return value
    shown = value[:40] if isinstance(value, str) else "a file"
    raise Refusal(
        f"{name} is {shown!r}; it can be {', '.join(able)}",
        code="unsupported_value",
        param=name.removesuffix("[]"),
    )


def _language(form: FormData) -> str | None:
    """ISO 639-1 out of the tag that was sent; None where none was, or an empty one."""
    value = form.get("language") or None
    if value is None:
        return None
    match = _LANGUAGE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Refusal("language is a code such as en, es, ko, zh or ja", param="language")
    return match[1]


# --- the answer ---------------------------------------------------------------------------------


def _joined(said: list[Transcript]) -> str:
    """The whole text; between scripts that write no spaces there is none."""
    whole = ""
    for text in (transcript.text.strip() for transcript in said):
        tight = whole and text and _is_tight(whole[-1]) and _is_tight(text[0])
        whole += text if tight or not whole or not text else f" {text}"
    return whole


def _is_tight(character: str) -> bool:
    return is_spaceless(character) or character in "、。！？，；：」』）“”‘’「『（…"


def _usage(duration: float) -> dict[str, object]:
    return {"type": "duration", "seconds": round(duration, 3)}


def _verbose(said: list[Transcript], duration: float, wish: _Wish) -> dict[str, object]:
    language = wish.language or next((one.language for one in said if one.language), None)
    answer: dict[str, object] = {
        "task": "transcribe",
        "language": language or "und",  # ISO 639-2: undetermined
        "duration": round(duration, 3),
        "text": _joined(said),
        "usage": _usage(duration),
    }
    if "segment" in wish.granularities:
        answer["segments"] = [_segment(number, one) for number, one in enumerate(said)]
    if "word" in wish.granularities:
        answer["words"] = [
            {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
            for one in said
            for word in one.words
        ]
    return answer


def _segment(number: int, transcript: Transcript) -> Mapping[str, object]:
    """A segment as Whisper's; what only Whisper's insides tell is 0."""
    text = transcript.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": round(transcript.start, 3),
        "end": round(transcript.end, 3),
        "text": transcript.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": round(len(text) / max(1, len(zlib.compress(text))), 3),
        "no_speech_prob": 0.0,
    }


# --- the description ----------------------------------------------------------------------------

_STRING = {"type": "string"}
_NUMBER = {"type": "number"}
_USAGE = {
    "type": "object",
    "properties": {"type": {"const": "duration"}, "seconds": _NUMBER},
    "required": ["type", "seconds"],
}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {
            "type": "string",
            "contentMediaType": "application/octet-stream",
            "description": "audio or video in any common format",
        },
        "model": {"type": "string", "description": "any: the server's recogniser answers"},
        "language": {
            "type": "string",
            "pattern": "^[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*$",
            "description": "ISO 639-1; without it the recogniser decides",
        },
        "response_format": {"enum": list(FORMATS), "default": "json"},
        "timestamp_granularities[]": {
            "type": "array",
            "items": {"enum": list(GRANULARITIES)},
            "description": "in verbose_json; word needs a recogniser that tells word times",
        },
        "stream": {
            "enum": ["true", "false"],
            "default": "false",
            "description": "server-sent events, a delta for each stretch between pauses",
        },
        "prompt": {"type": "string", "description": "taken and not used"},
        "temperature": {"type": "string", "description": "taken and not used"},
    },
}
_TRANSCRIPTION = {
    "type": "object",
    "required": ["text", "usage"],
    "properties": {
        "text": _STRING,
        "usage": _USAGE,
        "task": {"const": "transcribe"},
        "language": {"type": "string", "description": "ISO 639-1; und where it is not known"},
        "duration": _NUMBER,
        "segments": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "start", "end", "text"],
                "properties": {
                    "id": {"type": "integer"},
                    "start": _NUMBER,
                    "end": _NUMBER,
                    "text": _STRING,
                },
            },
        },
        "words": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["word", "start", "end"],
                "properties": {"word": _STRING, "start": _NUMBER, "end": _NUMBER},
            },
        },
    },
}

TRANSCRIBE: Operation = {
    "operationId": "createTranscription",
    "summary": "The text of a recording",
    "description": "json, plain text, subtitles (srt, vtt), or events with `stream`: "
    "transcript.text.delta, then transcript.text.done. In verbose_json what only Whisper's "
    "insides would tell (tokens, avg_logprob, no_speech_prob) is empty or 0.",
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}},
    "responses": {
        "200": {
            "description": "the text",
            "content": {
                "application/json": {"schema": _TRANSCRIPTION},
                "text/plain": {"schema": _STRING},
                "application/x-subrip": {"schema": _STRING},
                "text/vtt": {"schema": _STRING},
                "text/event-stream": {"schema": _STRING},
            },
        },
        **refusals(400, 401, 413, 429, 502, 503, 504),
    },
}
