"""The floor: inputs in, actions out; no clock, no I/O. Its rules stand in `table.py`."""

from __future__ import annotations

from collections.abc import Iterator

from vivavoce.core.turn import Origin
from vivavoce.floor import inputs as say
from vivavoce.floor.facts import Facts, State
from vivavoce.floor.policy import Policy
from vivavoce.floor.table import TABLE, Row

__all__ = ["ROWS", "Floor"]

ROWS: dict[tuple[State, type], tuple[Row, ...]] = {
    (state, kind): tuple(row for row in TABLE if state in row.states and kind in row.inputs)
    for state in State
    for kind in say.Input.__args__
}


class Floor:
    """Decides who may speak. One for each session."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._facts = Facts(policy or Policy())

    @property
    def state(self) -> State:
        """Who has the floor."""
        return self._facts.state

    @property
    def policy(self) -> Policy:
        """The thresholds in force; may be replaced at any time."""
        return self._facts.policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._facts.policy = policy

    @property
    def text(self) -> str:
        """The user's words that no turn has answered yet."""
        return self._facts.text

    @property
    def finished(self) -> bool:
        """Whether no input can come any more and everything said is answered."""
        facts = self._facts
        return facts.closed and facts.state is State.IDLE

    def reopen(self) -> None:
        """Input comes again, from another transport."""
        self._facts.closed, self._facts.attached = False, True

    def feed(self, given: say.Input) -> list[say.Action]:
        """Take one input; the actions are to be carried out in order. Time never runs backwards:
        an input older than the last counts as of that time."""
        facts = self._facts
        facts.now = max(facts.now, given.at)
        self._note(given)
        for row in ROWS[facts.state, type(given)]:
            if row.when(facts, given):
                facts.state = row.do(facts, given)
                break
        if facts.state is State.IDLE and facts.announcements and facts.attached:
            facts.state = facts.answer(Origin.ANNOUNCED, facts.announcements.popleft())
        actions, facts.actions = facts.actions, []
        return actions

    def _note(self, given: say.Input) -> None:
        facts = self._facts
        match given:
            case say.SpeechStarted(onset=onset, addressed=addressed):
                facts.speaking, facts.addressed = True, addressed
                facts.burst, facts.spoken = onset, True
                facts.end_probability = None
            case say.SpeechStopped(since=since):
                facts.spoke_for += max(0.0, since - facts.burst) if facts.speaking else 0.0
                facts.speaking = False
                facts.quiet_since = min(since, facts.now)
            case say.Text(transcript=transcript):
                facts.place(transcript)
            case say.EndProbability(probability=probability) if not facts.speaking:
                facts.end_probability = probability if facts.spoken else None
            case say.FirstSound(turn=turn) if facts.live is not None and facts.live.id == turn:
                facts.live.heard = True
            case say.EffectBegun(turn=turn) if facts.live is not None and facts.live.id == turn:
                facts.live.effect = True
            case say.InputClosed():
                facts.closed = True
                facts.end_speech()
            case _:
                pass

    @staticmethod
    def table() -> Iterator[tuple[str, str, str, str, str]]:
        """The rules in words: states, inputs, condition, actions, next state."""
        for row in TABLE:
            states = (
                "any"
                if len(row.states) == len(State)
                else ", ".join(state.name for state in State if state in row.states)
            )
            inputs = ", ".join(kind.__name__ for kind in row.inputs)
            yield states, inputs, row.condition, row.actions, row.to
