"""What the floor knows, and the few things it can do. The rules that use them: `table.py`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

from vivavoce.core.transcript import Transcript
from vivavoce.core.turn import Origin, Outcome
from vivavoce.floor import inputs as say
from vivavoce.floor.endpointing import endpoint_wait
from vivavoce.floor.lexicon import is_backchannel, plain, same_words
from vivavoce.floor.policy import Mode, Policy
from vivavoce.floor.utterance import TOUCH_S, Stretch, Utterance

__all__ = ["Facts", "Live", "State"]


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
    speech_ended: float | None = None
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
        self.spoken = False  # there was speech that no turn has taken
        self.spoke_for = 0.0  # for how long (s)
        self.asked_again = False  # since there were words that could be answered
        self.burst = 0.0  # onset of the latest stretch of speech
        self.quiet_since = 0.0
        self.end_probability: float | None = None
        self.held_at = 0.0
        self.key_held = False
        self.forced = False  # end the turn as soon as its text is final
        self.closing = False  # close the item as soon as its text is final
        self.wants_response = False  # answer even if nothing was said
        self.may_draft = True  # until the turn's draft has failed
        self.attached = True
        self.closed = False
        self.announcements: deque[str] = deque()
        self.words = Utterance()  # not yet answered
        self.taken_until = float("-inf")  # up to where what was said is somebody's
        self.over_from = float("-inf")  # from where what is said is said over the live turn
        self.answered = Stretch()  # by the live turn
        self.passed_over: list[Stretch] = []  # speech over which an answer was resumed
        self._turns = 0

    # --- what is known ----------------------------------------------------------------------

    @property
    def turn(self) -> Live:
        """The live turn, for a row whose state or condition has made sure that there is one."""
        assert self.live is not None
        return self.live

    @property
    def text(self) -> str:
        """Everything the next turn would answer."""
        return self.words.text

    @property
    def over_text(self) -> str:
        """What was said over the live turn."""
        return self.words.split(self.over_from)[1].text

    def since(self, time: float) -> float:
        """Seconds that have passed since then. Times are sums of frames: what they lack of 0.2 s
        by rounding must not cost a frame."""
        return round(self.now - time, 6)

    @property
    def quiet(self) -> float:
        """Seconds since the user fell silent, 0 while speaking."""
        return 0.0 if self.speaking else self.since(self.quiet_since)

    @property
    def border(self) -> float:
        """Where what was said ends and what will be said begins."""
        if self.speaking:
            return self.now
        return max(self.taken_until, self.quiet_since, min(self.words.end, self.now))

    @property
    def covered(self) -> bool:
        """Whether final transcripts cover all that was said and nobody has taken."""
        passed = (stretch.end for stretch in self.passed_over)
        until = max(self.words.end, self.taken_until, *passed)
        return self.words.is_final and until >= self.quiet_since - TOUCH_S

    @property
    def settled(self) -> bool:
        """Whether the user is quiet and the text as good as it gets."""
        if self.speaking or self.key_held:
            return False
        return self.covered or self.quiet >= self.policy.transcript_bound

    @property
    def automatic(self) -> bool:
        """Whether turns end by themselves."""
        return self.policy.mode is Mode.AUTO and not self.key_held and not self.closing

    @property
    def interruptible(self) -> bool:
        """Whether speech can end the live turn, or take it back."""
        return self.live is not None and (self.policy.interruptions or self.live.joinable)

    @property
    def awaited(self) -> bool:
        """Whether the user still speaks, or something says that the words count whatever they are:
        the key, a response or an item that was asked for, the end of a file."""
        ended = self.forced or self.closing or self.closed
        return ended or self.speaking or self.key_held

    @property
    def meant(self) -> list[Stretch]:
        """What was passed over since the last question, and is more than a backchannel."""
        return [
            stretch
            for stretch in self.passed_over
            if stretch.addressed
            and stretch.end >= self.taken_until
            and stretch.words.text
            and not is_backchannel(stretch.words.text)
        ]

    def ready(self) -> bool:
        """Whether the user's turn is over."""
        if not self.text or not self.settled:
            return False
        if self.forced or self.closed:
            return True
        if not self.automatic:
            return False
        return self.quiet >= endpoint_wait(self.policy, self.text, self.end_probability)

    def nothing_said(self) -> bool:
        """Whether the stretch turned out to hold no words."""
        return not self.text and self.settled

    def item_ready(self) -> bool:
        """Whether the item that is to be closed has its text."""
        return self.closing and (self.settled or (not self.spoken and not self.text))

    def place(self, transcript: Transcript) -> None:
        """Put a transcript with the words it belongs to. One for a stretch that was closed,
        stopped, or answered by a turn before the live one comes too late and is dropped."""
        if not plain(transcript.text):  # a recogniser's "." for a cough is no word
            transcript = replace(transcript, text="", stable=0)
        for stretch in (*self.passed_over, self.answered):
            if stretch.holds(transcript):
                stretch.words.add(transcript)
                return
        if transcript.start >= self.taken_until - TOUCH_S:
            self.words.add(transcript)
            if transcript.text and not self.spoken:
                # Words without voice activity: the words themselves tell since when it is quiet.
                self.quiet_since = max(self.quiet_since, min(transcript.end, self.now))

    # --- what can be done -------------------------------------------------------------------

    def rest(self) -> State:
        """The state without a committed turn."""
        if self.speaking or self.key_held:
            return State.USER
        return State.PAUSE if self.spoken or self.text else State.IDLE

    def start(self, origin: Origin, text: str, speech_ended: float | None = None) -> Live:
        """Begin a turn behind the valve."""
        self._turns += 1
        self.live = Live(self._turns, origin, text, speech_ended)
        self.actions.append(say.Start(self.live.id, origin, text, speech_ended))
        return self.live

    def draft(self) -> None:
        """Begin to answer words that may not be all."""
        self.start(Origin.SPEECH, self.text, None if self.speaking else self.quiet_since)

    def commit(self, live: Live) -> State:
        """Open the valve."""
        live.committed = True
        self.actions.append(say.Commit(live.id, live.text, live.speech_ended))
        return State.AGENT

    def answer(self, origin: Origin, text: str) -> State:
        """Start a turn that answers no speech, and commit it. Words wait."""
        self.over_from = self.border
        self.forced = self.forced and self.rest() is not State.IDLE
        return self.commit(self.start(origin, text))

    def answer_words(self) -> State:
        """Commit the draft of the user's words, or start one. The words are taken."""
        live = self.live
        if live is None or not same_words(live.text, self.text):
            self.cancel(Outcome.SUPERSEDED)
            live = self.start(Origin.SPEECH, self.text, self.quiet_since)
        live.speech_ended = self.quiet_since
        self.asked_again = False
        # Inside the question only: what was passed over before it can come back no more.
        self.passed_over = [part for part in self.passed_over if part.end > self.taken_until]
        self.answered = Stretch(self.words, self.taken_until, self.border)
        self.drop_words()
        return self.commit(live)

    def correct(self) -> State:
        """Answer what a late final says instead of what was committed."""
        live = self.turn
        self.cancel(Outcome.SUPERSEDED)
        text = self.answered.words.text
        return self.commit(self.start(Origin.SPEECH, text, live.speech_ended))

    def cancel(self, outcome: Outcome, *, say_again: bool = True) -> None:
        """End the live turn, if there is one; an announcement that nobody heard is queued again."""
        if self.live is None:
            return
        live, self.live = self.live, None
        if not live.committed:
            outcome = Outcome.SUPERSEDED
        if live.origin is Origin.ANNOUNCED and not live.heard and say_again:
            self.announcements.appendleft(live.text)
        self.actions.append(say.Cancel(live.id, outcome))

    def break_off(self) -> State:
        """End the live turn for the user's words. As long as it can, it is taken back, and what
        it answered is part of what the user is saying."""
        if self.live is not None and self.live.joinable:
            self.cancel(Outcome.SUPERSEDED)
            self.words = self.answered.words.joined(self.words)
            self.taken_until = self.answered.start
            self.answered = Stretch()
        else:
            self.cancel(Outcome.INTERRUPTED)
        return self.rest()

    def hold(self) -> State:
        """Silence the answer until it is clear what the user's speech is."""
        self.held_at = self.now
        self.actions.append(say.Hold(self.turn.id))
        return State.OVERLAP

    def resume(self) -> State:
        """Let the answer go on."""
        if self.interruptible and not self.closing:
            self.pass_over()
        self.actions.append(say.Resume(self.turn.id))
        return State.AGENT

    def pass_over(self) -> None:
        """What was said over the answer belongs to no turn, unless its words come late and prove
        that it was meant. Words from before the answer go on waiting."""
        until, addressed = self.border, self.addressed >= 0.5
        self.words, over = self.words.split(self.over_from)
        self.passed_over.append(Stretch(over, self.over_from, until, addressed))
        self.over_from = until
        self.spoken, self.spoke_for, self.end_probability = False, 0.0, None
        self.forced = self.forced and bool(self.text)

    def take_back(self) -> None:
        """What was passed over belongs to the user's turn after all."""
        for stretch in self.meant:
            self.words = self.words.joined(stretch.words)
            self.passed_over.remove(stretch)

    def end_speech(self) -> None:
        """The user's turn is over by decree, whatever is still heard."""
        if self.speaking or (self.key_held and not self.spoken):
            self.speaking, self.quiet_since = False, self.now
        self.key_held = False

    def drop_words(self) -> None:
        """The words so far, and what else will be heard of that stretch, are waited for no more."""
        self.taken_until = self.over_from = self.border
        self.forget()

    def forget(self) -> None:
        """Begin the user's next turn."""
        self.words = Utterance()
        self.spoken, self.spoke_for = self.speaking, 0.0
        self.forced = self.wants_response = self.closing = False
        self.may_draft = True
        self.end_probability = None
