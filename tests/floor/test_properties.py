"""What holds whatever comes in."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.floor.watching import Witness
from vivavoce.core.transcript import Transcript
from vivavoce.floor import Depth, Mode, Policy
from vivavoce.floor import inputs as say
from vivavoce.floor.facts import State

policies = some.builds(
    Policy,
    mode=some.sampled_from(Mode),
    draft=some.sampled_from(Depth),
    interruptions=some.booleans(),
    eager=some.sampled_from([0.0, 0.2, 1.0]),
    transcript_bound=some.sampled_from([0.2, 2.0]),
)
texts = some.sampled_from(
    ["", ".", "um", "yeah", "Uh-huh.", "What is it?", "what is", "made of", "555", "東京", "and"]
)  # fmt: skip
seconds = some.sampled_from([0.0, 0.02, 0.1, 0.25, 0.5, 0.8, 1.5, 3.0])
turns = some.integers(0, 12)


class AnythingGoes(RuleBasedStateMachine):
    """Inputs of all kinds in the order of time, sensible or not."""

    @initialize(policy=policies)
    def begin(self, policy: Policy) -> None:
        self.witness = Witness(policy)

    @rule(seconds=seconds)
    def wait(self, seconds: float) -> None:
        self.witness.wait(seconds)

    @rule(since=seconds, addressed=some.sampled_from([1.0, 1.0, 0.1]))
    def speech_starts(self, since: float, addressed: float) -> None:
        now = self.witness.now
        self.witness.feed(say.SpeechStarted(now, now - since, addressed))

    @rule(since=seconds)
    def speech_stops(self, since: float) -> None:
        now = self.witness.now
        self.witness.feed(say.SpeechStopped(now, now - since))

    @rule(
        text=texts,
        start=some.floats(0, 4),
        length=seconds,
        is_final=some.booleans(),
        stable=some.integers(0, 30),
    )
    def text_comes(
        self, text: str, start: float, length: float, is_final: bool, stable: int
    ) -> None:
        now = self.witness.now
        transcript = Transcript(text, now - start, now - start + length, is_final, stable)
        self.witness.feed(say.Text(now, transcript))

    @rule(probability=some.floats(0, 1))
    def ending_is_judged(self, probability: float) -> None:
        self.witness.feed(say.EndProbability(self.witness.now, probability))

    @rule(
        kind=some.sampled_from([say.FirstSound, say.EffectBegun, say.TurnEnded, say.DraftFailed]),
        turn=turns,
    )
    def some_turn_reports(
        self,
        kind: type[say.FirstSound | say.EffectBegun | say.TurnEnded | say.DraftFailed],
        turn: int,
    ) -> None:
        self.witness.feed(kind(self.witness.now, turn))

    @precondition(lambda self: self.witness.live is not None)
    @rule(kind=some.sampled_from([say.FirstSound, say.EffectBegun, say.TurnEnded, say.DraftFailed]))
    def live_turn_reports(
        self, kind: type[say.FirstSound | say.EffectBegun | say.TurnEnded | say.DraftFailed]
    ) -> None:
        self.witness.feed(kind(self.witness.now, self.witness.turns))

    @rule(kind=some.sampled_from([say.KeyDown, say.KeyUp, say.ManualCommit, say.Respond, say.Stop]))
    def client_acts(
        self, kind: type[say.KeyDown | say.KeyUp | say.ManualCommit | say.Respond | say.Stop]
    ) -> None:
        self.witness.feed(kind(self.witness.now))

    @rule(text=texts)
    def user_types(self, text: str) -> None:
        self.witness.feed(say.Typed(self.witness.now, text))

    @rule(text=texts)
    def something_is_announced(self, text: str) -> None:
        self.witness.feed(say.Announce(self.witness.now, text))

    @rule(commits=some.booleans())
    def input_closes(self, commits: bool) -> None:
        self.witness.feed(say.InputClosed(self.witness.now, commits))

    @rule()
    def transport_is_lost(self) -> None:
        self.witness.feed(say.Detached(self.witness.now))

    @rule()
    def transport_comes_back(self) -> None:
        self.witness.floor.reopen()

    @rule(policy=policies)
    def policy_changes(self, policy: Policy) -> None:
        self.witness.floor.policy = policy

    def teardown(self) -> None:
        if not hasattr(self, "witness"):
            return
        witness, floor = self.witness, self.witness.floor
        witness.settle()
        assert floor.state in (State.IDLE, State.AGENT), "silence is decided in bounded time"
        # One answer to what waited behind the live turn, one more to the rest, then what is
        # announced, and nothing without end.
        for _ in range(witness.announced + 4):
            if witness.live is None:
                break
            assert witness.committed
            witness.feed(say.TurnEnded(witness.now, witness.live.turn))
            witness.settle()
        assert floor.state is State.IDLE, "when everything is answered, nobody speaks"


TestAnythingGoes = AnythingGoes.TestCase
TestAnythingGoes.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
