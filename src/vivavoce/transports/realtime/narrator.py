"""The session's events as the Realtime API tells them: the user's items, responses, their ends.

Two things differ from the API's own server, on purpose. Speech over an answer is told once it has
turned out to be an interruption: a client stops its playback at `speech_started`, and an "uh-huh"
must not silence anything. And where the user goes on before anything of an answer was heard, the
response is cancelled and the item that it answered deleted: one with all the words follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vivavoce.core import events as news
from vivavoce.core.audio import AudioFrame
from vivavoce.core.protocols import ClientCancel
from vivavoce.core.turn import Origin, Outcome, TurnRecord
from vivavoce.transports.realtime import extensions
from vivavoce.transports.realtime.commands import Command, StopAnswer, ToolGave
from vivavoce.transports.realtime.hearing import Hearing, milliseconds
from vivavoce.transports.realtime.items import Item, Items
from vivavoce.transports.realtime.response import Response
from vivavoce.transports.realtime.wire import ResponseRequest

__all__ = ["Narrator"]

Json = dict[str, Any]


@dataclass(slots=True)
class _Draft:
    """A turn that nobody was told of yet."""

    origin: Origin
    text: str = ""
    frames: list[AudioFrame] = field(default_factory=list)


class Narrator:
    """`session` gives the session object in force; `tell` takes an event's type and fields."""

    def __init__(
        self,
        tell: Callable[..., None],
        new_id: Callable[[str], str],
        session: Callable[[], Json],
        *,
        on_track: bool,
        extended: bool,
    ) -> None:
        self.items = Items()
        self.response: Response | None = None
        self.by_client = False  # the client asked for the end of the response under way
        self.spoke = False
        self.on_track = on_track
        self._tell = tell
        self._new_id = new_id
        self._session = session
        self._extended = extended
        self._drafts: dict[str, _Draft] = {}
        self._request: ResponseRequest | None = None
        self._asked = False
        self._withdrawn = False  # the client has cancelled what it asked for before it began
        self._hearing = Hearing(tell, new_id, self.items, session)
        self._calls: dict[str, str | None] = {}  # of the live turn: what the client's tools gave
        self._said = ""  # of the live response, by its message
        self._heard = ""

    # --- what the protocol asks -------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a response is under way, or asked for."""
        return self._asked or (self.response is not None and not self.response.is_over)

    @property
    def waits_for_tools(self) -> bool:
        """Whether the live answer waits for what the client's functions give."""
        return bool(self._calls)

    def asked(self, request: ResponseRequest | None) -> None:
        """The next answer is the response that the client asked for."""
        self._asked, self._request, self._withdrawn = True, request, False

    def cancelled(self) -> list[Command]:
        """The client ends the response under way, or the one that it asked for."""
        self.by_client = True
        if self._asked:
            self._asked, self._withdrawn = False, True
        return [ClientCancel()]

    def lost(self) -> list[ToolGave]:
        """Nobody is told any more of what is under way. Returns what tools gave."""
        if self.response is not None:
            self.response.end("cancelled", reason="client_cancelled")
        self._drafts.clear()
        self._asked = self._withdrawn = False
        self._request = None
        self._hearing.forget()
        return self._given()

    def _given(self) -> list[ToolGave]:
        gave = [ToolGave(id, output) for id, output in self._calls.items() if output is not None]
        self._calls.clear()
        return gave

    def closed(self) -> None:
        """The client has closed the audio so far as an item."""
        self._hearing.closed()

    def tool_gave(self, call_id: str, output: str, stored: str | None) -> list[Command]:
        """The client ran a function that the live answer, or an earlier one, waits for; or tells
        of a call that was made elsewhere."""
        if call_id in self._calls:
            self._calls[call_id] = output
            return []
        return [ToolGave(call_id, output, stored)]

    def go_on(self, request: ResponseRequest | None) -> list[Command]:
        """The live answer has what it waited for: another response of the same turn begins. It is
        made as the first, so that of the request only the metadata counts."""
        assert self.response is not None
        turn = self.response.turn
        assert turn is not None
        self.response.end()
        commands: list[Command] = [ToolGave(id, output) for id, output in self._calls.items()]
        self._calls.clear()
        metadata = request.metadata if request is not None else msgspec.UNSET
        self._request = msgspec.structs.replace(
            self._request or ResponseRequest(), metadata=metadata
        )
        self._begin(turn)
        return commands

    def calls_made(self) -> None:
        """Nothing more comes of the live response before its functions have run: it is over, once
        what it says was heard."""
        response = self.response
        if response is None or not response.waits_for_tools or response.is_over:
            return
        if len(self._heard.strip()) >= len(self._said.strip()) or not response.speaks:
            response.end()

    # --- audio ------------------------------------------------------------------------------

    def audio(self, turn: str, frame: AudioFrame) -> None:
        """Audio of an answer is due."""
        if turn in self._drafts:
            self._drafts[turn].frames.append(frame)
        elif self.response is not None and self.response.turn == turn:
            self.spoke = True
            if not self.response.is_over:
                self.response.sound(frame)

    # --- events -----------------------------------------------------------------------------

    def happened(self, event: news.Event) -> list[Command]:
        """Tell it. Returns what it asks of the session."""
        commands = self._cut(event) if isinstance(event, news.TurnCut) else []
        self._hear(event)
        self._answer(event)
        if self._withdrawn and isinstance(event, news.TurnCommitted):
            self._withdrawn, self.by_client = False, True
            commands.append(StopAnswer())
        if self._extended and self._is_told(event):
            id = self.response.id if self.response is not None else None
            item = self.response.item_id if self.response is not None else None
            for kind, fields in extensions.told(event, response=id, item=item):
                self._tell(kind, **fields)
        return commands

    def _is_told(self, event: news.Event) -> bool:
        """Whether the event is of no answer, or of the one that the client knows."""
        turn = getattr(event, "turn", None)
        if isinstance(event, news.TurnEnded):
            turn = event.record.id
        known = self.response.turn if self.response is not None else None
        return turn is None or turn == known

    def _hear(self, event: news.Event) -> None:
        """Events of the user's side."""
        response = self.response
        is_over = response is None or response.is_over
        if isinstance(event, news.SpeechStarted) and is_over:
            self._withdrawn = False
        self._hearing.happened(event, over_an_answer=not is_over)
        if isinstance(event, news.Failed) and event.fatal:
            self._failed(event.role, event.message)

    def _answer(self, event: news.Event) -> None:
        """Events of the assistant's side."""
        match event:
            case news.TurnStarted(turn=turn, origin=origin):
                self._drafts[turn] = _Draft(origin)
            case news.TurnCommitted(at=at, turn=turn, user_text=text):
                self._committed(turn, text)
                self._hearing.answered(at)
            case news.TurnResumed():
                self._hearing.passed_over()
            case news.ReplyText(turn=turn, text=text):
                self._wrote(turn, text)
            case news.Heard(text=text):
                self._heard = text
                self.calls_made()
            case news.ToolStarted(call=call) if call.name in self._functions():
                if self.response is not None:
                    self.response.call(call)
                    self._calls[call.id] = None
            case news.TurnEnded(record=record):
                self._ended(record)
            case news.TurnAmended(turn=turn, heard=heard):
                self.amend(turn, heard)
            case _:
                pass

    def _failed(self, role: str, message: str) -> None:
        """Something is lost for good."""
        error = {"type": "server_error", "code": f"{role}_failed", "message": message}
        self._tell("error", error={**error, "param": None, "event_id": None})

    def _functions(self) -> set[str]:
        request = self._request.tools if self._request is not None else msgspec.UNSET
        if request is not msgspec.UNSET:
            return {tool.name for tool in request}
        return {tool["name"] for tool in self._session()["tools"]}

    # --- the assistant's side ---------------------------------------------------------------

    def _committed(self, turn: str, text: str) -> None:
        draft = self._drafts.pop(turn)
        if draft.origin is Origin.SPEECH and text:
            self._hearing.asked(turn, text)
        elif draft.origin is Origin.TYPED and text:
            self._typed(turn, text)
        self._hearing.passed_over()
        self._begin(turn)
        self._wrote(turn, draft.text)
        for frame in draft.frames:
            self.audio(turn, frame)

    def _typed(self, turn: str, text: str) -> None:
        id = self._new_id("item")
        told = {
            "id": id,
            "object": "realtime.item",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_text", "text": text}],
        }
        previous = self.items.add(Item(id, told, turn))
        self._tell("conversation.item.added", item=told, previous_item_id=previous)
        self._tell("conversation.item.done", item=told, previous_item_id=previous)

    def _begin(self, turn: str) -> None:
        request = msgspec.to_builtins(self._request) if self._request is not None else {}
        self._asked = self.by_client = False
        self._said = self._heard = ""
        self.response = Response(
            self._tell,
            self._new_id,
            self.items,
            self._session(),
            turn=turn,
            on_track=self.on_track,
            request=request,
        )

    def _wrote(self, turn: str, text: str) -> None:
        if turn in self._drafts:
            self._drafts[turn].text += text
        elif text and self.response is not None and self.response.turn == turn:
            self._said += text
            if not self.response.is_over:
                self.response.text(text)

    def _cut(self, event: news.TurnCut) -> list[Command]:
        """An answer is silent for good."""
        turn, outcome = event.turn, event.outcome
        if self._drafts.pop(turn, None) is not None:
            return []
        response = self.response
        if response is not None and response.turn == turn:
            self._hearing.interrupted()
            reason = "client_cancelled" if self.by_client else "turn_detected"
            response.end("cancelled", reason=reason)
            self._request = None
        if outcome is Outcome.SUPERSEDED:
            for item in self.items.of_turn(turn):
                self.items.remove(item.id)
                self._tell("conversation.item.deleted", item_id=item.id)
        return list(self._given())

    def _ended(self, record: TurnRecord) -> None:
        """An answer is over and settled."""
        response = self.response
        if response is None or response.turn != record.id:
            return
        if response.is_over:
            self.amend(record.id, record.heard)
        failed = record.outcome is Outcome.FAILED
        response.end("failed" if failed else "completed", error=record.error, usage=record.usage)
        if not self._asked:
            self._request = None
        self._calls.clear()
        self._hearing.outlasted()

    def amend(self, turn: str, heard: str) -> None:
        """Of an answer that was cut, the item says what was heard."""
        for item in self.items.of_turn(turn):
            if not item.is_answer or not item.told["content"]:
                continue
            (content,) = item.told["content"]
            key = "transcript" if "transcript" in content else "text"
            kept, heard = _common(content[key], heard)
            item.told = {**item.told, "content": [{**content, key: kept}]}
            if self.on_track and item.start is not None:
                self._tell(
                    "conversation.item.truncated",
                    item_id=item.id,
                    content_index=0,
                    audio_end_ms=milliseconds(item.end - item.start),
                )


def _common(text: str, heard: str) -> tuple[str, str]:
    """What of a message's text was heard, and what was heard after it."""
    written = text.strip()
    if heard.startswith(written):
        return written, heard[len(written) :].strip()
    return (heard, "") if written.startswith(heard) else (written, heard)
