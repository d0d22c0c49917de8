"""When a row of the table fits. Each function sees the facts and the row's input."""

from __future__ import annotations

from vivavoce.floor import inputs as say
from vivavoce.floor.endpointing import completeness
from vivavoce.floor.facts import Facts, State
from vivavoce.floor.lexicon import is_backchannel, plain, same_words
from vivavoce.floor.policy import Depth

__all__ = [
    "always",
    "attached",
    "complete_request",
    "contradicts",
    "draft_failed",
    "eager",
    "held_too_long",
    "held_too_long_for_user",
    "interruptible",
    "interrupts",
    "is_file",
    "item_ready",
    "joins",
    "key_held",
    "late_final_differs",
    "live_ended",
    "no_interruption",
    "nothing_said",
    "passed_over_was_meant",
    "ready",
    "ready_unanswered",
    "silent",
    "sustained",
    "unheard",
    "words",
]

_LONG_S = 0.8  # of speech: longer than a cough or a word that was swallowed


def always(facts: Facts, given: say.Input) -> bool:
    """Nothing more is asked."""
    return True


# --- from outside -------------------------------------------------------------------------------


def key_held(facts: Facts, given: say.KeyUp) -> bool:
    """The key that goes up was down, and nothing has ended the turn since."""
    return facts.key_held


def is_file(facts: Facts, given: say.InputClosed) -> bool:
    """What was said before the end is still answered."""
    return given.commits


def attached(facts: Facts, given: say.Announce) -> bool:
    """There is somebody to hear it."""
    return facts.attached


def item_ready(facts: Facts, given: say.Input) -> bool:
    """The client has closed the item, and its text is as good as it gets."""
    return facts.item_ready()


# --- the user's turn ----------------------------------------------------------------------------


def words(facts: Facts, given: say.Text) -> bool:
    """There are words that no turn has taken."""
    return bool(facts.text)


def passed_over_was_meant(facts: Facts, given: say.Text) -> bool:
    """Speech over which an answer was resumed turns out to be more than a backchannel, and no
    question was answered since."""
    return bool(facts.meant)


def contradicts(facts: Facts, given: say.Text) -> bool:
    """The words are not those of the draft; while they still come, not how those begin."""
    if facts.live is None:
        return False
    if facts.state is State.PAUSE:
        return not same_words(facts.live.text, facts.text)
    return not plain(facts.live.text).startswith(plain(facts.words.stable_text))


def complete_request(facts: Facts, given: say.Text) -> bool:
    """All that was said so far is stable and surely complete, and a draft may start."""
    if not _may_draft(facts) or not _is_stable(facts):
        return False
    return completeness(facts.text, None) >= facts.policy.scores[0]


def eager(facts: Facts, given: say.Input) -> bool:
    """It has been quiet for long enough to start a draft of words that are stable."""
    return _may_draft(facts) and facts.quiet >= facts.policy.eager and _is_stable(facts)


def _may_draft(facts: Facts) -> bool:
    if facts.policy.draft is Depth.OFF or not facts.automatic:
        return False
    return facts.live is None and facts.may_draft and bool(facts.text)


def _is_stable(facts: Facts) -> bool:
    return facts.words.stable_text == facts.text


def draft_failed(facts: Facts, given: say.DraftFailed) -> bool:
    """It is the present draft."""
    return facts.live is not None and facts.live.id == given.turn and not facts.live.committed


def ready_unanswered(facts: Facts, given: say.Input) -> bool:
    """The user's turn is over, and nobody has asked for an answer."""
    return not facts.policy.responds and not facts.forced and facts.ready()


def ready(facts: Facts, given: say.Input) -> bool:
    """The user's turn is over."""
    return facts.ready()


def nothing_said(facts: Facts, given: say.Input) -> bool:
    """The stretch holds no words."""
    return facts.nothing_said()


def silent(facts: Facts, given: say.Input) -> bool:
    """The stretch holds no words, and an answer was asked for."""
    return facts.nothing_said() and facts.wants_response


def unheard(facts: Facts, given: say.Input) -> bool:
    """There was speech, and the recogniser has not said what within its bound; or so much that it
    was no cough, and it made nothing of it. Only once: a television would be asked for ever."""
    if not facts.nothing_said() or not facts.spoken:
        return False
    return not facts.covered or (facts.spoke_for >= _LONG_S and not facts.asked_again)


# --- the assistant's turn -----------------------------------------------------------------------


def late_final_differs(facts: Facts, given: say.Input) -> bool:
    """As long as nobody heard the answer: its question has become final, with other words."""
    live = facts.turn
    if not live.joinable or not facts.answered.words.is_final:
        return False
    text = facts.answered.words.text
    return bool(text) and not same_words(text, live.text)


def interruptible(facts: Facts, given: say.Input) -> bool:
    """Interruptions are allowed, or nobody would notice that this is one."""
    return facts.interruptible


def joins(facts: Facts, given: say.Input) -> bool:
    """The user's question goes on, and nobody heard the answer to its beginning."""
    return facts.turn.joinable and _counts(facts) and bool(facts.over_text)


def interrupts(facts: Facts, given: say.Input) -> bool:
    """The user says more than "go on", and to the assistant."""
    text = facts.over_text
    return _counts(facts) and bool(text) and not is_backchannel(text)


def sustained(facts: Facts, given: say.Input) -> bool:
    """The user goes on speaking to the assistant."""
    if not facts.speaking or not _counts(facts):
        return False
    return facts.since(facts.burst) >= facts.policy.sustained


def no_interruption(facts: Facts, given: say.Input) -> bool:
    """It is quiet, and no words can be expected any more; or none can interrupt."""
    if not facts.interruptible:
        return True
    return not facts.speaking and (facts.covered or facts.quiet >= facts.policy.words_bound)


def held_too_long(facts: Facts, given: say.Input) -> bool:
    """The answer has been held as long as it may be."""
    return facts.since(facts.held_at) >= facts.policy.overlap_bound


def held_too_long_for_user(facts: Facts, given: say.Input) -> bool:
    """The answer has been held as long as it may be, and the user still speaks."""
    return held_too_long(facts, given) and facts.speaking and _counts(facts)


def _counts(facts: Facts) -> bool:
    """Whether what is said over the answer can interrupt it."""
    return facts.interruptible and facts.addressed >= 0.5


def live_ended(facts: Facts, given: say.TurnEnded) -> bool:
    """It is the live turn."""
    return facts.turn.id == given.turn
