"""The HTTP interface: recordings to text, text to speech, models, and its own description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from vivavoce.core.protocols import STT, TTS, VAD
from vivavoce.server.exchange import Endpoint
from vivavoce.server.openapi import STYLE, Operation, document, page, refusals
from vivavoce.server.refusals import Refusal
from vivavoce.server.speech import SPEAK, SpokenTexts
from vivavoce.server.transcriptions import TRANSCRIBE, Transcriptions

__all__ = ["routes"]


def routes(
    stt: STT | None,
    tts: TTS | None,
    models: Sequence[str],
    *,
    vad: VAD | None = None,
    language: str | None = None,
    more: Mapping[str, Mapping[str, Operation]] | None = None,
) -> list[BaseRoute]:
    """The routes of the interface. `models` are the names that GET /v1/models lists.

    Without `stt` or `tts` its path is not there. `vad` finds the pauses of a recording: with it
    silence costs nothing and subtitles have exact times; without it stretches of 28 s are
    recognised. `language` is that of texts to speak whose request names none: OpenAI's do not.
    `more` are operations of other routes, for the description.
    """
    paths: dict[str, Mapping[str, Operation]] = {}
    found: list[BaseRoute] = []
    if stt is not None:
        path = "/v1/audio/transcriptions"
        paths[path] = {"post": TRANSCRIBE}
        found.append(Route(path, Endpoint(Transcriptions(stt, vad).answer), methods=["POST"]))
    if tts is not None:
        path = "/v1/audio/speech"
        paths[path] = {"post": SPEAK}
        found.append(Route(path, Endpoint(SpokenTexts(tts, language).answer), methods=["POST"]))
    paths |= {"/v1/models": {"get": LIST_MODELS}, "/v1/models/{model}": {"get": GET_MODEL}}
    paths |= more or {}
    return [*found, *_model_routes(models), *_description_routes(paths)]


def _model_routes(models: Sequence[str]) -> list[BaseRoute]:
    known = {name: _model(name) for name in models}

    async def list_models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(known.values())})

    async def get_model(request: Request) -> Response:
        name = request.path_params["model"]
        if name not in known:
            refusal = Refusal(
                f"there is no model {name[:80]!r} here",
                status=404,
                code="model_not_found",
                param="model",
            )
            return refusal.response()
        return JSONResponse(known[name])

    return [Route("/v1/models", list_models), Route("/v1/models/{model:path}", get_model)]


def _model(name: str) -> dict[str, object]:
    """A model as OpenAI's; ours have no date of birth."""
    owner, _, _ = name.partition("/")
    return {"id": name, "object": "model", "created": 0, "owned_by": owner}


def _description_routes(paths: Mapping[str, Mapping[str, Operation]]) -> list[BaseRoute]:
    ours = version("vivavoce")
    described, shown = document(paths, ours), page(paths, ours)

    async def openapi(request: Request) -> Response:
        return JSONResponse(described)

    async def docs(request: Request) -> Response:
        return HTMLResponse(shown)

    async def style(request: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    return [
        Route("/openapi.json", openapi),
        Route("/docs", docs),
        Route("/docs/style.css", style),
    ]


_MODEL = {
    "type": "object",
    "required": ["id", "object", "created", "owned_by"],
    "properties": {
        "id": {"type": "string"},
        "object": {"const": "model"},
        "created": {"type": "integer"},
        "owned_by": {"type": "string"},
    },
}
LIST_MODELS: Operation = {
    "operationId": "listModels",
    "summary": "What answers here",
    "responses": {
        "200": {
            "description": "the models",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["object", "data"],
                        "properties": {
                            "object": {"const": "list"},
                            "data": {"type": "array", "items": _MODEL},
                        },
                    }
                }
            },
        },
        **refusals(401, 429),
    },
}
GET_MODEL: Operation = {
    "operationId": "retrieveModel",
    "summary": "One of them",
    "parameters": [{"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}],
    "responses": {
        "200": {"description": "the model", "content": {"application/json": {"schema": _MODEL}}},
        **refusals(401, 404, 429),
    },
}
