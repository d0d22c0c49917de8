"""A client's conversation: the session, and what its Realtime events mean for it."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
import anyio.abc

from vivavoce.core.audio import AudioFrame
from vivavoce.core.events import Event, ToolEnded, ToolStarted, TurnCommitted
from vivavoce.core.messages import (
    ChatItem,
    Message,
    Role,
    TextDelta,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from vivavoce.core.protocols import Control, Respond, Tool
from vivavoce.engine.closing import closing
from vivavoce.engine.failures import describe
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.floor.policy import Mode, Policy
from vivavoce.text.normalise import speakable
from vivavoce.transports.realtime.commands import (
    AddItem,
    Answer,
    AnswerAside,
    Configure,
    DeleteItem,
    StopAnswer,
    ToolGave,
)
from vivavoce.transports.realtime.config import new_session
from vivavoce.transports.realtime.protocol import Realtime
from vivavoce.transports.realtime.transport import Order
from vivavoce.transports.realtime.wire import WireError

__all__ = ["RealtimeConversation", "parts_for"]

LONGEST_S = 3600.0  # of a session, as the API has it
_TOOL_S = 600.0  # for a client to run a function
_EAGERNESS = {"low": 2.0, "medium": 1.0, "auto": 1.0, "high": 0.6}
_LONGEST_WAIT_S = 4.0


class RealtimeConversation:
    """Lives as long as its session, over any number of connections."""

    def __init__(self, session: Session, *, model: str, on_track: bool, extended: bool) -> None:
        self.session = session
        self._base = session.parts
        told = new_session(session.id, model, self._base.instructions, int(time.time() + LONGEST_S))
        self.protocol = Realtime(told, on_track=on_track, extended=extended)
        self.extended = extended
        self._tools = ClientTools()
        self._once = False

    def greet(self, token: str, seconds: float, *, on_track: bool) -> None:
        """A client is here, perhaps again: tell it of the session, and our own page how to come
        back. What was told on a connection before is not told again."""
        turn = self.protocol.turn
        if turn is not None:
            self.protocol.amend(turn, self._heard(turn))
        self.protocol.open(on_track=on_track)
        if self.extended:
            self.protocol.tell(
                "vivavoce.session",
                session_id=self.session.id,
                resume_token=token,
                resume_seconds=seconds,
            )

    def part(self) -> None:
        """The client is gone; it may come back."""
        for command in self.protocol.lost():
            self._tools.gave(command.call_id, command.output)
        self._forget_once()

    def tell_of_the_end(self) -> None:
        """The server is about to shut down."""
        error = {"type": "server_error", "code": "server_shutting_down"}
        message = "this server is shutting down; the answer under way is the last"
        self.protocol.tell(
            "error", error={**error, "message": message, "param": None, "event_id": None}
        )

    def expire(self) -> None:
        """The session has lasted as long as it may."""
        self.protocol.refuse(
            WireError(f"a session lasts {LONGEST_S / 60:g} minutes", code="session_expired")
        )

    def _heard(self, turn: str) -> str | None:
        """What the user heard of an answer; None when that is not known any more."""
        said = [
            item.content.text
            for item in self.session.conversation
            if item.turn == turn
            and isinstance(item.content, Message)
            and item.content.role is Role.ASSISTANT
        ]
        return " ".join(text for text in said if text) if said else None

    def configure(self, session: Mapping[str, Any]) -> None:
        """Bring the session in line with its session object."""
        self.session.configure(parts_for(self._base, session, self._tools))

    def noticed(self, event: Event) -> None:
        """An event that is about to be told."""
        match event:
            case ToolStarted(call=call):
                self._tools.started(call)
            case ToolEnded(result=result):
                self._tools.ended(result.call_id)
            case TurnCommitted():  # a draft was perhaps begun before the client asked
                self._forget_once()
            case _:
                pass

    def _forget_once(self) -> None:
        if self._once:
            self._once = False
            self.configure(self.protocol.session)

    def carry_out(self, order: Order, tasks: anyio.abc.TaskGroup) -> Control | None:
        """Do what a client asks for. Returns what the session is to be told."""
        conversation = self.session.conversation
        match order:
            case Configure(session=session):
                self.configure(session)
            case AddItem(id=id, content=content, after=after):
                known = not after or any(item.id == after for item in conversation)
                conversation.add(content, id=id, after=after if known else None)
            case DeleteItem():
                self._delete(order)
            case ToolGave(call_id=call_id, output=output, stored=stored):
                if not self._tools.gave(call_id, output) and stored is not None:
                    conversation.add(ToolResult(call_id, "", output or ""), id=stored)
            case StopAnswer():
                self.session.stop()
            case Answer(session=once):
                if once is not None:
                    self._once = True
                    self.configure(once)
                return Respond()
            case AnswerAside():
                tasks.start_soon(self._answer_aside, order)
        return None

    def _delete(self, order: DeleteItem) -> None:
        role = Role.ASSISTANT if order.is_answer else Role.USER
        conversation = self.session.conversation
        for item in list(conversation):
            match item.content:
                case Message(role=of) if order.call_id is None:
                    is_meant = order.turn is not None and item.turn == order.turn and of is role
                case ToolCall(id=id) | ToolResult(call_id=id):
                    is_meant = id == order.call_id
                case _:
                    is_meant = False
            if is_meant or item.id == order.stored:
                conversation.delete(item.id)

    async def _answer_aside(self, order: AnswerAside) -> None:
        """A response beside the conversation."""
        protocol, parts = self.protocol, self.session.parts
        instructions = str(order.session["instructions"])
        messages: list[ChatItem] = [Message(Role.SYSTEM, instructions)] if instructions else []
        if order.messages is None:
            messages = self.session.conversation.messages()
        else:
            messages += order.messages
        text = ""
        try:
            async with closing(parts.llm.reply(messages)) as deltas:
                async for delta in deltas:
                    if isinstance(delta, TextDelta):
                        text += delta.text
                        protocol.aside(order.response, delta.text)
            if order.speaks and parts.tts is not None and text.strip():
                await self._speak_aside(order.response, text)
        except Exception as error:  # noqa: BLE001  a provider is somebody else's code
            protocol.aside_ended(order.response, describe(error))
        else:
            protocol.aside_ended(order.response)

    async def _speak_aside(self, response: str, text: str) -> None:
        parts = self.session.parts
        assert parts.tts is not None
        position = 0.0
        async with parts.tts.stream(language=parts.language) as stream:
            await stream.say(speakable(text, parts.language or "en").text)
            await stream.finish()
            async for speech in stream:
                frame = AudioFrame(speech.samples, speech.sample_rate, position)
                position = frame.end
                self.protocol.aside(response, frame=frame)


class ClientTools:
    """Functions that a client runs. A call waits until the client has told what it gave."""

    def __init__(self) -> None:
        self._ids: dict[str, deque[str]] = {}  # of calls that nobody waits for yet
        self._gave: dict[str, str | None] = {}  # by the calls under way
        self._changed = anyio.Event()

    def tool(self, function: Mapping[str, Any]) -> Tool:
        """A tool out of a function as the session object has it."""
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        spec = ToolSpec(function["name"], function.get("description") or "", parameters)
        return Tool(spec, partial(self._call, spec.name), effect=True, deadline=_TOOL_S)

    def started(self, call: ToolCall) -> None:
        """A call is under way; it may be one of ours."""
        self._ids.setdefault(_key(call.name, call.arguments), deque()).append(call.id)
        self._gave[call.id] = None
        self._tell()

    def ended(self, call_id: str) -> None:
        """A call is over; it may have been one of the server's own."""
        self._gave.pop(call_id, None)
        for key, ids in list(self._ids.items()):
            if call_id in ids:
                ids.remove(call_id)
            if not ids:
                del self._ids[key]

    def gave(self, call_id: str, output: str | None) -> bool:
        """The client told what its function gave; None: it asked for an answer without. Returns
        whether that call is under way."""
        if call_id not in self._gave:
            return False
        self._gave[call_id] = "There is no output." if output is None else output
        self._tell()
        return True

    async def _call(self, name: str, arguments: Mapping[str, object]) -> str:
        key = _key(name, arguments)
        while not self._ids.get(key):
            await self._changed.wait()
        id = self._ids[key].popleft()
        while (output := self._gave.get(id)) is None:
            await self._changed.wait()
        return output

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()


def _key(name: str, arguments: Mapping[str, object]) -> str:
    return json.dumps([name, dict(arguments)], sort_keys=True, default=str)


def parts_for(base: Parts, session: Mapping[str, Any], tools: ClientTools) -> Parts:
    """The parts that a session object asks for, out of those that the server has."""
    offered: Sequence[Tool] = ()
    if session["tool_choice"] != "none":
        offered = (*base.tools, *(tools.tool(function) for function in session["tools"]))
    detection = session["audio"]["input"]["turn_detection"]
    activity = base.activity
    if detection is not None and detection["type"] == "server_vad":
        threshold = float(detection["threshold"])
        activity = replace(activity, threshold=threshold, release=min(activity.release, threshold))
    return replace(
        base,
        tts=None if session["output_modalities"] == ["text"] else base.tts,
        tools=offered,
        instructions=session["instructions"],
        policy=_policy(base.policy, detection, transcribes=session["type"] == "transcription"),
        activity=activity,
    )


def _policy(base: Policy, detection: Mapping[str, Any] | None, *, transcribes: bool) -> Policy:
    if detection is None:
        return replace(base, mode=Mode.MANUAL)
    if detection["type"] == "server_vad":
        wait = min(detection["silence_duration_ms"] / 1000, _LONGEST_WAIT_S)
        first, second, third, last = wait, wait, wait, wait
    else:
        factor = _EAGERNESS[detection["eagerness"]]
        first, second, third, last = (min(factor * w, _LONGEST_WAIT_S) for w in base.waits)
    return replace(
        base,
        waits=(first, second, third, last),
        responds=detection["create_response"] and not transcribes,
        interruptions=detection["interrupt_response"],
    )
