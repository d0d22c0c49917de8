"""A session: it listens all the time, lets the floor decide, and carries the decisions out."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from vivavoce.core import events as happened
from vivavoce.core import protocols as wire
from vivavoce.core.audio import AudioFrame
from vivavoce.core.conversation import Conversation
from vivavoce.core.errors import LocalProtocolError, TransportClosed
from vivavoce.core.events import Event
from vivavoce.core.marks import Interval, Point, Stage
from vivavoce.core.messages import Message, Role, ToolResult
from vivavoce.core.phrases import apology, not_understood
from vivavoce.core.protocols import LLM, STT, TTS, VAD, Tool, Transport, TurnDetector
from vivavoce.core.turn import Origin, Outcome
from vivavoce.engine.ahead import Ahead
from vivavoce.engine.ears import EarParts, Ears
from vivavoce.engine.history import History, fit
from vivavoce.engine.listeners import Listener, Listeners
from vivavoce.engine.mouth import Mouth
from vivavoce.engine.streams import Stream
from vivavoce.engine.timeline import STALE_S, Timeline
from vivavoce.engine.tools import Jobs
from vivavoce.engine.track import Track
from vivavoce.engine.turn import Deadlines, Turn, TurnParts
from vivavoce.floor import Floor, Policy
from vivavoce.floor import inputs as say
from vivavoce.floor.activity import ActivityPolicy
from vivavoce.floor.facts import State

__all__ = ["Parts", "Session"]

SETTLE_S = 0.300  # how long a cut answer waits for the transport's last word on what was played
_PAST = 16  # turns of which a client may still say how much it heard
_GRACE_S = 2.0  # for tools with effects when the session ends
_TICK_S = 0.020


@dataclass(frozen=True, slots=True)
class Parts:
    """What a session is made of. Without `tts` it answers in text alone."""

    stt: STT
    llm: LLM
    tts: TTS | None
    vad: VAD
    turn_detector: TurnDetector | None = None
    tools: Sequence[Tool] = ()
    instructions: str = ""
    language: str | None = None
    policy: Policy = Policy()
    activity: ActivityPolicy = ActivityPolicy()
    deadlines: Deadlines = Deadlines()


class Session:
    """One conversation. Enter it, then `run` it on a transport; when that is lost, on another."""

    def __init__(self, parts: Parts, *, id: str | None = None) -> None:
        self.id = id or f"session_{uuid.uuid4().hex[:12]}"
        self.conversation = Conversation(parts.instructions)
        self._parts = parts
        self._history = History(self.conversation)
        self._floor = Floor(parts.policy)
        self._listeners = Listeners()
        self._inbox: deque[say.Input] = deque()
        self._feeding = False
        self._turn: Turn | None = None
        self._last: Turn | None = None
        self._past: dict[str, Turn] = {}
        self._final: dict[str, float] = {}  # played positions that turns still settle on
        self._heard: dict[str, str] = {}
        self._settled = anyio.Event()
        self._unsettled = 0
        self._over = anyio.Event()
        self._mouth: Mouth | None = None
        self._ears: Ears | None = None
        self._text_at: float | None = None
        self._spoke_at: float | None = None
        self._stopped_at: float | None = None
        self._stt_work: list[Interval] = []

    async def __aenter__(self) -> Session:
        self._timeline = Timeline()
        self._group: TaskGroup = anyio.create_task_group()
        await self._group.__aenter__()
        self._jobs = Jobs(self._group.start_soon)
        specs = [tool.spec for tool in self._parts.tools]
        self._ahead = Ahead(self._parts.llm, specs, self._history, self._ahead_failed)
        self._group.start_soon(self._ahead.run)
        self._ahead.prefill("")
        self._emit(happened.SessionStarted(self.now(), self.id))
        return self

    async def __aexit__(self, *exc: object) -> bool | None:
        try:
            if self._turn is not None:
                self._inbox.clear()
                self.feed(say.Detached(self.now()))
            await self._jobs.finish(_GRACE_S)
        finally:
            self._group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await self._group.__aexit__(None, None, None)
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

    def announce(self, text: str) -> None:
        """Say this as soon as the floor is free."""
        self.feed(say.Announce(self._floor_time(), text))

    def type(self, text: str) -> None:
        """The user typed this; it is answered at once."""
        self.feed(say.Typed(self._floor_time(), text))

    def stop(self) -> None:
        """End the answer under way."""
        self.feed(say.Stop(self._floor_time()))

    async def run(self, transport: Transport) -> None:
        """Talk over this transport until its input has ended and everything said is answered.

        Raises TransportClosed when the peer is lost; the conversation can go on over another.
        """
        if self._mouth is not None:
            raise LocalProtocolError(f"{self.id} is attached to a transport already")
        self._over = anyio.Event()
        self._floor.reopen()
        self._timeline.reset()
        try:
            async with transport:
                await self._attached(transport)
        except* TransportClosed as closed:
            self.feed(say.Detached(self.now()))
            raise TransportClosed(str(closed.exceptions[0])) from None
        finally:
            self._mouth = self._ears = None

    async def _attached(self, transport: Transport) -> None:
        capabilities = transport.capabilities
        self._capabilities = capabilities
        async with anyio.create_task_group() as group:
            self._ears = Ears(self._ear_parts(), live=capabilities.live)
            self._mouth = Mouth(
                transport,
                self._timeline,
                sounded=self._sounded,
                progressed=self._progressed,
                finished=self._finished,
            )
            group.start_soon(self._ears.run)
            group.start_soon(self._mouth.run)
            group.start_soon(self._tick)
            group.start_soon(self._notify, transport)
            await self._receive(transport, self._ears)
            self._ears.end()
            await self._ears.ended()
            self.feed(say.InputClosed(self._floor_time(), capabilities.commits_on_close))
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
            floor_time=self._floor_time,
            failed=self._ears_failed,
            dropped=lambda name, count: self._emit(happened.Dropped(self.now(), name, count)),
        )

    async def _receive(self, transport: Transport, ears: Ears) -> None:
        async for item in transport.receive():
            match item:
                case AudioFrame():
                    await ears.hear(self._timeline.place(item))
                case wire.InputClosed():
                    return
                case wire.Played(turn=turn, position=position, final=final):
                    self._played(turn, position, final)
                case wire.Truncate(turn=turn, position=position):
                    self._truncate(turn, position)
                case _:
                    self.feed(_input(item, self._floor_time()))

    async def _tick(self) -> None:
        """Time passes for the floor also where no audio comes."""
        while True:
            await anyio.sleep(_TICK_S if self._floor.state is not State.IDLE else STALE_S)
            self.feed(say.Tick(self._floor_time()))

    async def _notify(self, transport: Transport) -> None:
        with self._listeners.listen(Listener.CLIENT) as stream:
            async for event in stream:
                await transport.notify(event)
            if stream.statistics().dropped:
                raise TransportClosed("the client does not keep up with its events")

    # --- the floor --------------------------------------------------------------------------

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
                for action in self._floor.feed(given):
                    self._act(action)
        finally:
            self._feeding = False
        if self._floor.finished and not self._unsettled:
            self._over.set()

    def _watch(self, given: say.Input) -> None:
        """Events and marks that come from inputs."""
        match given:
            case say.SpeechStarted(onset=onset):
                self._spoke_at = onset if self._spoke_at is None else self._spoke_at
                self._emit(happened.SpeechStarted(onset))
            case say.SpeechStopped(since=since):
                self._stopped_at = since
                self._emit(happened.SpeechStopped(since))
            case say.Text(transcript=transcript):
                now = self.now()
                self._text_at = now
                self._emit(happened.TranscriptUpdated(now, transcript))
                if transcript.is_final and self._stopped_at is not None:
                    self._stt_work.append(Interval(Stage.STT_FINAL, self._stopped_at, now))
                if self._turn is None and transcript.stable_text:
                    self._ahead.prefill(transcript.stable_text)
            case _:
                pass

    def _act(self, action: say.Action) -> None:
        turn = self._turn
        match action:
            case say.Start():
                self._start(action)
            case say.Commit() if turn is not None:
                self._commit(turn, action)
            case say.Hold() if turn is not None:
                turn.held = True
                self._speaker.shut()
                self._emit(happened.TurnHeld(self.now(), turn.id))
            case say.Resume() if turn is not None:
                turn.held = False
                self._cut()
                self._open(turn)
                self._emit(happened.TurnResumed(self.now(), turn.id))
            case say.Cancel(outcome=outcome) if turn is not None:
                self._cancel(turn, outcome)
            case say.CloseItem(text=text):
                self._cut()
                if text:
                    self.conversation.add(Message(Role.USER, text))
            case say.Unheard():
                self._emit(happened.Failed(self.now(), "stt", "no transcript came"))
                self._cut()
                self.announce(not_understood(self._parts.language))
            case _:
                raise LocalProtocolError(f"{action} without a live turn")

    @property
    def _speaker(self) -> Mouth:
        if self._mouth is None:
            raise LocalProtocolError(f"{self.id} is not attached to a transport")
        return self._mouth

    def _start(self, action: say.Start) -> None:
        parts = self._parts
        self._ahead.pause()
        announced = action.origin is Origin.ANNOUNCED
        specs = [tool.spec for tool in parts.tools]
        view = fit(parts.llm, self._history.view("" if announced else action.text), specs)
        rate = self._capabilities.sample_rate
        turn = Turn(
            action.turn,
            action.origin,
            "" if announced else action.text,
            view,
            self._turn_parts(),
            Track(f"{self.id}_turn_{action.turn:04d}", rate),
            announcement=action.text if announced else "",
        )
        self._turn = turn
        self._emit(happened.TurnStarted(self.now(), turn.id, turn.origin, turn.user_text))
        self._group.start_soon(self._run, turn)

    def _turn_parts(self) -> TurnParts:
        parts = self._parts
        return TurnParts(
            llm=parts.llm,
            tts=parts.tts,
            tools=parts.tools,
            jobs=self._jobs,
            language=parts.language,
            deadlines=parts.deadlines,
            emit=self._emit,
            now=self.now,
            draft_failed=self._draft_failed,
            effect_begun=lambda turn: self.feed(say.EffectBegun(self._floor_time(), turn.number)),
            late_result=self._late_result,
        )

    async def _run(self, turn: Turn) -> None:
        await turn.run()
        if self._parts.tts is None and not turn.scope.cancel_called:
            self._finished(turn.track)

    def _commit(self, turn: Turn, action: say.Commit) -> None:
        marks = turn.marks
        if action.speech_ended is not None:
            self._cut()
            marks.mark(Point.SPEECH_ENDED, action.speech_ended)
            if self._spoke_at is not None:
                marks.mark(Point.SPEECH_STARTED, self._spoke_at)
            if self._text_at is not None:
                marks.mark(Point.TRANSCRIPT, self._text_at)
            marks.intervals += self._stt_work
            self._spoke_at, self._stt_work = None, []
        marks.mark(Point.COMMITTED, self.now())
        self._history.said(turn)
        self._emit(happened.TurnCommitted(self.now(), turn.id, turn.user_text))
        turn.committed.set()
        self._open(turn)

    def _open(self, turn: Turn) -> None:
        """Open the valve, as soon as the turn before has ended its work."""
        last = self._last
        if self._parts.tts is None:
            return
        if last is None or last.ended.is_set():
            self._speaker.open(turn.track)
        else:
            self._group.start_soon(self._open_after, last, turn)

    async def _open_after(self, last: Turn, turn: Turn) -> None:
        await last.ended.wait()
        if turn is self._turn and not turn.held and self._mouth is not None:
            self._mouth.open(turn.track)

    def _cut(self) -> None:
        if self._ears is not None:
            self._ears.cut()

    # --- an answer's end --------------------------------------------------------------------

    def _cancel(self, turn: Turn, outcome: Outcome) -> None:
        position = 0.0
        if self._mouth is not None:
            position = self._mouth.stop(turn.track)
        heard = turn.heard_text if self._parts.tts is None else turn.track.heard(position)
        turn.scope.cancel()
        turn.outcome = outcome
        self._leave(turn)
        if outcome is Outcome.SUPERSEDED:
            self._history.forget(turn)
            heard = ""
        else:
            self._history.close(turn, heard)
        self._heard[turn.id] = heard
        self._unsettled += 1
        self._group.start_soon(self._settle, turn, turn.track.taken > 0)

    def _leave(self, turn: Turn) -> None:
        self._last, self._turn = turn, None
        self._past[turn.id] = turn
        while len(self._past) > _PAST:
            gone = next(iter(self._past))
            del self._past[gone]
            self._heard.pop(gone, None)

    async def _settle(self, turn: Turn, played: bool) -> None:
        """Wait for the transport's last word on what was played, then freeze the turn."""
        if played and self._capabilities.reports_played:
            with anyio.move_on_after(SETTLE_S):
                while turn.id not in self._final:
                    self._settled = anyio.Event()
                    await self._settled.wait()
        await turn.ended.wait()
        if turn.id in self._final and turn.outcome is not Outcome.SUPERSEDED:
            heard = turn.track.heard(self._final.pop(turn.id))
            if heard != self._heard[turn.id]:
                self._heard[turn.id] = heard
                self._history.amend(turn, heard)
        self._freeze(turn)
        self._unsettled -= 1
        self.feed(say.Tick(self._floor_time()))

    def _freeze(self, turn: Turn) -> None:
        turn.settled = True
        turn.track.drop_audio()
        self._emit(happened.TurnEnded(self.now(), turn.record(self._heard[turn.id])))
        if self._turn is None:
            self._ahead.prefill("")

    def _finished(self, track: Track) -> None:
        """Everything that this answer had to say was heard."""
        turn = self._turn
        if turn is None or turn.track is not track:
            return
        now = self.now()
        turn.marks.mark(Point.LAST_SOUND, now)
        heard = turn.reply if self._parts.tts is None else track.heard(track.duration)
        self._leave(turn)
        self._heard[turn.id] = heard.strip()
        self._history.close(turn, heard)
        self._freeze(turn)
        self.feed(say.TurnEnded(self._floor_time(), turn.number))

    def _sounded(self, track: Track, at: float) -> None:
        turn = self._turn
        if turn is not None and turn.track is track:
            turn.marks.mark(Point.FIRST_SOUND, at)
            self.feed(say.FirstSound(self._floor_time(), turn.number))

    def _progressed(self, track: Track, position: float) -> None:
        turn = self._turn
        if turn is None or turn.track is not track:
            return
        heard = track.heard(position)
        if len(heard) > len(turn.heard_text):
            turn.heard_text = heard
            self._emit(happened.Heard(self.now(), turn.id, heard))

    def _played(self, id: str, position: float, final: bool) -> None:
        turn = self._turn
        if turn is not None and turn.id == id:
            self._speaker.report(turn.track, position)
        elif final and id in self._past and not self._past[id].settled:
            self._final[id] = position
            self._settled.set()

    def _truncate(self, id: str, position: float) -> None:
        """A client says how much was heard; it may say so long after."""
        if self._turn is not None and self._turn.id == id:
            self.feed(say.Stop(self._floor_time()))
        turn = self._past.get(id)
        if turn is None:
            raise LocalProtocolError(f"there is no turn {id!r} that could be truncated")
        if not turn.settled:
            self._final[id] = position
            self._settled.set()
            return
        heard = turn.track.heard(position)
        if len(heard) < len(self._heard[id]):
            self._heard[id] = heard
            self._history.amend(turn, heard)
            self._emit(happened.TurnAmended(self.now(), id, heard))

    # --- failures and the rest --------------------------------------------------------------

    def _draft_failed(self, turn: Turn) -> None:
        self.feed(say.DraftFailed(self._floor_time(), turn.number))
        if turn is self._turn:
            self._cancel(turn, Outcome.SUPERSEDED)

    def _late_result(self, turn: Turn, result: ToolResult) -> None:
        self._history.late(turn, result)

    def _ears_failed(self, role: str, message: str, fatal: bool) -> None:
        self._emit(happened.Failed(self.now(), role, message, fatal))
        if role == "stt":
            self.announce(apology(self._parts.language))

    def _ahead_failed(self, message: str) -> None:
        self._emit(happened.Failed(self.now(), "llm", message))

    def _floor_time(self) -> float:
        return self._timeline.floor_time()

    def _emit(self, event: Event) -> None:
        if isinstance(event, happened.ReplyText) and self._parts.tts is None:
            self._shown(event)
        self._listeners.emit(event)

    def _shown(self, event: happened.ReplyText) -> None:
        """Without a voice, what is written is what is heard."""
        turn = self._turn
        if turn is None or turn.id != event.turn or not turn.committed.is_set():
            return
        turn.heard_text = turn.reply
        if Point.FIRST_SOUND not in turn.marks.points:
            self._sounded(turn.track, event.at)


def _input(control: wire.Control, at: float) -> say.Input:
    match control:
        case wire.TypedText(text=text):
            return say.Typed(at, text)
        case wire.KeyDown():
            return say.KeyDown(at)
        case wire.KeyUp():
            return say.KeyUp(at)
        case wire.ManualCommit():
            return say.ManualCommit(at)
        case wire.Respond():
            return say.Respond(at)
        case wire.ClientCancel():
            return say.Stop(at)
        case _:
            raise LocalProtocolError(f"{control} is no input of the floor")
