"""The server's side of the OpenAI Realtime API (GA), without any I/O.

A client's events go into `receive`, which returns what they ask of the session; the session's
events go into `happened`, and audio that is due into `audio`. What the client is to be told comes
out of `outgoing`. The same object serves a WebSocket and a WebRTC data channel, and outlives either
when a client comes back.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from vivavoce.core import protocols as wire_in
from vivavoce.core.audio import AudioFrame
from vivavoce.core.events import Event
from vivavoce.core.messages import ChatItem, Message, Role, ToolCall, ToolResult
from vivavoce.transports.realtime import wire
from vivavoce.transports.realtime.commands import (
    AddItem,
    Answer,
    AnswerAside,
    Command,
    Configure,
    DeleteItem,
    ToolGave,
)
from vivavoce.transports.realtime.config import merged, view
from vivavoce.transports.realtime.items import Item
from vivavoce.transports.realtime.narrator import Narrator
from vivavoce.transports.realtime.response import Response
from vivavoce.transports.realtime.sound import Decoder
from vivavoce.transports.realtime.wire import WireError

__all__ = ["Realtime"]

Json = dict[str, Any]
_SHORTEST_S = 0.1  # of audio that can be committed, as the API has it
_MOST_ITEMS = 10_000  # an hour's talk has some thousand
_MOST_BYTES = 16 << 20  # of what a client sent to make them
_MOST_ASIDE = 8  # responses out of band at a time
_LONGEST_WORDS = 500  # of what a client sent, told back in an error


class Realtime:
    """One client's conversation. `session` is its session object; `on_track`: audio travels beside
    the events; `extended`: the client is told `vivavoce.*` events too."""

    def __init__(self, session: Json, *, on_track: bool = False, extended: bool = False) -> None:
        self.outgoing: deque[Json] = deque()
        self.told: Callable[[], None] = lambda: None  # called when there is more to send
        self.session = session
        self._narrator = Narrator(
            self._tell, _new_id, lambda: self.session, on_track=on_track, extended=extended
        )
        self._decoder = Decoder()
        self._uncommitted = 0.0  # seconds of audio
        self._aside: dict[str, Response] = {}

    # --- the server's end -------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a response is under way."""
        return self._narrator.is_busy

    def open(self, *, on_track: bool) -> None:
        """Tell the client of its session; the first event of each connection."""
        self.outgoing.clear()
        self._narrator.on_track = on_track
        self._decoder = Decoder()
        self._uncommitted = 0.0
        self._tell("session.created", session=view(self.session))

    def lost(self) -> list[ToolGave]:
        """The connection is gone, and what was under way with it. Returns what the client's
        functions gave before."""
        self._aside.clear()
        return self._narrator.lost()

    @property
    def turn(self) -> str | None:
        """The engine's turn of the latest response."""
        return self._narrator.response.turn if self._narrator.response is not None else None

    def amend(self, turn: str, heard: str | None) -> None:
        """Of an answer that was cut this much was heard, as is known now."""
        if heard is not None:
            self._narrator.amend(turn, heard)

    def tell(self, kind: str, **fields: Any) -> None:  # Any: JSON
        """Tell the client something else."""
        self._tell(kind, **fields)

    def happened(self, event: Event) -> list[Command]:
        """Tell what happens in the session. Returns what that asks of it."""
        return self._narrator.happened(event)

    def audio(self, turn: str, frame: AudioFrame) -> None:
        """Audio of an answer is due."""
        self._narrator.audio(turn, frame)

    def calls_made(self) -> None:
        """Nothing more comes before the client's functions have run."""
        self._narrator.calls_made()

    def aside(self, response: str, text: str = "", frame: AudioFrame | None = None) -> None:
        """More of a response out of band."""
        if text:
            self._aside[response].text(text)
        if frame is not None:
            self._aside[response].sound(frame)

    def aside_ended(self, response: str, error: str = "") -> None:
        """A response out of band is over; `error` says why it failed."""
        self._aside.pop(response).end("failed" if error else "completed", error=error)

    def _tell(self, kind: str, **fields: Any) -> None:  # Any: JSON
        self.outgoing.append({"type": kind, "event_id": _new_id("event"), **fields})
        self.told()

    # --- the client's events ----------------------------------------------------------------

    def receive(self, text: str | bytes) -> list[Command]:
        """Take one event. What cannot be taken is told as an error, and the session goes on."""
        event: wire.ClientEvent | None = None
        try:
            event = wire.decode(text)
            return self._take(event)
        except WireError as error:
            self.refuse(error, error.event_id or (event.event_id if event else None))
            return []

    def refuse(self, error: WireError, event_id: str | None = None) -> None:
        """Tell the client what was wrong with an event."""
        self._tell(
            "error",
            error={
                "type": "invalid_request_error",
                "code": error.code,
                "message": str(error)[:_LONGEST_WORDS],
                "param": error.param,
                "event_id": None if event_id is None else event_id[:_LONGEST_WORDS],
            },
        )

    def _take(self, event: wire.ClientEvent) -> list[Command]:
        match event:
            case wire.CreateItem():
                return self._create(event)
            case wire.RetrieveItem() | wire.DeleteItem() | wire.TruncateItem():
                return self._about(event)
            case wire.CreateResponse(response=request):
                return self._respond(request)
            case wire.CancelResponse(response_id=id):
                return self._cancel(id)
            case wire.Append():
                return self._append(event)
            case _:
                return self._control(event)

    def _control(self, event: wire.ClientEvent) -> list[Command]:
        """Events that ask for one thing."""
        match event:
            case wire.UpdateSession(session=patch):
                self.session = merged(self.session, patch, spoke=self._narrator.spoke)
                self._tell("session.updated", session=view(self.session))
                return [Configure(self.session)]
            case wire.CommitInput():
                return self._commit()
            case wire.ClearInput():
                self._uncommitted = 0.0
                self._tell("input_audio_buffer.cleared")
                return [wire_in.Discard()]
            case wire.PlayedUpTo():
                return self._played(event)
            case _:
                return self._said(event)

    def _said(self, event: wire.ClientEvent) -> list[Command]:
        """What the user does by hand."""
        match event:
            case wire.TypeText(text=typed):
                return [wire_in.TypedText(typed)]
            case wire.Key(down=down):
                return [wire_in.KeyDown() if down else wire_in.KeyUp()]
            case _:
                return self._narrator.cancelled()

    def _append(self, event: wire.Append) -> list[Command]:
        format = self.session["audio"]["input"]["format"]
        frame = self._decoder.decode(format["type"], event.data())
        if frame is None:
            return []
        self._uncommitted += frame.duration
        return [frame]

    def _commit(self) -> list[Command]:
        if self._uncommitted < _SHORTEST_S:
            raise WireError(
                f"the buffer holds {1000 * self._uncommitted:.0f} ms of audio, and "
                f"{1000 * _SHORTEST_S:.0f} are needed",
                code="input_audio_buffer_commit_empty",
            )
        self._uncommitted = 0.0
        self._narrator.closed()
        return [wire_in.ManualCommit()]

    def _played(self, event: wire.PlayedUpTo) -> list[Command]:
        response = self._narrator.response
        if response is None or response.id != event.response_id or response.turn is None:
            return []
        return [wire_in.Played(response.turn, event.position_ms / 1000)]

    # --- responses --------------------------------------------------------------------------

    def _respond(self, request: wire.ResponseRequest | None) -> list[Command]:
        if request is not None and request.conversation == "none":
            return [self._respond_aside(request)]
        if self._narrator.waits_for_tools:
            return self._narrator.go_on(request)
        if self._narrator.is_busy:
            raise WireError(
                "the conversation has a response under way; wait for response.done, or cancel it",
                code="conversation_already_has_active_response",
            )
        self._narrator.asked(request)
        return [Answer(None if request is None else self._once(request))]

    def _once(self, request: wire.ResponseRequest) -> Json:
        """The session as it is for one response."""
        fields = msgspec.to_builtins(request)
        for other in ("conversation", "input", "metadata"):
            fields.pop(other, None)
        return merged(self.session, wire.patch(fields))

    def _respond_aside(self, request: wire.ResponseRequest) -> AnswerAside:
        if len(self._aside) >= _MOST_ASIDE:
            raise WireError(
                f"{_MOST_ASIDE} responses out of band are under way; wait for response.done",
                code="too_many_responses",
            )
        session = self._once(request)
        messages: tuple[ChatItem, ...] | None = None
        if request.input is not msgspec.UNSET:
            messages = tuple(self._message(item) for item in request.input)
        response = Response(
            self._tell,
            _new_id,
            self._narrator.items,
            session,
            turn=None,
            on_track=self._narrator.on_track,
            request=msgspec.to_builtins(request),
        )
        self._aside[response.id] = response
        speaks = session["output_modalities"] == ["audio"]
        return AnswerAside(response.id, session, messages, speaks)

    def _message(self, raw: Json) -> ChatItem:
        if raw.get("type") == "item_reference":
            return _content_of(self._narrator.items.get(str(raw.get("id")), "response.input").told)
        try:
            item: wire.NewItem = msgspec.convert(raw, wire.NewItem)
        except msgspec.ValidationError as error:
            raise WireError(str(error), param="response.input") from None
        return _content(item)

    def _cancel(self, id: str | None) -> list[Command]:
        response = self._narrator.response
        is_known = id is None or (response is not None and response.id == id)
        if not (self._narrator.is_busy and is_known):
            raise WireError("no response is under way", code="response_cancel_not_active")
        return self._narrator.cancelled()

    # --- items ------------------------------------------------------------------------------

    def _create(self, event: wire.CreateItem) -> list[Command]:
        new = event.item
        items, content = self._narrator.items, _content(new)
        id = new.id or _new_id("item")
        told = _told(id, new, content)
        # The conversation has ids of its own, of which a client's must be none.
        stored = f"client_{id}"
        item = Item(id, told, stored=stored, size=len(msgspec.json.encode(told)))
        if len(items) >= _MOST_ITEMS or items.size + item.size > _MOST_BYTES:
            raise WireError("the conversation holds no more; delete items", code="too_many_items")
        after = self._stored_before(event.previous_item_id)
        previous = items.add(item, event.previous_item_id)
        self._tell("conversation.item.added", item=item.told, previous_item_id=previous)
        self._tell("conversation.item.done", item=item.told, previous_item_id=previous)
        if isinstance(content, ToolResult):
            return self._narrator.tool_gave(content.call_id, content.text, stored)
        return [AddItem(stored, content, after)]

    def _stored_before(self, previous: str | None) -> str | None:
        """Where the conversation is to put an item: only those that it stores have a place."""
        if previous is None:
            return None
        if previous == "root":
            return ""
        return self._narrator.items.get(previous, "previous_item_id").stored

    def _about(self, event: wire.ClientEvent) -> list[Command]:
        """Events that name an item."""
        items = self._narrator.items
        match event:
            case wire.RetrieveItem(item_id=id):
                self._tell("conversation.item.retrieved", item=items.get(id).told)
            case wire.DeleteItem(item_id=id):
                item = items.remove(id)
                self._tell("conversation.item.deleted", item_id=id)
                call_id = item.told.get("call_id")
                return [DeleteItem(item.stored, item.turn, item.is_answer, call_id)]
            case wire.TruncateItem():
                return self._truncate(event)
        return []

    def _truncate(self, event: wire.TruncateItem) -> list[Command]:
        item = self._narrator.items.get(event.item_id)
        if not item.is_answer or item.turn is None:
            raise WireError(
                "only a message that the assistant spoke can be truncated", param="item_id"
            )
        if event.content_index != 0:
            raise WireError("the message has one part, 0", param="content_index")
        start = item.start if item.start is not None else 0.0
        longest = round(1000 * (item.end - start)) if item.start is not None else 0
        if event.audio_end_ms > longest + 20:  # a frame, for the client's rounding
            raise WireError(
                f"the item's audio ends at {longest} ms, before {event.audio_end_ms} ms",
                param="audio_end_ms",
            )
        self._tell(
            "conversation.item.truncated",
            item_id=item.id,
            content_index=0,
            audio_end_ms=event.audio_end_ms,
        )
        response = self._narrator.response
        if response is not None and response.turn == item.turn:
            self._narrator.by_client = True
        return [wire_in.Truncate(item.turn, start + event.audio_end_ms / 1000)]


def _new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(10)}"


def _content(item: wire.NewItem) -> ChatItem:
    """A client's item as the language model sees it. Raises WireError."""
    match item:
        case wire.NewMessage(role=role):
            for part in item.content:
                if part.type == "input_image":
                    raise WireError("images are not supported", param="item.content")
                if part.type == "input_audio" and not part.transcript:
                    raise WireError(
                        "audio inside an item needs its transcript; speech goes into "
                        "input_audio_buffer.append",
                        param="item.content",
                    )
            text = " ".join(part.text or part.transcript or "" for part in item.content)
            return Message(Role(role), text)
        case wire.FunctionCall(name=name, arguments=arguments):
            try:
                decoded = wire.loads(arguments or "{}")
            except ValueError:
                decoded = None
            if not isinstance(decoded, dict):
                raise WireError("arguments must be a JSON object", param="item.arguments")
            return ToolCall(item.call_id or _new_id("call"), name, decoded)
        case wire.FunctionOutput(call_id=call_id, output=output):
            return ToolResult(call_id, "", output)


def _content_of(told: Json) -> ChatItem:
    item: wire.NewItem = msgspec.convert(told, wire.NewItem)
    if isinstance(item, wire.NewMessage):
        text = " ".join(part.text or part.transcript or "" for part in item.content)
        return Message(Role(item.role), text)
    return _content(item)


def _told(id: str, item: wire.NewItem, content: ChatItem) -> Json:
    told: Json = {**msgspec.to_builtins(item), "id": id, "object": "realtime.item"}
    told["status"] = "completed"
    if isinstance(content, ToolCall):
        told["call_id"] = content.id
    if "content" in told:
        told["content"] = [
            {key: value for key, value in part.items() if value is not None}
            for part in told["content"]
        ]
    return told
