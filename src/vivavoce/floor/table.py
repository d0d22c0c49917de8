"""The floor's rules, all of them: one row a transition, the first that fits is taken.

Theory of operation. The user's speech moves the floor IDLE → USER → PAUSE and back; a pause that is
long enough for its words commits an answer, PAUSE → AGENT. Speech over an answer holds it, AGENT →
OVERLAP, until it is clear what that speech is: an interruption (the answer ends, → USER or PAUSE)
or not (it goes on, → AGENT). As long as nothing of an answer was heard, more words do not interrupt
it but belong to its question: the turn is superseded and the words are joined. A draft is an answer
that starts early, behind a shut valve; it is the same turn, only not committed yet.

Facts that an input changes (who speaks since when, which words) are noted in `machine.py` before
its row is looked up. An input without a row changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vivavoce.core.turn import Origin, Outcome
from vivavoce.floor import inputs as say
from vivavoce.floor.endpointing import completeness
from vivavoce.floor.facts import Facts, State
from vivavoce.floor.lexicon import is_backchannel, same_words
from vivavoce.floor.policy import Depth

__all__ = ["TABLE", "Row"]

IDLE, USER, PAUSE, AGENT, OVERLAP = State
ANY = frozenset(State)


@dataclass(frozen=True, slots=True)
class Row:
    """A transition. `condition`, `actions` and `to` are the words of the docs' table."""

    states: frozenset[State]
    inputs: tuple[type[say.Input], ...]
    condition: str
    when: Callable[[Facts, Any], bool]  # Any: each row's functions take its own input types
    actions: str
    do: Callable[[Facts, Any], State]
    to: str


# --- conditions ---------------------------------------------------------------------------------


def _always(facts: Facts, given: say.Input) -> bool:
    return True


def _is_live(facts: Facts, given: say.TurnEnded | say.DraftFailed) -> bool:
    return facts.live is not None and facts.live.id == given.turn


def _live_ended(facts: Facts, given: say.TurnEnded) -> bool:
    return _is_live(facts, given) and facts.live is not None and facts.live.committed


def _draft_failed(facts: Facts, given: say.DraftFailed) -> bool:
    return _is_live(facts, given) and facts.live is not None and not facts.live.committed


def _contradicts(facts: Facts, given: say.Text) -> bool:
    if facts.live is None:
        return False
    if facts.state is PAUSE:
        return not same_words(facts.live.text, facts.text)
    stable = facts.words.stable_text
    return not same_words(facts.live.text[: len(stable)], stable[: len(facts.live.text)])


def _may_draft(facts: Facts) -> bool:
    return (
        facts.policy.draft is not Depth.OFF
        and facts.automatic
        and facts.live is None
        and bool(facts.text)
    )


def _complete_request(facts: Facts, given: say.Text) -> bool:
    stable = facts.words.stable_text
    if not _may_draft(facts) or not stable or stable != facts.words.text:
        return False
    return completeness(stable, None) >= facts.policy.scores[0]


def _eager(facts: Facts, given: say.Input) -> bool:
    if not _may_draft(facts) or facts.speaking or facts.quiet < facts.policy.eager:
        return False
    return facts.words.stable_text == facts.words.text


def _ready(facts: Facts, given: say.Input) -> bool:
    return facts.ready()


def _silent(facts: Facts, given: say.Input) -> bool:
    return facts.nothing_said() and facts.wants_response


def _nothing_said(facts: Facts, given: say.Input) -> bool:
    return facts.nothing_said()


def _unheard(facts: Facts, given: say.Input) -> bool:
    return facts.nothing_said() and not facts.covered and facts.onset is not None


def _words_to_answer(facts: Facts, given: say.Text) -> bool:
    return facts.is_new(given.transcript) and bool(given.transcript.text.strip())


def _late_final_differs(facts: Facts, given: say.Text) -> bool:
    live = facts.live
    if live is None or not live.joinable or facts.is_new(given.transcript):
        return False
    text = _corrected(facts)
    return given.transcript.is_final and bool(text) and not same_words(text, live.text)


def _corrected(facts: Facts) -> str:
    return " ".join(part for part in (facts.answered_after, facts.answered.text) if part)


def _passed_over_interruption(facts: Facts, given: say.Text) -> bool:
    text = facts.passed_over.text
    return facts.policy.interruptions and bool(text) and not is_backchannel(text)


def _may_interrupt(facts: Facts, given: say.Input) -> bool:
    if facts.live is None:
        return False
    return facts.policy.interruptions or facts.live.joinable


def _joins(facts: Facts, given: say.Text) -> bool:
    return facts.live is not None and facts.live.joinable and bool(facts.words.text)


def _interrupts(facts: Facts, given: say.Text) -> bool:
    text = facts.words.text
    return bool(text) and not is_backchannel(text)


def _sustained(facts: Facts, given: say.Input) -> bool:
    if not facts.speaking or facts.addressed < 0.5:
        return False
    return facts.now - facts.burst >= facts.policy.sustained


def _no_interruption(facts: Facts, given: say.Input) -> bool:
    if facts.speaking:
        return False
    return facts.covered or facts.quiet >= facts.policy.words_bound


def _held_too_long(facts: Facts, given: say.Input) -> bool:
    return facts.now - facts.held_at >= facts.policy.overlap_bound


def _held_too_long_for_user(facts: Facts, given: say.Input) -> bool:
    return _held_too_long(facts, given) and facts.speaking and facts.addressed >= 0.5


def _commits(facts: Facts, given: say.InputClosed) -> bool:
    return given.commits


# --- transitions --------------------------------------------------------------------------------


def _stay(facts: Facts, given: say.Input) -> State:
    return facts.state


def _typed(facts: Facts, given: say.Typed) -> State:
    facts.cancel(Outcome.INTERRUPTED)
    return facts.answer(Origin.TYPED, given.text)


def _key_down(facts: Facts, given: say.KeyDown) -> State:
    facts.cancel(Outcome.INTERRUPTED)
    facts.key_held = True
    return USER


def _key_up(facts: Facts, given: say.KeyUp) -> State:
    facts.key_held = False
    facts.forced = True
    if facts.speaking:
        facts.speaking, facts.quiet_since = False, facts.now
    return facts.answer_words() if facts.ready() else PAUSE


def _stop(facts: Facts, given: say.Stop) -> State:
    facts.cancel(Outcome.INTERRUPTED)
    if facts.state in (AGENT, OVERLAP):
        facts.words.clear()
        facts.onset = None
    return facts.rest()


def _leave(facts: Facts, given: say.Input) -> State:
    facts.cancel(Outcome.INTERRUPTED)
    facts.announcements.clear()
    facts.speaking = facts.key_held = False
    facts.forget()
    return IDLE


def _close_item(facts: Facts, given: say.ManualCommit) -> State:
    if facts.live is not None and not facts.live.committed:
        facts.cancel(Outcome.SUPERSEDED)
    facts.actions.append(say.CloseItem(facts.text))
    facts.passed_until = facts.border
    facts.words.clear()
    facts.take_words()
    return facts.state if facts.live is not None else facts.rest()


def _respond_now(facts: Facts, given: say.Respond) -> State:
    facts.cancel(Outcome.SUPERSEDED)
    return facts.answer(Origin.TYPED, "")


def _respond(facts: Facts, given: say.Respond) -> State:
    facts.forced = facts.wants_response = True
    if facts.speaking:
        facts.speaking, facts.quiet_since = False, facts.now
    return facts.answer_words() if facts.ready() else PAUSE


def _flush(facts: Facts, given: say.InputClosed) -> State:
    facts.forced, facts.key_held = True, False
    if facts.state is OVERLAP:
        return OVERLAP
    return facts.answer_words() if facts.ready() else PAUSE


def _announce(facts: Facts, given: say.Announce) -> State:
    return facts.answer(Origin.ANNOUNCED, given.text)


def _queue(facts: Facts, given: say.Announce) -> State:
    facts.announcements.append(given.text)
    return facts.state


def _to_user(facts: Facts, given: say.Input) -> State:
    return USER


def _to_pause(facts: Facts, given: say.Input) -> State:
    return PAUSE


def _hear(facts: Facts, given: say.Text) -> State:
    facts.quiet_since = min(given.transcript.end, facts.now)
    return PAUSE


def _draft(facts: Facts, given: say.Input) -> State:
    facts.start(Origin.SPEECH, facts.text)
    return facts.state


def _drop_draft(facts: Facts, given: say.Text) -> State:
    facts.cancel(Outcome.SUPERSEDED)
    if facts.state is PAUSE and _may_draft(facts):
        facts.start(Origin.SPEECH, facts.text)
    return facts.state


def _forget_draft(facts: Facts, given: say.DraftFailed) -> State:
    facts.live = None
    return facts.state


def _commit(facts: Facts, given: say.Input) -> State:
    return facts.answer_words()


def _give_up(facts: Facts, given: say.Input) -> State:
    facts.cancel(Outcome.SUPERSEDED)
    facts.forget()
    return IDLE


def _ask_again(facts: Facts, given: say.Input) -> State:
    facts.actions.append(say.Unheard())
    return _give_up(facts, given)


def _correct(facts: Facts, given: say.Text) -> State:
    facts.cancel(Outcome.SUPERSEDED)
    live = facts.start(Origin.SPEECH, _corrected(facts))
    live.committed = True
    facts.actions.append(say.Commit(live.id, live.text, facts.quiet_since))
    return AGENT


def _interrupt_late(facts: Facts, given: say.Text) -> State:
    facts.cancel(Outcome.INTERRUPTED)
    facts.words, facts.passed_over = facts.passed_over, facts.words
    facts.passed_until = float("-inf")
    return facts.rest()


def _hold(facts: Facts, given: say.SpeechStarted) -> State:
    return facts.hold()


def _join(facts: Facts, given: say.Text) -> State:
    facts.supersede()
    return facts.rest()


def _interrupt(facts: Facts, given: say.Input) -> State:
    if facts.live is not None and facts.live.joinable:
        facts.supersede()
    else:
        facts.cancel(Outcome.INTERRUPTED)
    return facts.rest()


def _resume(facts: Facts, given: say.Input) -> State:
    return facts.resume()


def _over(facts: Facts, given: say.TurnEnded) -> State:
    facts.live = None
    if is_backchannel(facts.words.text) and not facts.speaking:
        facts.forget()
    return facts.rest()


# --- the table ----------------------------------------------------------------------------------


def _row(
    states: frozenset[State] | tuple[State, ...],
    inputs: type[say.Input] | tuple[type[say.Input], ...],
    condition: str,
    when: Callable[[Facts, Any], bool],
    actions: str,
    do: Callable[[Facts, Any], State],
    to: str,
) -> Row:
    kinds = inputs if isinstance(inputs, tuple) else (inputs,)
    return Row(frozenset(states), kinds, condition, when, actions, do, to)


_QUIETER = (say.Tick, say.Text, say.EndProbability)

# fmt: off
TABLE: tuple[Row, ...] = (
    # from outside
    _row(ANY, say.Typed, "", _always, "Cancel(interrupted) if live, Start + Commit", _typed, "AGENT"),
    _row(ANY, say.KeyDown, "", _always, "Cancel(interrupted) if live", _key_down, "USER"),
    _row((USER,), say.KeyUp, "", _always, "Start + Commit if the text is final", _key_up, "PAUSE, AGENT"),
    _row(ANY, say.Stop, "", _always, "Cancel(interrupted) if live", _stop, "IDLE; USER if speaking"),
    _row(ANY, say.Detached, "", _always, "Cancel(interrupted) if live", _leave, "IDLE"),
    _row((USER, PAUSE, OVERLAP), say.InputClosed, "a file", _commits, "flush the STT", _flush, "PAUSE, OVERLAP, AGENT"),
    _row((IDLE, AGENT), say.InputClosed, "a file", _commits, "", _stay, "same"),
    _row(ANY, say.InputClosed, "a call", _always, "Cancel(interrupted) if live", _leave, "IDLE"),
    _row(ANY, say.ManualCommit, "", _always, "Close item", _close_item, "IDLE; same if a turn is live"),
    _row((IDLE,), say.Respond, "", _always, "Start + Commit", _respond_now, "AGENT"),
    _row((USER, PAUSE), say.Respond, "", _always, "Start + Commit if the text is final", _respond, "PAUSE, AGENT"),
    _row((IDLE,), say.Announce, "", _always, "Start + Commit", _announce, "AGENT"),
    _row(ANY, say.Announce, "", _always, "queued until IDLE", _queue, "same"),
    # the user's turn
    _row((IDLE,), say.SpeechStarted, "", _always, "", _to_user, "USER"),
    _row((IDLE,), say.Text, "words that no turn has taken", _words_to_answer, "", _hear, "PAUSE"),
    _row((USER,), say.Text, "contradicts the draft", _contradicts, "Cancel(superseded)", _drop_draft, "same"),
    _row((USER,), say.Text, "the stable text is a complete request, no draft", _complete_request, "Start", _draft, "same"),
    _row((USER,), say.SpeechStopped, "", _always, "", _to_pause, "PAUSE"),
    _row((USER, PAUSE), say.DraftFailed, "", _draft_failed, "", _forget_draft, "same"),
    _row((PAUSE,), say.SpeechStarted, "", _always, "keep the draft until words contradict it", _to_user, "USER"),
    _row((PAUSE,), _QUIETER, "quiet ≥ wait, and the text is final or its bound has passed", _ready, "Start if no draft, Commit", _commit, "AGENT"),
    _row((PAUSE,), _QUIETER, "no words in what the STT has covered, an answer was asked for", _silent, "Start + Commit", _respond_now, "AGENT"),
    _row((PAUSE,), _QUIETER, "the STT has not answered within its bound", _unheard, "Cancel(superseded) if a draft, say so", _ask_again, "IDLE"),
    _row((PAUSE,), _QUIETER, "no words in what the STT has covered", _nothing_said, "Cancel(superseded) if a draft", _give_up, "IDLE"),
    _row((PAUSE,), say.Text, "contradicts the draft", _contradicts, "Cancel(superseded), Start", _drop_draft, "same"),
    _row((PAUSE,), _QUIETER, "quiet ≥ eager and the text is stable, no draft", _eager, "Start", _draft, "same"),
    # the assistant's turn
    _row((AGENT,), say.Text, "nothing heard, no effect: the final differs from the committed text", _late_final_differs, "Cancel(superseded), Start + Commit", _correct, "AGENT"),
    _row((AGENT,), say.Text, "speech that was resumed over proves an interruption", _passed_over_interruption, "Cancel(interrupted)", _interrupt_late, "USER; PAUSE if quiet"),
    _row((AGENT,), say.SpeechStarted, "interruptions allowed, or nothing heard and no effect", _may_interrupt, "Hold", _hold, "OVERLAP"),
    _row((OVERLAP,), say.Text, "words, and nothing heard, no effect, answers speech", _joins, "Cancel(superseded), join the texts", _join, "USER; PAUSE if quiet"),
    _row((OVERLAP,), say.Text, "words that are more than a backchannel", _interrupts, "Cancel(interrupted)", _interrupt, "USER; PAUSE if quiet"),
    _row((OVERLAP,), say.Tick, "speech goes on", _sustained, "Cancel(interrupted)", _interrupt, "USER"),
    _row((OVERLAP,), (say.Tick, say.Text), "quiet, and no words or a backchannel", _no_interruption, "Resume", _resume, "AGENT"),
    _row((OVERLAP,), say.Tick, "held too long, addressed", _held_too_long_for_user, "Cancel(interrupted)", _interrupt, "USER"),
    _row((OVERLAP,), say.Tick, "held too long", _held_too_long, "Resume", _resume, "AGENT"),
    _row((AGENT, OVERLAP), say.TurnEnded, "", _live_ended, "", _over, "IDLE; USER if speaking; PAUSE if words are pending"),
)
# fmt: on
