"""A witness of a floor, who knows only what went in and what came out."""

from __future__ import annotations

from vivavoce.core.turn import Origin, Outcome
from vivavoce.floor import Floor, Mode, Policy
from vivavoce.floor import inputs as say
from vivavoce.floor.facts import State

TICK_S = 0.05


class Witness:
    """Feeds a floor and checks every step of it."""

    def __init__(self, policy: Policy) -> None:
        self.floor = Floor(policy)
        self.now = 1.0
        self.turns = 0
        self.live: say.Start | None = None
        self.committed = False
        self.held = False
        self.announced = 0

    def feed(self, given: say.Input) -> list[say.Action]:
        """Feed one input, and check what comes of it."""
        match given:
            case say.TurnEnded(turn=turn) if self.committed and self.is_live(turn):
                self.live, self.committed, self.held = None, False, False
            case say.DraftFailed(turn=turn) if not self.committed and self.is_live(turn):
                self.live = None
            case say.Announce():
                self.announced += 1
            case _:
                pass
        actions = self.floor.feed(given)
        for action in actions:
            self.see(action)
        self.check_state()
        return actions

    def is_live(self, turn: int) -> bool:
        return self.live is not None and self.live.turn == turn

    def see(self, action: say.Action) -> None:
        """An action must be allowed, by all that was seen before."""
        match action:
            case say.Start(turn=turn):
                assert self.live is None, "one turn at a time"
                assert turn == self.turns + 1, "turns are numbered in order"
                self.turns, self.live = turn, action
            case say.Commit(turn=turn, text=text, speech_ended=ended):
                assert self.is_live(turn)
                assert not self.committed, "once"
                assert self.live is not None
                assert text == self.live.text
                assert (ended is not None) == (self.live.origin is Origin.SPEECH)
                self.committed = True
            case say.Hold(turn=turn):
                assert self.is_live(turn)
                assert self.committed
                assert not self.held
                self.held = True
            case say.Resume(turn=turn):
                assert self.is_live(turn)
                assert self.held
                self.held = False
            case say.Cancel(turn=turn, outcome=outcome):
                assert self.is_live(turn)
                assert outcome is Outcome.SUPERSEDED or self.committed
                self.live, self.committed, self.held = None, False, False
            case _:
                pass

    def check_state(self) -> None:
        """The state says who has the floor."""
        match self.floor.state:
            case State.AGENT:
                assert self.committed
                assert not self.held
            case State.OVERLAP:
                assert self.held
            case State.IDLE:
                assert self.live is None
                assert self.floor.text == ""
            case _:
                assert not self.committed

    def wait(self, seconds: float) -> None:
        """Time passes."""
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now = min(until, self.now + TICK_S)
            self.feed(say.Tick(self.now))

    def settle(self) -> None:
        """The user says nothing more, and does what the mode asks for."""
        self.feed(say.SpeechStopped(self.now, self.now))
        self.feed(say.KeyUp(self.now))
        self.wait(self.bound)
        if self.floor.policy.mode is not Mode.AUTO and self.floor.state is State.PAUSE:
            self.feed(say.KeyDown(self.now))
            self.feed(say.KeyUp(self.now))
            self.wait(self.bound)

    @property
    def bound(self) -> float:
        """How long the floor may take to decide, once it is silent (s)."""
        policy = self.floor.policy
        return policy.overlap_bound + max(policy.waits[-1], policy.transcript_bound) + 2 * TICK_S
