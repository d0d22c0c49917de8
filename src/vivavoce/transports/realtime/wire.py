"""What an OpenAI-Realtime client sends (GA), as types. Unknown fields are let pass."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "Append",
    "CancelResponse",
    "ClearInput",
    "ClearOutput",
    "ClientEvent",
    "CommitInput",
    "CreateItem",
    "CreateResponse",
    "DeleteItem",
    "FunctionCall",
    "FunctionOutput",
    "Key",
    "NewItem",
    "NewMessage",
    "PlayedUpTo",
    "ResponseRequest",
    "RetrieveItem",
    "SemanticVad",
    "ServerVad",
    "SessionPatch",
    "Stop",
    "TruncateItem",
    "TypeText",
    "UpdateSession",
    "WireError",
    "decode",
    "loads",
    "patch",
]

_DEEPEST = 64  # of JSON; a schema of parameters has some ten levels

Json = dict[str, Any]
Fraction = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=3_600_000)]


class WireError(Exception):
    """What a client sent cannot be taken. The fields are those of an `error` event."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "invalid_value",
        param: str | None = None,
        event_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.param = param
        self.event_id = event_id


# --- the session ---------------------------------------------------------------------------------


class ServerVad(Struct, tag_field="type", tag="server_vad"):
    """A turn ends after a fixed silence."""

    threshold: Fraction = 0.5
    prefix_padding_ms: Milliseconds = 300
    silence_duration_ms: Milliseconds = 500
    idle_timeout_ms: Milliseconds | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Struct, tag_field="type", tag="semantic_vad"):
    """A turn ends when it sounds and reads complete."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


class _Pcm(Struct, tag_field="type", tag="audio/pcm"):
    rate: Literal[24000] = 24000


class _Ulaw(Struct, tag_field="type", tag="audio/pcmu"):
    pass


class _Alaw(Struct, tag_field="type", tag="audio/pcma"):
    pass


_Format = _Pcm | _Ulaw | _Alaw


class _Transcription(Struct, omit_defaults=True):
    model: str | None = None
    language: str | None = None
    prompt: str | None = None


class _Input(Struct, omit_defaults=True):
    format: _Format | UnsetType = UNSET
    noise_reduction: Json | UnsetType | None = UNSET
    transcription: _Transcription | UnsetType | None = UNSET
    turn_detection: ServerVad | SemanticVad | UnsetType | None = UNSET


class _Output(Struct, omit_defaults=True):
    format: _Format | UnsetType = UNSET
    voice: str | Json | UnsetType = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType = UNSET


class _Audio(Struct, omit_defaults=True):
    input: _Input | UnsetType = UNSET
    output: _Output | UnsetType = UNSET


class _Function(Struct, tag_field="type", tag="function"):
    name: Annotated[str, Meta(min_length=1, max_length=64)]
    description: str | None = None
    parameters: Json | None = None


_Modalities = Annotated[list[Literal["audio", "text"]], Meta(min_length=1, max_length=1)]
_Tokens = Annotated[int, Meta(ge=1)] | Literal["inf"]


class SessionPatch(Struct, omit_defaults=True):
    """Of a session, what is to change. Null clears, what is absent stays."""

    type: Literal["realtime", "transcription"] | UnsetType = UNSET
    model: str | UnsetType | None = UNSET
    instructions: str | UnsetType = UNSET
    output_modalities: _Modalities | UnsetType = UNSET
    tools: list[_Function] | UnsetType = UNSET
    tool_choice: str | Json | UnsetType = UNSET
    max_output_tokens: _Tokens | UnsetType | None = UNSET
    truncation: str | Json | UnsetType = UNSET
    tracing: str | Json | UnsetType | None = UNSET
    prompt: Json | UnsetType | None = UNSET
    include: list[str] | UnsetType | None = UNSET
    audio: _Audio | UnsetType = UNSET


# --- items ---------------------------------------------------------------------------------------


class _Content(Struct):
    type: Literal["input_text", "output_text", "text", "input_audio", "output_audio", "input_image"]
    text: str | None = None
    transcript: str | None = None
    audio: str | None = None


class NewMessage(Struct, tag_field="type", tag="message"):
    """A message that the client adds."""

    role: Literal["system", "user", "assistant"]
    content: list[_Content]
    id: str | None = None


class FunctionCall(Struct, tag_field="type", tag="function_call"):
    """A call that was made in an earlier conversation."""

    name: str
    arguments: str
    call_id: str | None = None
    id: str | None = None


class FunctionOutput(Struct, tag_field="type", tag="function_call_output"):
    """What a function gave that the client ran."""

    call_id: str
    output: str
    id: str | None = None


NewItem = NewMessage | FunctionCall | FunctionOutput


# --- events --------------------------------------------------------------------------------------


class _Event(Struct):
    event_id: str | None = None


class UpdateSession(_Event, tag_field="type", tag="session.update", kw_only=True):
    """Change the session."""

    session: SessionPatch


class Append(_Event, tag_field="type", tag="input_audio_buffer.append", kw_only=True):
    """More audio, in base64."""

    audio: str

    def data(self) -> bytes:
        """The audio. Raises WireError."""
        try:
            return b64decode(self.audio, validate=True)
        except (binascii.Error, ValueError):
            raise WireError("audio is not valid base64", param="audio") from None


class CommitInput(_Event, tag_field="type", tag="input_audio_buffer.commit"):
    """The audio so far is an item."""


class ClearInput(_Event, tag_field="type", tag="input_audio_buffer.clear"):
    """Forget the audio so far."""


class ClearOutput(_Event, tag_field="type", tag="output_audio_buffer.clear"):
    """Silence the answer."""


class CreateItem(_Event, tag_field="type", tag="conversation.item.create", kw_only=True):
    """Add an item, behind that of `previous_item_id`; "root" is the front."""

    item: NewItem
    previous_item_id: str | None = None


class RetrieveItem(_Event, tag_field="type", tag="conversation.item.retrieve", kw_only=True):
    """Tell an item."""

    item_id: str


class DeleteItem(_Event, tag_field="type", tag="conversation.item.delete", kw_only=True):
    """Take an item out."""

    item_id: str


class TruncateItem(_Event, tag_field="type", tag="conversation.item.truncate", kw_only=True):
    """Of an answer, the user heard this much."""

    item_id: str
    audio_end_ms: Annotated[int, Meta(ge=0)]
    content_index: int = 0


class ResponseRequest(Struct, omit_defaults=True):
    """How one response differs from the session."""

    conversation: str | UnsetType = UNSET
    input: list[Json] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    output_modalities: _Modalities | UnsetType = UNSET
    tools: list[_Function] | UnsetType = UNSET
    tool_choice: str | Json | UnsetType = UNSET
    max_output_tokens: _Tokens | UnsetType = UNSET
    metadata: Json | UnsetType | None = UNSET
    audio: _Audio | UnsetType = UNSET


class CreateResponse(_Event, tag_field="type", tag="response.create"):
    """Answer now."""

    response: ResponseRequest | None = None


class CancelResponse(_Event, tag_field="type", tag="response.cancel"):
    """Stop the answer."""

    response_id: str | None = None


class TypeText(_Event, tag_field="type", tag="vivavoce.text", kw_only=True):
    """The user typed; it is answered at once."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]


class Key(_Event, tag_field="type", tag="vivavoce.key", kw_only=True):
    """Push-to-talk."""

    down: bool


class PlayedUpTo(_Event, tag_field="type", tag="vivavoce.played", kw_only=True):
    """How far an answer has been played."""

    response_id: str
    position_ms: Annotated[float, Meta(ge=0)]


class Stop(_Event, tag_field="type", tag="vivavoce.stop"):
    """End the answer."""


ClientEvent = (
    UpdateSession
    | Append
    | CommitInput
    | ClearInput
    | ClearOutput
    | CreateItem
    | RetrieveItem
    | DeleteItem
    | TruncateItem
    | CreateResponse
    | CancelResponse
    | TypeText
    | Key
    | PlayedUpTo
    | Stop
)
_KINDS: dict[str, type[ClientEvent]] = {
    str(kind.__struct_config__.tag): kind for kind in ClientEvent.__args__
}


def loads(text: str | bytes) -> object:
    """JSON that can be copied and told on. Raises ValueError."""
    try:
        raw: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    _check_depth(raw)
    return raw


def _check_depth(raw: object) -> None:
    """Raises ValueError when walking through it could exhaust the stack."""
    level = [raw]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        level = inner
        if not level:
            return
    raise ValueError(f"it is nested more than {_DEEPEST} deep")


def decode(text: str | bytes) -> ClientEvent:
    """One client event out of its JSON. Raises WireError."""
    try:
        raw = loads(text)
    except ValueError as error:
        raise WireError(f"not JSON: {error}", code="invalid_json") from None
    if not isinstance(raw, dict):
        raise WireError("an event is a JSON object", code="invalid_event")
    given = raw.get("event_id")
    event_id = given if isinstance(given, str) else None
    kind = _KINDS.get(raw["type"]) if isinstance(raw.get("type"), str) else None
    if kind is None:
        raise WireError(
            f"there is no client event of type {raw.get('type')!r}", param="type", event_id=event_id
        )
    try:
        event: ClientEvent = msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise _described(error, event_id) from None
    return event


def patch(session: object) -> SessionPatch:
    """A session configuration out of decoded JSON. Raises WireError."""
    try:
        _check_depth(session)
        return msgspec.convert(session, SessionPatch)
    except msgspec.ValidationError as error:
        raise _described(error, None) from None
    except ValueError as error:
        raise WireError(str(error)) from None


def _described(error: msgspec.ValidationError, event_id: str | None) -> WireError:
    what, _, where = str(error).partition(" - at `$")
    param = where.strip("`").lstrip(".") or None
    code = "missing_required_parameter" if "missing required field" in what else "invalid_value"
    return WireError(what, code=code, param=param, event_id=event_id)
