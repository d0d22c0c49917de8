"""The floor's rules, all of them: one row a transition, the first that fits is taken.

Theory of operation. The user's speech moves the floor IDLE → USER → PAUSE and back; a pause that is
long enough for its words commits an answer, PAUSE → AGENT. Speech over an answer holds it, AGENT →
OVERLAP, until it is clear what that speech is: an interruption (the answer ends, → USER or PAUSE)
or not (it goes on, → AGENT). As long as nothing of an answer was heard, more words do not interrupt
it but belong to its question: the turn is superseded and the words are joined. A draft is an answer
that starts early, behind a shut valve; it is the same turn, only not committed yet.

Facts that an input changes (who speaks since when, which words) are noted in `machine.py` before
its row is looked up. An input without a row changes nothing else. `conditions.py` and
`transitions.py` hold what the rows' `when` and `then` say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vivavoce.floor import conditions as when
from vivavoce.floor import inputs as say
from vivavoce.floor import transitions as then
from vivavoce.floor.facts import Facts, State

__all__ = ["TABLE", "Row"]

IDLE, USER, PAUSE, AGENT, OVERLAP = State
_ANY = tuple(State)


@dataclass(frozen=True, slots=True)
class Row:
    """A transition. `condition`, `actions` and `to` are the words of the docs' table."""

    states: tuple[State, ...]
    inputs: tuple[type[say.Input], ...]
    condition: str
    when: Callable[[Facts, Any], bool]  # Any: each row's functions take its own input types
    actions: str
    do: Callable[[Facts, Any], State]
    to: str


def _row(
    states: tuple[State, ...],
    inputs: type[say.Input] | tuple[type[say.Input], ...],
    condition: str,
    when: Callable[[Facts, Any], bool],
    actions: str,
    do: Callable[[Facts, Any], State],
    to: str,
) -> Row:
    kinds = inputs if isinstance(inputs, tuple) else (inputs,)
    return Row(states, kinds, condition, when, actions, do, to)


_QUIETER = (say.Tick, say.Text, say.EndProbability)
_LATER = (say.Tick, say.Text)

# fmt: off
TABLE: tuple[Row, ...] = (
    # from outside
    _row(_ANY, say.Typed, "", when.always, "Cancel(interrupted) if live, Start + Commit", then.typed, "AGENT"),
    _row(_ANY, say.KeyDown, "", when.always, "Cancel(interrupted) if live", then.key_down, "USER"),
    _row((USER,), say.KeyUp, "the key was down", when.key_held, "Start + Commit if the text is final", then.end_turn, "PAUSE, AGENT"),
    _row((AGENT, OVERLAP), say.KeyUp, "the key was down", when.key_held, "", then.end_turn_later, "same"),
    _row((AGENT, OVERLAP), say.Stop, "", when.always, "Cancel(interrupted), drop what was said over it", then.stop, "IDLE; USER if speaking"),
    _row((USER, PAUSE), say.Discard, "", when.always, "Cancel(superseded) if a draft, drop what was said", then.discard, "IDLE; USER if speaking"),
    _row(_ANY, say.Detached, "", when.always, "Cancel(interrupted) if live", then.leave, "IDLE"),
    _row((USER, PAUSE), say.InputClosed, "a file", when.is_file, "Start + Commit if the text is final", then.end_turn, "PAUSE, AGENT"),
    _row((IDLE, AGENT, OVERLAP), say.InputClosed, "a file", when.is_file, "", then.stay, "same"),
    _row(_ANY, say.InputClosed, "a call", when.always, "Cancel(interrupted) if live", then.leave, "IDLE"),
    _row(_ANY, say.ManualCommit, "", when.always, "Close item if the text is final", then.close_soon, "IDLE; PAUSE if it is not; same if a turn is live"),
    _row((PAUSE, AGENT, OVERLAP), _QUIETER, "the item is to be closed, and its text is final or its bound has passed", when.item_ready, "Close item", then.close_item, "IDLE; same if a turn is live"),
    _row((IDLE,), say.Respond, "", when.always, "Start + Commit", then.respond_now, "AGENT"),
    _row((USER, PAUSE), say.Respond, "", when.always, "Start + Commit if the text is final", then.respond, "PAUSE, AGENT"),
    _row((IDLE,), say.Announce, "somebody is there", when.attached, "Start + Commit", then.announce, "AGENT"),
    _row(_ANY, say.Announce, "", when.always, "queued until IDLE", then.queue, "same"),
    # words that come late
    _row(_ANY, say.Text, "speech that an answer was resumed over was more than a backchannel", when.passed_over_was_meant, "Cancel(superseded or interrupted) if live", then.take_back, "PAUSE; USER if speaking; same if interruptions are off"),
    # the user's turn
    _row((IDLE,), say.SpeechStarted, "", when.always, "", then.rest, "USER"),
    _row((IDLE,), say.Text, "words that no turn has taken", when.words, "", then.rest, "PAUSE"),
    _row((USER,), say.Text, "contradicts the draft", when.contradicts, "Cancel(superseded)", then.drop_draft, "same"),
    _row((USER,), say.Text, "the stable text is a complete request, no draft", when.complete_request, "Start", then.draft, "same"),
    _row((USER,), say.SpeechStopped, "", when.always, "", then.rest, "PAUSE; USER if the key is down"),
    _row((USER, PAUSE), say.DraftFailed, "", when.draft_failed, "", then.forget_draft, "same"),
    _row((PAUSE,), say.SpeechStarted, "", when.always, "keep the draft until words contradict it", then.rest, "USER"),
    _row((PAUSE,), _QUIETER, "no answer is wanted yet: quiet ≥ wait, and the text is final or its bound has passed", when.ready_unanswered, "Close item", then.close_item, "IDLE"),
    _row((PAUSE,), _QUIETER, "quiet ≥ wait, and the text is final or its bound has passed", when.ready, "Start if no draft, Commit", then.commit, "AGENT"),
    _row((PAUSE,), _QUIETER, "no words in what the STT has covered, an answer was asked for", when.silent, "Start + Commit", then.respond_now, "AGENT"),
    _row((PAUSE,), _QUIETER, "the STT has not answered within its bound, or made nothing of long speech", when.unheard, "Cancel(superseded) if a draft, say so", then.ask_again, "IDLE"),
    _row((PAUSE,), _QUIETER, "no words in what the STT has covered", when.nothing_said, "Cancel(superseded) if a draft", then.give_up, "IDLE"),
    _row((PAUSE,), say.Text, "contradicts the draft", when.contradicts, "Cancel(superseded), Start", then.drop_draft, "same"),
    _row((PAUSE,), _QUIETER, "quiet ≥ eager and the text is stable, no draft", when.eager, "Start", then.draft, "same"),
    # the assistant's turn
    _row((AGENT,), _LATER, "nothing heard, no effect: the final differs from the committed text", when.late_final_differs, "Cancel(superseded), Start + Commit", then.correct, "AGENT"),
    _row((AGENT,), say.SpeechStarted, "interruptions allowed, or nothing heard and no effect", when.interruptible, "Hold", then.hold, "OVERLAP"),
    _row((AGENT, OVERLAP), _LATER, "words, and nothing heard, no effect, answers speech", when.joins, "Cancel(superseded), join the texts", then.break_off, "USER; PAUSE if quiet"),
    _row((OVERLAP,), _LATER, "words that are more than a backchannel", when.interrupts, "Cancel(interrupted)", then.break_off, "USER; PAUSE if quiet"),
    _row((OVERLAP,), say.Tick, "speech goes on", when.sustained, "Cancel(interrupted)", then.break_off, "USER"),
    _row((OVERLAP,), _LATER, "quiet, and no words or a backchannel", when.no_interruption, "Resume", then.resume, "AGENT"),
    _row((OVERLAP,), say.Tick, "held too long, addressed", when.held_too_long_for_user, "Cancel(interrupted)", then.break_off, "USER"),
    _row((OVERLAP,), say.Tick, "held too long", when.held_too_long, "Resume", then.resume, "AGENT"),
    _row((AGENT, OVERLAP), say.TurnEnded, "", when.live_ended, "", then.over, "IDLE; USER if speaking; PAUSE if words are pending"),
)
# fmt: on
