"""A session: it listens all the time, lets the floor decide, and has the decisions carried out."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Self, assert_never

import anyio
from anyio.abc import TaskGroup

from vivavoce.core import events as happened
from vivavoce.core import protocols as wire
from vivavoce.core.audio import AudioFrame
from vivavoce.core.conversation import Conversation
from vivavoce.core.errors import LocalProtocolError, TransportClosed
from vivavoce.core.events import Event
from vivavoce.core.messages import Message, Role
from vivavoce.core.phrases import apology, not_understood
from vivavoce.core.protocols import Transport
from vivavoce.engine.ahead import Ahead
from vivavoce.engine.answers import Answers
from vivavoce.engine.closing import closing
from vivavoce.engine.ears import EarParts, Ears
from vivavoce.engine.failures import unwrapped
from vivavoce.engine.history import History
from vivavoce.engine.listeners import Listener, Listeners
from vivavoce.engine.mouth import Mouth
from vivavoce.engine.parts import Parts
from vivavoce.engine.streams import Stream
from vivavoce.engine.timeline import Timeline
from vivavoce.engine.tools import Jobs
from vivavoce.engine.user_marks import UserMarks
from vivavoce.floor import Floor
from vivavoce.floor import inputs as say
from vivavoce.floor.facts import State

__all__ = ["Session"]

_GRACE_S = 2.0  # for tools with effects when the session ends
_TICK_S = 0.020
_Said = (
    wire.TypedText
    | wire.KeyDown
    | wire.KeyUp
    | wire.ManualCommit
    | wire.Respond
    | wire.ClientCancel
    | wire.Discard
)
_USERS = (State.USER, State.PAUSE)


class Session:
    """One conversation. Enter it, then `run` it on a transport; when that is lost, on another."""

    def __init__(self, parts: Parts, *, id: str | None = None) -> None:
        self.id = id or f"session_{uuid.uuid4().hex[:12]}"
        self.conversation = Conversation(parts.instructions)
        self._parts = parts
        self._floor = Floor(parts.policy)
        self._listeners = Listeners()
        self._inbox: deque[say.Input] = deque()
        self._kept: list[Callable[[float], say.Input]] = []  # until a transport is attached
        self._feeding = False
        self._over = anyio.Event()
        self._awake = anyio.Event()
        self._closing = False
        self._is_attached = False
        self._ears: Ears | None = None
        self._user = UserMarks()

    async def __aenter__(self) -> Self:
        parts = self._parts
        self._timeline = Timeline()
        self._group: TaskGroup = anyio.create_task_group()
        await self._group.__aenter__()
        self._jobs = Jobs(self._group.start_soon)
        history = History(self.conversation)
        specs = [tool.spec for tool in parts.tools]
        self._ahead = Ahead(parts.llm, specs, history, self._ahead_failed)
        self._answers = Answers(
            parts,
            history,
            self._jobs,
            self._group,
            prefix=self.id,
            now=self.now,
            emit=self._listeners.emit,
            feed=self._feed_now,
            rested=lambda: self._ahead.prefill(""),
            ready=self._listeners.settled,
        )
        self._group.start_soon(self._ahead.run)
        self._ahead.prefill("")
        self._emit(happened.SessionStarted(self.now(), self.id))
        return self

    async def __aexit__(self, *exc: object) -> bool | None:
        try:
            self._feed_now(say.Detached)
            await self._jobs.finish(_GRACE_S)
        finally:
            self._group.cancel_scope.cancel()
            try:
                await self._group.__aexit__(None, None, None)
            finally:
                self._emit(happened.SessionEnded(self.now(), self.id))
                self._listeners.close()
        return None

    # --- what the outside does --------------------------------------------------------------

    def now(self) -> float:
        """Seconds since the session began."""
        return self._timeline.now()

    @contextmanager
    def events(self, kind: Listener = Listener.WATCHER) -> Iterator[Stream[Event]]:
        """A stream of what happens from now on."""
        with self._listeners.listen(kind) as stream:
            yield stream

    @property
    def parts(self) -> Parts:
        """What the session is made of."""
        return self._parts

    def configure(self, parts: Parts) -> None:
        """Go on with other parts. An answer under way stays as it is; another recogniser, voice
        detector, turn detector or language is in force at the next transport."""
        self._parts = parts
        self.conversation.instructions = parts.instructions
        self._floor.policy = parts.policy
        self._answers.configure(parts)
        if self._ears is not None:
            self._ears.configure(parts.activity)
        self._ahead.configure(parts.llm, [tool.spec for tool in parts.tools])

    def announce(self, text: str) -> None:
        """Say this as soon as a transport is attached and the floor is free."""
        self._feed_attached(lambda at: say.Announce(at, text))

    def type(self, text: str) -> None:
        """The user typed this; it is answered at once, or once a transport is attached."""
        self._feed_attached(lambda at: say.Typed(at, text))

    def stop(self) -> None:
        """End the answer under way."""
        self._feed_now(say.Stop)

    async def run(self, transport: Transport) -> None:
        """Talk over this transport until its input has ended and everything said is answered.

        Raises TransportClosed when the peer is lost; the conversation can go on over another.
        """
        if self._is_attached:
            raise LocalProtocolError(f"{self.id} is attached to a transport already")
        self._is_attached = True
        self._over = anyio.Event()
        self._closing = False
        self._floor.reopen()
        self._timeline.reset()
        try:
            with unwrapped():
                async with transport:
                    await self._attached(transport)
        finally:
            self._feed_now(say.Detached)
            self._ears = None
            self._is_attached = False

    async def _attached(self, transport: Transport) -> None:
        capabilities = transport.capabilities
        self._ears = Ears(self._ear_parts(), live=capabilities.live)
        answers = self._answers
        mouth = Mouth(
            transport,
            self._timeline,
            sounded=answers.sounded,
            progressed=answers.progressed,
            finished=answers.finished,
        )
        answers.attach(mouth, capabilities)
        async with anyio.create_task_group() as group:
            group.start_soon(self._ears.run)
            group.start_soon(mouth.run)
            group.start_soon(self._tick)
            group.start_soon(self._notify, transport)
            group.start_soon(self._receive, transport, self._ears)
            kept, self._kept = self._kept, []
            for make in kept:
                self._feed_now(make)
            await self._over.wait()
            group.cancel_scope.cancel()

    def _ear_parts(self) -> EarParts:
        parts = self._parts
        return EarParts(
            stt=parts.stt,
            vad=parts.vad,
            turn_detector=parts.turn_detector,
            language=parts.language,
            activity=parts.activity,
            feed=self.feed,
            floor_time=self._timeline.floor_time,
            failed=self._ears_failed,
            dropped=lambda name, count: self._emit(happened.Dropped(self.now(), name, count)),
        )

    async def _receive(self, transport: Transport, ears: Ears) -> None:
        """Take what comes; after the end of the input that is what was played."""
        async with anyio.create_task_group() as group, closing(transport.receive()) as items:
            async for item in items:
                match item:
                    case AudioFrame():
                        await ears.hear(self._timeline.place(item))
                    case wire.InputClosed():
                        group.start_soon(self._close_input, transport, ears)
                    case wire.Played():
                        self._answers.played(item)
                    case wire.Truncate():
                        self._answers.truncate(item.turn, item.position)
                    case wire.KeyUp() | wire.ManualCommit() | wire.Respond() | wire.Discard():
                        ears.conclude(partial(self._say, item))
                    case _:
                        self._say(item)
            group.start_soon(self._close_input, transport, ears)

    def _say(self, control: _Said) -> None:
        self.feed(_input(control, self._timeline.floor_time()))

    async def _close_input(self, transport: Transport, ears: Ears) -> None:
        if self._closing:
            return
        self._closing = True
        ears.end()
        await ears.ended()
        commits = transport.capabilities.commits_on_close
        self._feed_now(lambda at: say.InputClosed(at, commits))

    async def _tick(self) -> None:
        """Time passes for the floor also where no audio comes; nothing waits for it in IDLE."""
        while True:
            if self._floor.state is State.IDLE:
                self._awake = anyio.Event()
                await self._awake.wait()
            await anyio.sleep(_TICK_S)
            self._feed_now(say.Tick)

    async def _notify(self, transport: Transport) -> None:
        async def pass_on() -> None:
            async for event in stream:
                await transport.notify(event)

        with self._listeners.listen(Listener.CLIENT) as stream:
            async with anyio.create_task_group() as group:
                group.start_soon(pass_on)
                await stream.overflowed()
                raise TransportClosed("the client does not keep up with its events")

    # --- the floor --------------------------------------------------------------------------

    def _feed_now(self, make: Callable[[float], say.Input]) -> None:
        self.feed(make(self._timeline.floor_time()))

    def _feed_attached(self, make: Callable[[float], say.Input]) -> None:
        if self._ears is None:
            self._kept.append(make)
        else:
            self._feed_now(make)

    def feed(self, given: say.Input) -> None:
        """Tell the floor, and do what it says. Inputs that this causes come after it."""
        self._inbox.append(given)
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._inbox:
                given = self._inbox.popleft()
                self._watch(given)
                before = self._floor.state
                actions = self._floor.feed(given)
                for action in actions:
                    self._act(action)
                if before in _USERS and self._floor.state is State.IDLE:
                    self._cut()  # a noise; or else the next words' transcript would begin with it
                    if not any(isinstance(action, say.CloseItem) for action in actions):
                        self._emit(happened.SpeechIgnored(self.now()))
        finally:
            self._feeding = False
        if self._floor.state is State.IDLE:
            self._user.forget()
        else:
            self._awake.set()
        if self._floor.finished and not self._answers.unsettled:
            self._over.set()

    def _watch(self, given: say.Input) -> None:
        """Events and marks that come from inputs."""
        match given:
            case say.SpeechStarted(onset=onset):
                self._user.started(onset)
                self._emit(happened.SpeechStarted(onset))
            case say.SpeechStopped(since=since):
                self._user.stopped_at = since
                self._emit(happened.SpeechStopped(since))
            case say.Text(transcript=transcript):
                now = self.now()
                self._user.wrote(now, transcript.is_final)
                self._emit(happened.TranscriptUpdated(now, transcript))
                if self._answers.live is None and transcript.stable_text:
                    self._ahead.prefill(transcript.stable_text)
            case _:
                pass

    def _act(self, action: say.Action) -> None:
        match action:
            case say.Start():
                self._ahead.pause()
                self._answers.start(action)
            case say.Commit(speech_ended=ended):
                if ended is not None:
                    self._cut()
                self._answers.commit(*self._user.take(ended))
            case say.Hold():
                self._answers.hold()
            case say.Resume():
                self._cut()
                self._user.forget()
                self._answers.resume()
            case say.Cancel(outcome=outcome):
                self._answers.cancel(outcome)
            case say.CloseItem(text=text):
                self._cut()
                item = self.conversation.add(Message(Role.USER, text)).id if text else ""
                self._emit(happened.UserSaid(self.now(), item, text))
            case say.Unheard():
                self._cut()
                self._emit(happened.Failed(self.now(), "stt", "no transcript came"))
                self.announce(not_understood(self._parts.language))
            case _:
                assert_never(action)

    def _cut(self) -> None:
        assert self._ears is not None
        self._ears.cut()

    # --- failures and the rest --------------------------------------------------------------

    def _ears_failed(self, role: str, message: str, fatal: bool) -> None:
        self._emit(happened.Failed(self.now(), role, message, fatal))
        if role == "stt" and fatal:
            self.announce(apology(self._parts.language))

    def _ahead_failed(self, message: str) -> None:
        self._emit(happened.Failed(self.now(), "llm", message))

    def _emit(self, event: Event) -> None:
        self._listeners.emit(event)


_INPUTS: dict[type[_Said], Callable[[float], say.Input]] = {
    wire.KeyDown: say.KeyDown,
    wire.KeyUp: say.KeyUp,
    wire.ManualCommit: say.ManualCommit,
    wire.Respond: say.Respond,
    wire.Discard: say.Discard,
    wire.ClientCancel: say.Stop,
}


def _input(control: _Said, at: float) -> say.Input:
    if isinstance(control, wire.TypedText):
        return say.Typed(at, control.text)
    return _INPUTS[type(control)](at)
