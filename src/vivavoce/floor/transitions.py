"""What a row of the table does. Each function changes the facts and gives the next state."""

from __future__ import annotations

from vivavoce.core.turn import Origin, Outcome
from vivavoce.floor import inputs as say
from vivavoce.floor.conditions import eager
from vivavoce.floor.facts import Facts, State
from vivavoce.floor.lexicon import is_backchannel

__all__ = [
    "announce",
    "ask_again",
    "break_off",
    "close_item",
    "close_soon",
    "commit",
    "correct",
    "discard",
    "draft",
    "drop_draft",
    "end_turn",
    "end_turn_later",
    "forget_draft",
    "give_up",
    "hold",
    "key_down",
    "leave",
    "over",
    "queue",
    "respond",
    "respond_now",
    "rest",
    "resume",
    "stay",
    "stop",
    "take_back",
    "typed",
]


def stay(facts: Facts, given: say.Input) -> State:
    """Nothing."""
    return facts.state


def rest(facts: Facts, given: say.Input) -> State:
    """The user speaks, pauses, or has nothing to say."""
    return facts.rest()


# --- from outside -------------------------------------------------------------------------------


def typed(facts: Facts, given: say.Typed) -> State:
    """Answer what was typed; speech under way stays open."""
    facts.cancel(Outcome.INTERRUPTED)
    return facts.answer(Origin.TYPED, given.text)


def key_down(facts: Facts, given: say.KeyDown) -> State:
    """The user's turn lasts until the key goes up."""
    facts.cancel(Outcome.INTERRUPTED)
    facts.key_held = True
    return State.USER


def end_turn(facts: Facts, given: say.Input) -> State:
    """Commit as soon as the text is final."""
    facts.end_speech()
    facts.forced = True
    return facts.answer_words() if facts.ready() else State.PAUSE


def end_turn_later(facts: Facts, given: say.KeyUp) -> State:
    """What was said beside the live answer is committed after it."""
    facts.end_speech()
    facts.forced = facts.rest() is State.PAUSE
    return facts.state


def stop(facts: Facts, given: say.Stop) -> State:
    """End the answer for good. What was said over it goes with it, unless that is awaited."""
    facts.cancel(Outcome.INTERRUPTED, say_again=False)
    if not facts.awaited:
        facts.actions.append(say.CloseItem(""))
        facts.drop_words()
    return facts.rest()


def discard(facts: Facts, given: say.Discard) -> State:
    """Forget what the user said; who still speaks begins anew."""
    facts.cancel(Outcome.SUPERSEDED)
    facts.actions.append(say.CloseItem(""))
    facts.drop_words()
    return facts.rest()


def leave(facts: Facts, given: say.Input) -> State:
    """Nobody is there any more."""
    facts.cancel(Outcome.INTERRUPTED)
    facts.announcements.clear()
    facts.attached = False
    facts.end_speech()
    facts.drop_words()
    return State.IDLE


def close_soon(facts: Facts, given: say.ManualCommit) -> State:
    """Close the item as soon as its text is final."""
    if facts.live is not None and not facts.live.committed:
        facts.cancel(Outcome.SUPERSEDED)
    facts.end_speech()
    facts.closing = True
    if facts.item_ready():
        return close_item(facts, given)
    return facts.rest() if facts.live is None else facts.state


def close_item(facts: Facts, given: say.Input) -> State:
    """The words are an item of their own, which nobody answers yet."""
    facts.actions.append(say.CloseItem(facts.text))
    facts.drop_words()
    return facts.rest() if facts.live is None else facts.state


def respond(facts: Facts, given: say.Respond) -> State:
    """Answer as soon as the text is final, and even if there is none."""
    facts.closing = False
    facts.wants_response = True
    return end_turn(facts, given)


def respond_now(facts: Facts, given: say.Input) -> State:
    """Answer the conversation as it is."""
    facts.cancel(Outcome.SUPERSEDED)
    facts.forget()
    return facts.answer(Origin.TYPED, "")


def announce(facts: Facts, given: say.Announce) -> State:
    """Say it."""
    return facts.answer(Origin.ANNOUNCED, given.text)


def queue(facts: Facts, given: say.Announce) -> State:
    """Say it as soon as the floor is free."""
    facts.announcements.append(given.text)
    return facts.state


# --- the user's turn ----------------------------------------------------------------------------


def draft(facts: Facts, given: say.Input) -> State:
    """Begin an answer behind the valve."""
    facts.draft()
    return facts.state


def drop_draft(facts: Facts, given: say.Text) -> State:
    """End the draft, and begin another where that would be done anyway."""
    facts.cancel(Outcome.SUPERSEDED)
    if eager(facts, given):
        facts.draft()
    return facts.state


def forget_draft(facts: Facts, given: say.DraftFailed) -> State:
    """The draft has ended itself; these words are answered without one."""
    facts.live = None
    facts.may_draft = False
    return facts.state


def commit(facts: Facts, given: say.Input) -> State:
    """Answer the user's words."""
    return facts.answer_words()


def give_up(facts: Facts, given: say.Input) -> State:
    """Nothing was said."""
    facts.cancel(Outcome.SUPERSEDED)
    facts.forget()
    return facts.rest()


def ask_again(facts: Facts, given: say.Input) -> State:
    """Say that nothing was understood."""
    facts.actions.append(say.Unheard())
    facts.asked_again = True
    return give_up(facts, given)


# --- the assistant's turn -----------------------------------------------------------------------


def correct(facts: Facts, given: say.Input) -> State:
    """Answer the corrected words instead."""
    return facts.correct()


def hold(facts: Facts, given: say.SpeechStarted) -> State:
    """Silence the answer, but keep it."""
    return facts.hold()


def resume(facts: Facts, given: say.Input) -> State:
    """Let the answer go on."""
    return facts.resume()


def break_off(facts: Facts, given: say.Input) -> State:
    """End the answer, or take it back."""
    return facts.break_off()


def take_back(facts: Facts, given: say.Text) -> State:
    """What was passed over was meant: it ends the answer that was resumed, where it may."""
    facts.take_back()
    if facts.live is None or not facts.live.committed:
        return facts.rest()
    return facts.break_off() if facts.interruptible else facts.state


def over(facts: Facts, given: say.TurnEnded) -> State:
    """The answer has been heard to its end. What was said over it counts if it is more than a
    backchannel, or if something else says that it does."""
    facts.live = None
    text = facts.over_text
    if not facts.awaited and (not text or is_backchannel(text)):
        if text or facts.burst > facts.over_from:
            facts.actions.append(say.CloseItem(""))
        facts.pass_over()
    return facts.rest()
