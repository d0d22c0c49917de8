"""No word is lost: a floor, ears that recognise every word sooner or later, and a careful listener.

Each word that the user says is unique, so that it can be followed: into the text of a turn, into an
item, or into one of the few places where words may end (`Talk.excused`).
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.floor.watching import Witness
from vivavoce.core.transcript import Transcript
from vivavoce.core.turn import Origin, Outcome
from vivavoce.floor import Depth, Mode, Policy
from vivavoce.floor import inputs as say
from vivavoce.floor.facts import State

WORD_S = 0.3
NOTICED_S = 0.1  # silence before the end of the voice is noticed
BACKCHANNEL = "mhm"


@dataclass
class Due:
    """A final transcript on its way. `taken_by` tells what the floor did meanwhile."""

    transcript: Transcript
    taken_by: str = ""
    turn: int = 0


class Talk(RuleBasedStateMachine):
    """A person, the ears and the turns of a session."""

    @initialize(
        mode=some.sampled_from(Mode),
        draft=some.sampled_from(Depth),
        interruptions=some.booleans(),
        transcript_bound=some.sampled_from([0.4, 2.0]),
    )
    def begin(self, mode: Mode, draft: Depth, interruptions: bool, transcript_bound: float) -> None:
        self.witness = Witness(
            Policy(mode, draft, interruptions, transcript_bound=transcript_bound)
        )
        self.words = 0
        self.key = False
        self.speaking = False
        self.stream: list[tuple[str, float, float]] = []  # since the last cut
        self.since = 0.0  # where the stream begins
        self.flushed = 0  # words of the stream whose final was asked for
        self.due: list[Due] = []
        self.answer = say.Start(0, Origin.SPEECH, "")  # that was committed last
        self.heard = self.effect = False
        self.kept: dict[int, str] = {}  # texts of committed turns, by turn
        self.items: list[str] = []
        self.excused: set[str] = set()
        self.delivered: set[str] = set()
        self.stopped: set[str] = set()  # what a stop may drop

    # --- the session ------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.witness.now

    def feed(self, given: say.Input) -> None:
        before = self.witness.live
        actions = self.witness.feed(given)
        for action in actions:
            match action:
                case say.Start():
                    before = action
                case say.Commit(turn=turn, text=text, speech_ended=ended):
                    assert before is not None
                    self.answer, self.heard, self.effect = before, False, False
                    self.kept[turn] = text
                    if ended is not None:
                        self.cut("turn", turn)
                case say.Cancel(turn=turn, outcome=Outcome.SUPERSEDED) if turn in self.kept:
                    taken_back = self.kept.pop(turn)
                    after = actions[actions.index(action) + 1 :]
                    texts = [start.text for start in after if isinstance(start, say.Start)]
                    place = texts[0] if texts else self.witness.floor.text
                    assert set(taken_back.split()) <= set(place.split()), "its words go on"
                case say.Resume():
                    self.cut("resume")
                case say.CloseItem(text=text):
                    self.items.append(text)
                    self.excused |= self.stopped
                    match given:
                        case say.Stop():
                            self.cut("stop")
                        case say.TurnEnded():
                            self.cut("resume")  # passed over, for good or until its words come
                        case _:
                            self.cut("item")
                case say.Unheard():
                    self.cut("")
                case _:
                    pass

    def cut(self, taken_by: str, turn: int = 0) -> None:
        """What follows is a new transcript; what was not asked for yet still comes."""
        self.flush()
        for due in self.due:
            if taken_by and due.taken_by in ("", "resume"):
                due.taken_by, due.turn = taken_by, turn
        self.stream, self.since, self.flushed = [], self.now, 0

    def flush(self) -> None:
        if self.flushed == len(self.stream) and self.due:
            return
        text = " ".join(word for word, _, _ in self.stream)
        end = self.now
        self.due = [due for due in self.due if due.transcript.start != self.since]
        self.due.append(Due(Transcript(text, self.since, end, is_final=True)))
        self.flushed = len(self.stream)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.witness.now = min(until, self.now + 0.05)
            self.feed(say.Tick(self.now))

    # --- the person -------------------------------------------------------------------------

    @precondition(lambda self: not self.speaking)
    @rule()
    def begin_to_speak(self) -> None:
        self.speaking = True
        if not self.stream:
            self.since = self.now
        onset = self.now
        self.wait(0.05)
        self.feed(say.SpeechStarted(self.now, onset))

    @precondition(lambda self: self.speaking)
    @rule(count=some.integers(1, 3), partial=some.sampled_from(["none", "loose", "stable"]))
    def say_words(self, count: int, partial: str) -> None:
        for _ in range(count):
            self.words += 1
            self.say_word(f"w{self.words}")
        if partial != "none":
            self.tell_partial(stable=partial == "stable")

    def say_word(self, word: str) -> None:
        start = self.now
        self.stream.append((word, start, start + WORD_S))
        self.wait(WORD_S)

    def tell_partial(self, *, stable: bool) -> None:
        if self.stream:
            text = " ".join(word for word, _, _ in self.stream)
            length = len(text) if stable else 0
            self.feed(say.Text(self.now, Transcript(text, self.since, self.now, False, length)))

    @precondition(lambda self: self.speaking)
    @rule()
    def fall_silent(self) -> None:
        self.speaking = False
        stopped = self.now
        self.wait(NOTICED_S)
        self.flush()
        self.feed(say.SpeechStopped(self.now, stopped))

    @precondition(
        lambda self: (
            not self.speaking
            and self.witness.floor.state is State.AGENT
            and self.witness.floor.policy.interruptions
            and (self.heard or self.answer.origin is not Origin.SPEECH)
            and not self.due
            and not self.stream
            and not self.key
        )
    )
    @rule(partial=some.booleans(), ends=some.booleans())
    def murmur(self, partial: bool, ends: bool) -> None:
        """A backchannel over an answer, which goes on, or has just come to its end."""
        self.begin_to_speak()
        self.say_word(BACKCHANNEL)
        if partial:
            self.tell_partial(stable=False)
        self.fall_silent()
        if ends:
            self.answer_ends()
        else:
            self.wait(0.8)

    @rule(seconds=some.sampled_from([0.05, 0.2, 0.5, 1.0, 2.5]))
    def pause(self, seconds: float) -> None:
        self.wait(seconds)

    @rule(text=some.sampled_from(["hello", "thanks"]))
    def type_text(self, text: str) -> None:
        self.feed(say.Typed(self.now, text))

    @precondition(lambda self: not self.key)
    @rule()
    def press(self) -> None:
        self.key = True
        self.feed(say.KeyDown(self.now))

    @precondition(lambda self: self.key)
    @rule()
    def release(self) -> None:
        self.key = False
        self.flush()
        self.feed(say.KeyUp(self.now))

    @rule(kind=some.sampled_from([say.ManualCommit, say.Respond]))
    def end_by_hand(self, kind: type[say.ManualCommit | say.Respond]) -> None:
        self.flush()
        self.feed(kind(self.now))

    @rule()
    def stop(self) -> None:
        """Stop may drop what was said over the answer, and only that."""
        if self.witness.committed:
            self.stopped = set(self.witness.floor.text.split()) | {word for word, *_ in self.stream}
        self.feed(say.Stop(self.now))
        self.stopped = set()

    # --- the recogniser ---------------------------------------------------------------------

    @precondition(lambda self: self.due)
    @rule()
    def deliver(self) -> None:
        """A final comes, early or late."""
        due = self.due.pop(0)
        words = set(due.transcript.text.split()) - {BACKCHANNEL}
        self.delivered |= words
        live = self.answer if self.witness.committed else None
        match due.taken_by:
            case "turn" if live is None or live.turn != due.turn or self.heard or self.effect:
                self.excused |= words  # the answer to what was known has been heard
            case "item" | "stop":
                self.excused |= words  # its bound has passed; it was dropped
            case _:
                pass
        self.feed(say.Text(self.now, due.transcript))

    # --- the turns --------------------------------------------------------------------------

    @precondition(lambda self: self.witness.committed and not self.witness.held)
    @rule()
    def answer_sounds(self) -> None:
        self.heard = True
        self.feed(say.FirstSound(self.now, self.answer.turn))

    @precondition(lambda self: self.witness.committed)
    @rule()
    def tool_acts(self) -> None:
        self.effect = True
        self.feed(say.EffectBegun(self.now, self.answer.turn))

    @precondition(lambda self: self.witness.committed)
    @rule()
    def answer_ends(self) -> None:
        self.feed(say.TurnEnded(self.now, self.answer.turn))

    @precondition(lambda self: self.witness.live is not None and not self.witness.committed)
    @rule()
    def draft_fails(self) -> None:
        self.feed(say.DraftFailed(self.now, self.witness.turns))

    @rule()
    def something_is_announced(self) -> None:
        self.witness.announced += 1
        self.feed(say.Announce(self.now, "announcement"))

    # --- the end ----------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "witness"):
            return
        if self.speaking:
            self.fall_silent()
        if self.key:
            self.release()
        while self.due:
            self.deliver()
        asked = False
        for _ in range(2 * self.witness.announced + 6):
            self.wait(self.witness.bound)
            if self.witness.committed:
                self.answer_ends()
            elif self.witness.floor.state is State.PAUSE:
                asked |= self.witness.floor.text.split()[:1] == [BACKCHANNEL]
                self.feed(say.Respond(self.now))
        assert self.witness.floor.state is State.IDLE
        found = {word for text in (*self.kept.values(), *self.items) for word in text.split()}
        assert self.delivered <= found | self.excused, "every word is somewhere"
        for text in (*self.kept.values(), *self.items):
            alone = set(text.split()) == {BACKCHANNEL}
            assert asked or alone or text.split()[:1] != [BACKCHANNEL], "it begins no question"


TestTalk = Talk.TestCase
TestTalk.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
