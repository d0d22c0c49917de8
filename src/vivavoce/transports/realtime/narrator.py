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
from vivavoce.core.turn import Origin, Outcome, TurnRecord
from vivavoce.transports.realtime import extensions
from vivavoce.transports.realtime.commands import Command, ToolGave
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
        self._tell = tell
        self._new_id = new_id
        self._session = session
        self._on_track = on_track
        self._extended = extended
        self._drafts: dict[str, _Draft] = {}
        self._request: ResponseRequest | None = None
        self._asked = False
        self._speech: str | None = None  # the id of the item that the user's speech will be
        self._speech_end = 0.0
        self._onset: float | None = None  # of speech over an answer
        self._closed: Item | None = None  # an item that the client closed, without its text yet
        self._deltas = 0  # characters of a transcript that were told
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
        self._asked, self._request = True, request

    def closed(self) -> None:
        """The client has closed the audio so far as an item."""
        self._closed = self._user_item(None)

    def tool_gave(self, call_id: str, output: str) -> list[Command]:
        """The client ran a function that the live answer, or an earlier one, waits for."""
        if call_id in self._calls:
            self._calls[call_id] = output
            return []
        return [ToolGave(call_id, output)]

    def go_on(self) -> list[Command]:
        """The live answer has what it waited for: another response of the same turn begins."""
        assert self.response is not None
        turn = self.response.turn
        assert turn is not None
        self.response.end()
        commands: list[Command] = [ToolGave(id, output) for id, output in self._calls.items()]
        self._calls.clear()
        self._begin(turn)
        return commands

    def calls_made(self) -> None:
        """Nothing more comes of the live response before its functions have run: it is over, once
        what it says was heard."""
        response = self.response
        if response is None or not response.waits_for_tools or response.is_over:
            return
        if len(self._heard.strip()) >= len(self._said.strip()) or self._is_silent():
            response.end()

    def _is_silent(self) -> bool:
        return bool(self._session()["output_modalities"] == ["text"])

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
        match event:
            case news.SpeechStarted(at=at):
                if self.response is not None and not self.response.is_over:
                    self._onset = at
                else:
                    self._speech_started(at)
            case news.SpeechStopped(at=at):
                self._speech_end = at
            case news.SpeechIgnored():
                self._speech_stopped()
                self._speech = None
            case news.TranscriptUpdated():
                self._transcript(event)
            case news.UserSaid():
                self._user_said(event)
            case news.Failed(role=role, message=message, fatal=True):
                self._failed(role, message)
            case _:
                pass

    def _answer(self, event: news.Event) -> None:
        """Events of the assistant's side."""
        match event:
            case news.TurnStarted(turn=turn, origin=origin):
                self._drafts[turn] = _Draft(origin)
            case news.TurnCommitted(turn=turn, user_text=text):
                self._committed(turn, text)
            case news.TurnResumed():
                self._onset = None
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
                self._amend(turn, heard)
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

    # --- the user's side --------------------------------------------------------------------

    def _speech_started(self, at: float) -> None:
        if self._speech is None:
            self._speech = self._new_id("item")
            self._deltas = 0
            self._tell(
                "input_audio_buffer.speech_started", audio_start_ms=_ms(at), item_id=self._speech
            )

    def _speech_stopped(self) -> None:
        if self._speech is not None:
            self._tell(
                "input_audio_buffer.speech_stopped",
                audio_end_ms=_ms(self._speech_end),
                item_id=self._speech,
            )

    def _user_item(self, turn: str | None) -> Item:
        """The user's speech becomes an item."""
        id = self._speech or self._new_id("item")
        self._speech_stopped()
        self._speech = None
        content = {"type": "input_audio", "transcript": None}
        told = {
            "id": id,
            "object": "realtime.item",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [content],
        }
        item = Item(id, told, turn)
        previous = self.items.add(item)
        self._tell("input_audio_buffer.committed", item_id=id, previous_item_id=previous)
        self._tell("conversation.item.added", item=told, previous_item_id=previous)
        self._tell("conversation.item.done", item=told, previous_item_id=previous)
        return item

    def _transcribed(self, item: Item, text: str) -> None:
        content = {"type": "input_audio", "transcript": text}
        item.told = {**item.told, "content": [content]}
        if self._session()["audio"]["input"]["transcription"] is None:
            return
        kind = "conversation.item.input_audio_transcription"
        rest = text[self._deltas :]
        self._deltas = 0
        if rest:
            self._tell(f"{kind}.delta", item_id=item.id, content_index=0, delta=rest)
        self._tell(
            f"{kind}.completed",
            item_id=item.id,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": round(item.end, 3)},
        )

    def _transcript(self, event: news.TranscriptUpdated) -> None:
        """A session that only transcribes is told what is stable while it is spoken."""
        session = self._session()
        if session["type"] != "transcription" or self._speech is None:
            return
        stable = event.transcript.stable_text
        if not event.transcript.is_final and len(stable) > self._deltas:
            self._tell(
                "conversation.item.input_audio_transcription.delta",
                item_id=self._speech,
                content_index=0,
                delta=stable[self._deltas :],
            )
            self._deltas = len(stable)

    def _user_said(self, event: news.UserSaid) -> None:
        item, self._closed = self._closed, None
        if item is None:
            if not event.text:
                return
            item = self._user_item(None)
        item.stored = event.item or None
        self._transcribed(item, event.text)

    # --- the assistant's side ---------------------------------------------------------------

    def _committed(self, turn: str, text: str) -> None:
        draft = self._drafts.pop(turn)
        if draft.origin is Origin.SPEECH and text:
            item, self._closed = self._closed or self._user_item(turn), None
            item.turn = turn
            self._transcribed(item, text)
        elif draft.origin is Origin.TYPED and text:
            self._typed(turn, text)
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
            on_track=self._on_track,
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
        onset, self._onset = self._onset, None
        response = self.response
        if response is not None and response.turn == turn:
            if onset is not None:
                self._speech_started(onset)
            reason = "client_cancelled" if self.by_client else "turn_detected"
            response.end("cancelled", reason=reason)
            self._request = None
        if outcome is Outcome.SUPERSEDED:
            for item in self.items.of_turn(turn):
                self.items.remove(item.id)
                self._tell("conversation.item.deleted", item_id=item.id)
        gave = [(id, output) for id, output in self._calls.items() if output is not None]
        self._calls.clear()
        return [ToolGave(id, output) for id, output in gave]

    def _ended(self, record: TurnRecord) -> None:
        """An answer is over and settled."""
        response = self.response
        if response is None or response.turn != record.id:
            return
        if response.is_over:
            self._amend(record.id, record.heard)
            return
        failed = record.outcome is Outcome.FAILED
        response.end("failed" if failed else "completed", error=record.error, usage=record.usage)
        self._request = None
        self._calls.clear()
        onset, self._onset = self._onset, None
        if onset is not None:
            self._speech_started(onset)

    def _amend(self, turn: str, heard: str) -> None:
        """Of an answer that was cut, the item says what was heard."""
        for item in self.items.of_turn(turn):
            if not item.is_answer or not item.told["content"]:
                continue
            (content,) = item.told["content"]
            key = "transcript" if "transcript" in content else "text"
            kept, heard = _common(content[key], heard)
            item.told = {**item.told, "content": [{**content, key: kept}]}
            if self._on_track and item.start is not None:
                self._tell(
                    "conversation.item.truncated",
                    item_id=item.id,
                    content_index=0,
                    audio_end_ms=_ms(item.end - item.start),
                )


def _common(text: str, heard: str) -> tuple[str, str]:
    """What of a message's text was heard, and what was heard after it."""
    written = text.strip()
    if heard.startswith(written):
        return written, heard[len(written) :].strip()
    return (heard, "") if written.startswith(heard) else (written, heard)


def _ms(seconds: float) -> int:
    return max(0, round(1000 * seconds))
