"""The assistant's side of a session: the live turn, and those of which the end is not settled.

The floor's actions arrive here. A turn is heard through the mouth, or, without a voice, as written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
from anyio.abc import TaskGroup

from vivavoce.core import events as happened
from vivavoce.core.events import Event
from vivavoce.core.marks import Interval, Point
from vivavoce.core.messages import ToolResult
from vivavoce.core.protocols import Played, TransportCapabilities
from vivavoce.core.turn import Origin, Outcome
from vivavoce.engine.history import History
from vivavoce.engine.mouth import Mouth
from vivavoce.engine.parts import Parts
from vivavoce.engine.tools import Jobs
from vivavoce.engine.track import Track
from vivavoce.engine.turn import Turn, TurnParts
from vivavoce.floor import inputs as say

__all__ = ["Answers"]

SETTLE_S = 0.300  # how long a cut answer waits for the transport's last word on what was played
_PAST = 16  # turns of which a client may still say how much it heard


class Answers:
    """One for each session. `feed` tells the floor; `rested` is called when no turn is live, and
    each turn waits for `ready` before it begins."""

    def __init__(
        self,
        parts: Parts,
        history: History,
        jobs: Jobs,
        group: TaskGroup,
        *,
        prefix: str,
        now: Callable[[], float],
        emit: Callable[[Event], None],
        feed: Callable[[Callable[[float], say.Input]], None],
        rested: Callable[[], None],
        ready: Callable[[], Awaitable[None]],
    ) -> None:
        self.live: Turn | None = None
        self.unsettled = 0
        self._history = history
        self._group = group
        self._prefix = prefix
        self._now = now
        self._emit = emit
        self._feed = feed
        self._rested = rested
        self._mouth: Mouth
        self._capabilities = TransportCapabilities()
        self._last: Turn | None = None
        self._past: dict[str, Turn] = {}
        self._turn_parts = TurnParts(
            llm=parts.llm,
            tts=parts.tts,
            tools=parts.tools,
            jobs=jobs,
            language=parts.language,
            draft=parts.policy.draft,
            deadlines=parts.deadlines,
            emit=self._emit_text,
            now=now,
            ready=ready,
            draft_failed=self._draft_failed,
            effect_begun=lambda turn: feed(lambda at: say.EffectBegun(at, turn.number)),
            late_result=self._late_result,
        )

    def configure(self, parts: Parts) -> None:
        """Answers that start from now on are made of these parts; the live one stays as it is."""
        self._turn_parts = replace(
            self._turn_parts,
            llm=parts.llm,
            tts=parts.tts,
            tools=parts.tools,
            language=parts.language,
            draft=parts.policy.draft,
            deadlines=parts.deadlines,
        )

    def attach(self, mouth: Mouth, capabilities: TransportCapabilities) -> None:
        """Speak through this mouth from now on. Before the first no turn is started."""
        self._mouth = mouth
        self._capabilities = capabilities

    # --- what the floor asks for ------------------------------------------------------------

    def start(self, action: say.Start) -> None:
        """Begin an answer behind the valve."""
        announced = action.origin is Origin.ANNOUNCED
        user_text = "" if announced else action.text
        turn = Turn(
            action.turn,
            action.origin,
            user_text,
            self._history.view(user_text),
            self._turn_parts,
            Track(f"{self._prefix}_turn_{action.turn:04d}", self._capabilities.sample_rate),
            announcement=action.text if announced else "",
        )
        self.live = turn
        self._emit(happened.TurnStarted(self._now(), turn.id, turn.origin, user_text))
        self._group.start_soon(self._run, turn)

    async def _run(self, turn: Turn) -> None:
        await turn.run()
        if not turn.speaks and not turn.scope.cancel_called:
            self.finished(turn.track)

    def commit(self, points: dict[Point, float], intervals: list[Interval]) -> None:
        """The live answer may be heard; `points` and `intervals` are of the user's side."""
        turn = self._live()
        for point, at in points.items():
            turn.marks.mark(point, at)
        turn.marks.mark(Point.COMMITTED, self._now())
        turn.marks.intervals += intervals
        self._history.said(turn)
        self._emit(happened.TurnCommitted(self._now(), turn.id, turn.user_text))
        turn.committed.set()
        self._show(turn)
        self._open(turn)

    def hold(self) -> None:
        """Silence the live answer, and keep it."""
        turn = self._live()
        turn.held = True
        self._mouth.shut()
        self._emit(happened.TurnHeld(self._now(), turn.id))

    def resume(self) -> None:
        """Let the held answer go on."""
        turn = self._live()
        turn.held = False
        turn.final = anyio.Event()
        self._open(turn)
        self._emit(happened.TurnResumed(self._now(), turn.id))

    def cancel(self, outcome: Outcome) -> None:
        """End the live answer. What was heard of it is remembered at once, and settled later."""
        turn = self._live()
        if turn.speaks:
            position = self._mouth.stop(turn.track)
            turn.heard = turn.track.heard(position)
        turn.scope.cancel()
        turn.outcome = outcome
        self._leave(turn)
        self._emit(happened.TurnCut(self._now(), turn.id, outcome))
        if outcome is Outcome.SUPERSEDED:
            self._history.forget(turn)
            turn.heard = ""
        else:
            self._history.close(turn, turn.heard)
        self.unsettled += 1
        self._group.start_soon(self._settle, turn)

    def _live(self) -> Turn:
        assert self.live is not None
        return self.live

    def _open(self, turn: Turn) -> None:
        """Open the valve, as soon as the turn before has ended its work."""
        if not turn.speaks:
            return
        if self._last is not None and not self._last.ended.is_set():
            self._group.start_soon(self._open_after, self._last, turn)
        else:
            self._mouth.open(turn.track)

    async def _open_after(self, last: Turn, turn: Turn) -> None:
        await last.ended.wait()
        if turn is self.live and not turn.held:
            self._mouth.open(turn.track)

    # --- what the mouth tells ---------------------------------------------------------------

    def sounded(self, track: Track, at: float) -> None:
        """The first of an answer is heard."""
        turn = self._live()
        turn.marks.mark(Point.FIRST_SOUND, at)
        self._feed(lambda at: say.FirstSound(at, turn.number))

    def progressed(self, track: Track, position: float) -> None:
        """An answer has been played this far."""
        turn = self._live()
        heard = track.heard(position)
        if len(heard) > len(turn.heard):
            turn.heard = heard
            self._emit(happened.Heard(self._now(), turn.id, heard))

    def finished(self, track: Track) -> None:
        """Everything that an answer had to say was heard."""
        turn = self._live()
        turn.marks.mark(Point.LAST_SOUND, self._now())
        turn.heard = track.heard(track.duration) if turn.speaks else turn.reply
        self._leave(turn)
        self._history.close(turn, turn.heard)
        self._freeze(turn)
        self._feed(lambda at: say.TurnEnded(at, turn.number))

    # --- what the transport tells -----------------------------------------------------------

    def played(self, report: Played) -> None:
        """The transport knows how far an answer was played."""
        turn = self.live
        if turn is not None and turn.id == report.turn:
            self._mouth.report(turn.track, report.position, final=report.final)
            if report.final and turn.held:
                turn.settle_at(report.position)
        elif report.final and report.turn in self._past:
            self._past[report.turn].settle_at(report.position)

    def truncate(self, id: str, position: float) -> None:
        """The client says how much of an answer was heard, perhaps long after."""
        if self.live is not None and self.live.id == id:
            self._feed(say.Stop)
        turn = self._past.get(id)
        if turn is None:
            message = f"there is no turn {id!r} that could be truncated"
            self._emit(happened.Failed(self._now(), "transport", message))
        elif not turn.settled:
            turn.settle_at(position)
        elif turn.outcome is not Outcome.SUPERSEDED:
            heard = turn.track.heard(position)
            if len(heard) < len(turn.heard):
                turn.heard = heard
                self._history.amend(turn, heard)
                self._emit(happened.TurnAmended(self._now(), id, heard))

    # --- an answer's end --------------------------------------------------------------------

    def _leave(self, turn: Turn) -> None:
        turn.closed = True
        self._last, self.live = turn, None
        self._past[turn.id] = turn
        if len(self._past) > _PAST:
            del self._past[next(iter(self._past))]

    async def _settle(self, turn: Turn) -> None:
        """Wait for the transport's last word on what was played, then freeze the turn."""
        tells = self._capabilities.reports_played or self._capabilities.client_owned
        try:
            if turn.track.taken > 0 and tells:
                with anyio.move_on_after(SETTLE_S):
                    await turn.final.wait()
            await turn.ended.wait()
        finally:
            if turn.final.is_set() and turn.outcome is not Outcome.SUPERSEDED:
                heard = turn.track.heard(turn.final_position)
                if heard != turn.heard:
                    turn.heard = heard
                    self._history.amend(turn, heard)
            self._freeze(turn)
            self.unsettled -= 1
            self._feed(say.Tick)

    def _freeze(self, turn: Turn) -> None:
        turn.settled = True
        turn.track.drop_audio()
        self._emit(happened.TurnEnded(self._now(), turn.record()))
        if self.live is None:
            self._rested()

    def _draft_failed(self, turn: Turn) -> None:
        self._feed(lambda at: say.DraftFailed(at, turn.number))
        self.cancel(Outcome.SUPERSEDED)

    def _late_result(self, turn: Turn, result: ToolResult) -> None:
        self._history.late(turn, result)

    # --- without a voice --------------------------------------------------------------------

    def _emit_text(self, event: Event) -> None:
        self._emit(event)
        turn = self.live
        if isinstance(event, happened.ReplyText) and turn is not None and turn.id == event.turn:
            self._show(turn)

    def _show(self, turn: Turn) -> None:
        """Without a voice, what is written is what is heard."""
        if turn.speaks or not turn.committed.is_set() or not turn.reply:
            return
        turn.heard = turn.reply
        if Point.FIRST_SOUND not in turn.marks.points:
            self.sounded(turn.track, self._now())
