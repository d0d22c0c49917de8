"""How a question is put together: drafts, words that go on, late finals, odd recognisers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.floor.scenarios import ASKED, DRAFTS, HEARD, MANUAL, PLAIN, TYPED
from tests.floor.scripts import parse, play
from vivavoce.floor import Floor, Policy
from vivavoce.floor import inputs as say

CASES: dict[str, tuple[Policy, str]] = {
    # drafts
    "a final that differs from the draft in marks alone commits it": (DRAFTS, """
        0.0 speech                  -> user
        0.9 stable 0-0.9 what is it. -> user: start 1 "what is it."
        1.0 quiet                   -> pause
        1.1 final 0-1 What is it?   -> pause
        1.2 tick                    -> agent: commit 1
    """),
    "a draft of words that may change is not begun": (DRAFTS, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is it  -> pause
        1.5 tick                    -> pause
        1.6 stable 0-1 what is it   -> pause: start 1 "what is it"
    """),
    "an open sentence is not drafted while the user speaks": (DRAFTS, """
        0.0 speech                  -> user
        0.9 stable 0-0.9 What is    -> user
        1.0 partial 0-1 What is it? -> user
        1.1 stable 0-1.1 What is it? -> user: start 1 "What is it?"
        1.2 stable 0-1.2 What is it? -> user
    """),
    "a draft outlives words that are its beginning": (DRAFTS, """
        0.0 speech                  -> user
        0.9 stable 0-0.9 What is it? -> user: start 1 "What is it?"
        1.0 stable 0-1 What is      -> user
    """),
    "a draft of words that turn out to be none is dropped": (DRAFTS, """
        0.0 speech                  -> user
        0.5 quiet                   -> pause
        0.7 stable 0-0.5 What is it?  -> pause: start 1 "What is it?"
        0.8 final 0-0.5             -> idle: cancel 1 superseded
    """),
    "a response to a draft of words that turn out to be none": (DRAFTS, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.2 stable 0-1 What is it?  -> pause: start 1 "What is it?"
        1.2 respond                 -> pause
        1.3 final 0-1               -> agent: cancel 1 superseded, start 2 "", commit 2
    """),
    "no draft where turns end by hand": (replace(MANUAL, draft=DRAFTS.draft), """
        0.0 speech                  -> user
        0.9 stable 0-0.9 What is it? -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 What is it?   -> pause
        5.0 tick                    -> pause
    """),
    "an item that is closed ends its draft": (DRAFTS, """
        0.0 speech                  -> user
        0.9 stable 0-0.9 What is it? -> user: start 1 "What is it?"
        1.0 commit                  -> pause: cancel 1 superseded
        1.5 tick                    -> pause
        1.6 final 0-1 What is it?   -> idle: item "What is it?"
    """),
    "the failure of a turn that is no draft changes nothing": (DRAFTS, """
        0.0 speech                  -> user
        0.1 failed 1                -> user
        0.9 stable 0-0.9 What is it? -> user: start 1 "What is it?"
        0.9 failed 7                -> user
    """),
    # joins
    "a question that is joined twice": (PLAIN, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.7 partial 1.3-1.6 made    -> user: cancel 1 superseded
        2.0 quiet                   -> pause
        2.1 final 1.3-2 made of glass. -> pause
        2.2 tick                    -> agent: start 2 "What is it? made of glass.", commit 2
        2.4 speech                  -> overlap: hold 2
        2.9 tick                    -> user: cancel 2 superseded
        3.0 quiet                   -> pause
        3.1 final 2.3-3 Yes?        -> pause
        3.2 tick                    -> agent: start 3 "What is it? made of glass. Yes?", commit 3
    """),
    "the final of a beginning that was joined replaces its partial": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 watts       -> pause
        3.0 tick                    -> agent: start 1 "watts", commit 1
        3.1 speech                  -> overlap: hold 1
        3.4 partial 3-3.4 made      -> user: cancel 1 superseded
        3.5 final 0-1 What is it    -> user
        4.0 quiet                   -> pause
        4.1 final 3-4 made of?      -> pause
        4.2 tick                    -> agent: start 2 "What is it made of?", commit 2
    """),
    "a question is not joined once an effect has begun": (PLAIN, f"""{ASKED}
        1.3 effect 1                -> agent
        1.4 speech                  -> overlap: hold 1
        1.7 partial 1.3-1.6 no      -> user: cancel 1 interrupted
        2.0 quiet                   -> pause
        2.1 final 1.3-2 No, stop.   -> pause
        2.2 tick                    -> agent: start 2 "No, stop.", commit 2
    """),
    "typed text is not joined": (PLAIN, f"""{TYPED}
        1.4 speech                  -> overlap: hold 1
        1.7 partial 1.3-1.6 no      -> user: cancel 1 interrupted
    """),
    "an announcement that nobody heard is made again": (PLAIN, """
        0.0 announce Dinner.        -> agent: start 1 "Dinner.", commit 1
        1.4 speech                  -> overlap: hold 1
        1.7 partial 1.3-1.6 no      -> user: cancel 1 interrupted
        2.0 quiet                   -> pause
        2.1 final 1.3-2 No, thanks. -> pause
        2.2 tick                    -> agent: start 2 "No, thanks.", commit 2
        3.0 ended 2                 -> agent: start 3 "Dinner.", commit 3
        4.0 sound 3                 -> agent
        5.0 type hush               -> agent: cancel 3 interrupted, start 4 "hush", commit 4
        6.0 ended 4                 -> idle
    """),
    "an announcement that was stopped is not made again": (PLAIN, """
        0.0 announce Dinner.        -> agent: start 1 "Dinner.", commit 1
        0.1 stop                    -> idle: cancel 1 interrupted, item ""
    """),
    "words without voice activity join the question too": (PLAIN, f"""{ASKED}
        1.5 partial 1.2-1.4 made    -> pause: cancel 1 superseded
        1.7 final 1.2-1.6 made of?  -> pause
        1.8 tick                    -> agent: start 2 "What is it? made of?", commit 2
    """),
    "words of a joined question that were passed over come back to their place": (PLAIN, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.5 quiet                   -> overlap
        2.2 tick                    -> agent: resume 1
        2.4 speech                  -> overlap: hold 1
        2.9 tick                    -> user: cancel 1 superseded
        3.0 final 1.2-1.5 Here      -> user
        3.5 quiet                   -> pause
        3.6 final 2.3-3.5 or there? -> pause
        3.7 tick                    -> agent: start 2 "What is it? Here or there?", commit 2
    """),
    # late finals
    "a late final that differs in marks alone changes nothing": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is it  -> pause
        3.0 tick                    -> agent: start 1 "what is it", commit 1
        3.1 final 0-1 What is it?   -> agent
    """),
    "a late final without words changes nothing": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is it  -> pause
        3.0 tick                    -> agent: start 1 "what is it", commit 1
        3.1 final 0-1               -> agent
    """),
    "a late partial changes nothing": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is it  -> pause
        3.0 tick                    -> agent: start 1 "what is it", commit 1
        3.1 partial 0-1 What was it -> agent
    """),
    "a late final after the first sound changes nothing": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is     -> pause
        3.0 tick                    -> agent: start 1 "what is", commit 1
        3.1 sound 1                 -> agent
        3.2 final 0-1 What was it?  -> agent
    """),
    "a late final that comes while the answer is held corrects it when it is resumed": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is     -> pause
        3.0 tick                    -> agent: start 1 "what is", commit 1
        3.1 speech                  -> overlap: hold 1
        3.2 final 0-1 What was it?  -> overlap
        3.3 quiet                   -> overlap
        3.4 final 3-3.3             -> agent: resume 1
        3.5 tick                    -> agent: cancel 1 superseded, start 2 "What was it?", commit 2
    """),
    "a final for a turn before the present one comes too late": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is     -> pause
        3.0 tick                    -> agent: start 1 "what is", commit 1
        3.1 sound 1                 -> agent
        4.0 ended 1                 -> idle
        5.0 speech                  -> user
        6.0 quiet                   -> pause
        6.1 final 5-6 And now?      -> pause
        6.2 tick                    -> agent: start 2 "And now?", commit 2
        6.3 final 0-1 What was it?  -> agent
    """),
    # odd recognisers
    "a mark alone is no word": (PLAIN, """
        0.0 speech                  -> user
        0.3 quiet                   -> pause
        0.5 final 0-0.3 .           -> idle
    """),
    "words without voice activity are answered when they stop coming": (PLAIN, """
        1.0 partial 0-1 what is     -> pause
        1.9 partial 0-1.9 what is it -> pause
        3.8 tick                    -> pause
        3.9 tick                    -> agent: start 1 "what is it", commit 1
    """),
    "words behind the end of the voice are taken once": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 What is       -> pause
        1.5 final 1.1-1.4 it?       -> agent: start 1 "What is it?", commit 1
        1.6 final 1.1-1.4 It?       -> agent
        3.0 ended 1                 -> idle
    """),
    "a transcript that claims to cover what was not said yet takes none of it": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-99 What is it?  -> pause
        1.2 tick                    -> agent: start 1 "What is it?", commit 1
        2.0 ended 1                 -> idle
        3.0 speech                  -> user
        4.0 quiet                   -> pause
        4.1 final 3-4 And that?     -> pause
        4.2 tick                    -> agent: start 2 "And that?", commit 2
    """),
    "how the pause before sounded says nothing of this one": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 sounds 0.99             -> pause
        1.2 speech                  -> user
        2.0 quiet                   -> pause
        2.1 final 0-2 tell me a joke -> pause
        2.3 tick                    -> pause
        2.4 tick                    -> agent: start 1 "tell me a joke", commit 1
    """),
    "how the turn before sounded says nothing of this one": (PLAIN, f"""{HEARD}
        2.0 sounds 0.99             -> agent
        3.0 ended 1                 -> idle
        4.0 sounds 0.99             -> idle
        5.0 speech                  -> user
        5.5 sounds 0.99             -> user
        6.0 quiet                   -> pause
        6.1 final 5-6 tell me a joke -> pause
        6.2 tick                    -> pause
        6.3 sounds 0.99             -> agent: start 2 "tell me a joke", commit 2
    """),
    "a sound or an effect of a turn that is over counts for none": (PLAIN, f"""{ASKED}
        1.4 type hm                 -> agent: cancel 1 interrupted, start 2 "hm", commit 2
        1.5 sound 1                 -> agent
        1.6 effect 1                -> agent
        1.7 ended 1                 -> agent
        1.8 ended 2                 -> idle
        1.9 sound 2                 -> idle
        1.9 effect 2                -> idle
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    policy, script = CASES[name]
    play(script, policy)


def commits(floor: Floor, script: str) -> list[say.Commit]:
    """The commits of a script's inputs."""
    actions = [action for step in parse(script) for action in floor.feed(step.given)]
    return [action for action in actions if isinstance(action, say.Commit)]


def test_a_draft_begun_in_mid_word_is_committed_with_the_end_of_the_speech() -> None:
    [commit] = commits(
        Floor(DRAFTS),
        """
        0.0 speech                  -> user
        0.9 stable 0-0.9 What is it? -> user
        1.0 quiet                   -> pause
        1.2 final 0-1 What is it?   -> agent
        """,
    )
    assert commit == say.Commit(1, "What is it?", speech_ended=1.0)


def test_a_corrected_question_ended_when_it_ended() -> None:
    first, second = commits(
        Floor(PLAIN),
        """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is     -> pause
        3.0 tick                    -> agent
        3.1 speech                  -> overlap
        3.2 quiet                   -> overlap
        3.9 tick                    -> agent
        4.0 final 0-1 What was it?  -> agent
        """,
    )
    assert (first.speech_ended, second.speech_ended) == (1.0, 1.0)
    assert second.text == "What was it?"


def test_time_never_runs_backwards() -> None:
    play("""
        5.0 speech                  -> user
        4.0 quiet                   -> pause
        4.1 final 4-5 What is it?   -> agent: start 1 "What is it?", commit 1
    """)
