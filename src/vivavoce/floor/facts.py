"""What the floor knows, and the few things it can do. The rules that use them: `table.py`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from vivavoce.core.transcript import Transcript
from vivavoce.core.turn import Origin, Outcome
from vivavoce.floor import inputs as say
from vivavoce.floor.endpointing import endpoint_wait
from vivavoce.floor.policy import Mode, Policy
from vivavoce.floor.utterance import Utterance, join

__all__ = ["Facts", "Live", "State"]

_TOUCH_S = 0.01  # a transcript that starts this little before a border belongs behind it


class State(StrEnum):
    """Who has the floor."""

    IDLE = "idle"
    USER = "user"
    PAUSE = "pause"  # the user's, but quiet
    AGENT = "agent"
    OVERLAP = "overlap"  # the user speaks over an answer, which is held


@dataclass(slots=True)
class Live:
    """The one turn that is under way: a draft until it is committed."""

    id: int
    origin: Origin
    text: str
    committed: bool = False
    heard: bool = False
    effect: bool = False

    @property
    def joinable(self) -> bool:
        """Whether it can be taken back as if it had never been: its question goes on."""
        return self.origin is Origin.SPEECH and not self.heard and not self.effect


class Facts:
    """The floor's memory. Times are seconds on the session's timeline."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.state = State.IDLE
        self.live: Live | None = None
        self.actions: list[say.Action] = []
        self.now = 0.0
        self.speaking = False
        self.addressed = 1.0
        self.onset: float | None = None  # of the first speech that no turn has taken
        self.burst = 0.0  # onset of the latest stretch of speech
        self.quiet_since = 0.0
        self.end_probability: float | None = None
        self.held_at = 0.0
        self.key_held = False
        self.forced = False  # end the turn as soon as its text is final
        self.wants_response = False  # answer even if nothing was said
        self.closed = False
        self.announcements: deque[str] = deque()
        self.words = Utterance()  # not yet answered
        self.carried = ""  # words of superseded turns, which the next turn answers too
        self.answered = Utterance()  # words of the live turn
        self.answered_after = ""  # what was carried into it
        self.answered_until = float("-inf")
        self.passed_over = Utterance()  # words over which an answer was resumed
        self.passed_until = float("-inf")
        self._turns = 0

    # --- what is known ----------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Everything the next turn would answer."""
        return join((self.carried, self.words.text))

    @property
    def quiet(self) -> float:
        """Seconds since the user fell silent, 0 while speaking."""
        return 0.0 if self.speaking else max(0.0, self.now - self.quiet_since)

    @property
    def border(self) -> float:
        """Where what was said ends and what will be said begins."""
        return self.now if self.speaking else self.quiet_since

    @property
    def covered(self) -> bool:
        """Whether final transcripts cover all that was said."""
        return self.words.final_until(self.quiet_since)

    @property
    def automatic(self) -> bool:
        """Whether turns end by themselves."""
        return self.policy.mode is Mode.AUTO and not self.key_held

    def ready(self) -> bool:
        """Whether the user's turn is over and its text is as good as it gets."""
        if self.speaking or self.key_held or not (self.automatic or self.forced) or not self.text:
            return False
        if not self.covered and self.quiet < self.policy.transcript_bound:
            return False
        if self.forced:
            return True
        return self.quiet >= endpoint_wait(self.policy, self.text, self.end_probability)

    def nothing_said(self) -> bool:
        """Whether the stretch turned out to hold no words."""
        if self.speaking or self.key_held or self.text:
            return False
        return self.covered or self.quiet >= self.policy.transcript_bound

    def place(self, transcript: Transcript) -> None:
        """Put a transcript with the words it belongs to."""
        if transcript.start < self.answered_until - _TOUCH_S:
            self.answered.add(transcript)
        elif transcript.start < self.passed_until - _TOUCH_S:
            self.passed_over.add(transcript)
        else:
            self.words.add(transcript)

    def is_new(self, transcript: Transcript) -> bool:
        """Whether a transcript is of words that no turn has taken."""
        return transcript.start >= max(self.answered_until, self.passed_until) - _TOUCH_S

    # --- what can be done -------------------------------------------------------------------

    def rest(self) -> State:
        """The state without a committed turn."""
        if self.speaking or self.key_held:
            return State.USER
        return State.PAUSE if self.onset is not None or self.text else State.IDLE

    def start(self, origin: Origin, text: str) -> Live:
        """Begin a turn behind the valve."""
        self._turns += 1
        self.live = Live(self._turns, origin, text)
        ended = self.quiet_since if origin is Origin.SPEECH and not self.speaking else None
        self.actions.append(say.Start(self.live.id, origin, text, ended))
        return self.live

    def commit(self, live: Live) -> State:
        """Open the valve. Of a spoken turn, the words are taken."""
        live.committed = True
        ended = None
        if live.origin is Origin.SPEECH:
            ended = self.quiet_since
            self.answered_after = self.carried
            self.take_words()
            self.answered, self.words = self.words, Utterance()
            self.answered_until = self.border
        self.actions.append(say.Commit(live.id, live.text, ended))
        return State.AGENT

    def answer(self, origin: Origin, text: str) -> State:
        """Start a turn and commit it."""
        return self.commit(self.start(origin, text))

    def answer_words(self) -> State:
        """Commit the draft of the user's words, or start one."""
        live = self.live
        if live is None or live.text != self.text:
            self.cancel(Outcome.SUPERSEDED)
            live = self.start(Origin.SPEECH, self.text)
        return self.commit(live)

    def take_words(self) -> None:
        """The words so far belong to somebody now."""
        self.onset = self.burst if self.speaking else None
        self.carried = ""
        self.forced = self.wants_response = False
        self.end_probability = None

    def cancel(self, outcome: Outcome) -> None:
        """End the live turn, if there is one."""
        if self.live is None:
            return
        live, self.live = self.live, None
        if not live.committed:
            outcome = Outcome.SUPERSEDED
        if live.origin is Origin.ANNOUNCED and not live.heard:
            self.announcements.appendleft(live.text)
        self.actions.append(say.Cancel(live.id, outcome))

    def supersede(self) -> None:
        """Take the live turn back and carry its words into the next."""
        live = self.live
        assert live is not None
        self.cancel(Outcome.SUPERSEDED)
        self.carried = live.text

    def hold(self) -> State:
        """Silence the answer until it is clear what the user's speech is."""
        assert self.live is not None
        self.held_at = self.now
        self.actions.append(say.Hold(self.live.id))
        return State.OVERLAP

    def resume(self) -> State:
        """Let the answer go on; what was said over it belongs to no turn."""
        assert self.live is not None
        self.passed_over, self.words = self.words, Utterance()
        self.passed_until = self.border
        self.onset = self.burst if self.speaking else None
        self.end_probability = None
        self.actions.append(say.Resume(self.live.id))
        return State.AGENT

    def forget(self) -> None:
        """Drop whatever the user said."""
        self.words.clear()
        self.take_words()
        self.onset = None
