"""POST /v1/audio/speech: a text, spoken."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio.to_thread import run_sync

from vivavoce.core.errors import BadReply, ProviderTimeout
from vivavoce.core.protocols import TTS, TTSStream
from vivavoce.core.speech import Speech
from vivavoce.engine.closing import closing, leased
from vivavoce.server.encoding import MEDIA_TYPES, SpeechEncoder
from vivavoce.server.exchange import EVENTS, Admission, Exchange
from vivavoce.server.openapi import Operation, refusals
from vivavoce.server.refusals import Refusal
from vivavoce.text.normalise import speakable
from vivavoce.text.pieces import PieceSplitter

__all__ = ["SPEAK", "SpokenTexts"]

MOST_CHARACTERS = 4096  # OpenAI's
SLOWEST, FASTEST = 0.25, 4.0  # OpenAI's
STREAM_FORMATS = ("audio", "sse")
MOST_AT_ONCE = 8
PATIENCE_S = 20.0  # for more audio: twice what a turn waits, as nobody stands there listening


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the body asks for."""

    text: str
    format: str
    speed: float
    events: bool
    language: str | None


class SpokenTexts:
    """Answers with the embedded or configured voice, whatever model and voice are named, in
    `language` where the request names none."""

    def __init__(
        self, tts: TTS, language: str | None = None, most_at_once: int = MOST_AT_ONCE
    ) -> None:
        self._tts = tts
        self._language = language
        self.admission = Admission(most_at_once)

    async def answer(self, exchange: Exchange) -> None:
        """One request; see `SPEAK`."""
        with self.admission.admitted():
            wish = _wish(await exchange.request.body(), self._language)
            async with exchange.connected():
                await self._speak(exchange, wish)

    async def _speak(self, exchange: Exchange, wish: _Wish) -> None:
        name, started, sounded = self._tts.name, False, False

        async def give(data: bytes) -> None:
            nonlocal started
            if not data:
                return
            if not started:
                await exchange.open(EVENTS if wish.events else MEDIA_TYPES[wish.format])
                started = True
            if wish.events:
                audio = base64.b64encode(data).decode()
                await exchange.write_event({"type": "speech.audio.delta", "audio": audio})
            else:
                await exchange.write(data)

        rate = self._tts.capabilities.sample_rate
        encoder = await run_sync(SpeechEncoder, wish.format, rate, wish.speed)
        with anyio.move_on_after(PATIENCE_S) as patience:
            async with _spoken(self._tts, wish) as chunks:
                async for speech in chunks:
                    patience.deadline = math.inf  # the client's time is not the synthesiser's
                    sounded = sounded or len(speech.samples) > 0
                    await give(await run_sync(encoder.encode, speech.samples))
                    patience.deadline = anyio.current_time() + PATIENCE_S
        if patience.cancelled_caught:
            raise ProviderTimeout(
                f"{name} gave no audio for {PATIENCE_S:g} s", provider=name, role="tts"
            )
        if not sounded and speakable(wish.text, wish.language or "en").words:
            raise BadReply(f"{name} left the text unspoken", provider=name, role="tts")
        await give(await run_sync(encoder.finish))
        await _end(exchange, wish, started)


async def _end(exchange: Exchange, wish: _Wish, started: bool) -> None:
    if not started:  # a text without words, as PCM: nothing at all
        await exchange.open(EVENTS if wish.events else MEDIA_TYPES[wish.format])
    if wish.events:
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        await exchange.write_event({"type": "speech.audio.done", "usage": usage})
    await exchange.finish()


@asynccontextmanager
async def _spoken(tts: TTS, wish: _Wish) -> AsyncIterator[AsyncIterator[Speech]]:
    """The speech of the whole text, as it is made."""
    async with (
        leased(tts.stream(language=wish.language)) as stream,
        anyio.create_task_group() as group,
    ):
        group.start_soon(_say, stream, wish.text)
        async with closing(aiter(stream)) as chunks:
            yield chunks
        group.cancel_scope.cancel()


async def _say(stream: TTSStream, text: str) -> None:
    splitter = PieceSplitter()
    for piece in (*splitter.feed(text), *splitter.flush()):
        await stream.say(piece)
    await stream.finish()


# --- the body -----------------------------------------------------------------------------------


def _wish(data: bytes, language: str | None) -> _Wish:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refusal("the body is not JSON") from error
    if not isinstance(body, dict):
        raise Refusal("the body is a JSON object with the text as `input`")
    text = body.get("input")
    if not isinstance(text, str) or not text.strip():
        raise Refusal(
            "input is the text to speak", code="missing_required_parameter", param="input"
        )
    if len(text) > MOST_CHARACTERS:
        raise Refusal(
            f"input has {len(text)} characters; {MOST_CHARACTERS} are the most",
            code="string_above_max_length",
            param="input",
        )
    return _Wish(
        text.encode("utf-8", "replace").decode(),  # JSON can carry halves of characters
        _one_of(body, "response_format", tuple(MEDIA_TYPES), "mp3"),
        _speed(body),
        _one_of(body, "stream_format", STREAM_FORMATS, "audio") == "sse",
        _optional_string(body, "language") or language,
    )


def _one_of(body: Mapping[str, object], name: str, able: tuple[str, ...], default: str) -> str:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value in able:
        return value
    raise Refusal(
        f"{name} is {str(value)[:40]!r}; it can be {', '.join(able)}",
        code="unsupported_value",
        param=name,
    )


def _speed(body: Mapping[str, object]) -> float:
    value = body.get("speed")
    if value is None:
        return 1.0
    if isinstance(value, (int, float)) and SLOWEST <= value <= FASTEST and value is not True:
        return float(value)
    raise Refusal(f"speed is a number from {SLOWEST} to {FASTEST:g}", param="speed")


def _optional_string(body: Mapping[str, object], name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise Refusal(f"{name} is a string", param=name)


# --- the description ----------------------------------------------------------------------------

SPEAK: Operation = {
    "operationId": "createSpeech",
    "summary": "A text, spoken",
    "description": "Audio at 24 kHz, mono, sent as it is made; pcm is 16 bits, little-endian. "
    "With `stream_format` sse: speech.audio.delta with base64, then speech.audio.done, whose token "
    "counts are 0. An answer that fails on the way breaks off.",
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["input"],
                    "properties": {
                        "input": {
                            "type": "string",
                            "minLength": 1,
                            "maxLength": MOST_CHARACTERS,
                            "pattern": "\\S",
                        },
                        "model": {"description": "any: the server's voice answers"},
                        "voice": {"description": "taken and not used: the server has one voice"},
                        "instructions": {"description": "taken and not used"},
                        "response_format": {"enum": [*MEDIA_TYPES, None], "default": "mp3"},
                        "speed": {
                            "type": ["number", "null"],
                            "minimum": SLOWEST,
                            "maximum": FASTEST,
                            "default": 1,
                        },
                        "stream_format": {"enum": [*STREAM_FORMATS, None], "default": "audio"},
                        "language": {
                            "type": ["string", "null"],
                            "description": "of the text, ISO 639-1; ours, not OpenAI's",
                        },
                    },
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "the speech",
            "content": {kind: {} for kind in (*MEDIA_TYPES.values(), EVENTS)},
        },
        **refusals(400, 401, 413, 429, 502, 503, 504),
    },
}
