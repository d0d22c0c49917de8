"""Keys, items and responses by hand, and how the input ends."""

from __future__ import annotations

import pytest

from tests.floor.scenarios import DRAFTS, HEARD, KEY, MANUAL, PLAIN, POLITE, TYPED
from tests.floor.scripts import play
from vivavoce.core.turn import Origin
from vivavoce.floor import Floor, Policy
from vivavoce.floor import inputs as say

CASES: dict[str, tuple[Policy, str]] = {
    # push-to-talk
    "the key holds the turn open whatever the pauses": (KEY, """
        0.0 keydown                 -> user
        0.1 speech                  -> user
        1.0 quiet                   -> user
        1.1 final 0-1 What is       -> user
        5.0 tick                    -> user
        5.1 speech                  -> user
        6.0 quiet                   -> user
        6.2 keyup                   -> pause
        6.3 final 0-6 What is it    -> agent: start 1 "What is it", commit 1
    """),
    "a key that was not down does not go up": (KEY, """
        0.0 speech                  -> user
        0.1 keyup                   -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 What is it?   -> pause
        1.2 keyup                   -> pause
        9.0 tick                    -> pause
        9.1 keydown                 -> user
        9.2 keyup                   -> agent: start 1 "What is it?", commit 1
    """),
    "a key that goes up beside an answer, with nothing said, is forgotten": (KEY, """
        0.0 keydown                 -> user
        0.5 type hello              -> agent: start 1 "hello", commit 1
        1.0 keyup                   -> agent
        2.0 ended 1                 -> idle
        3.0 speech                  -> user
        4.0 quiet                   -> pause
        4.1 final 3-4 hm            -> pause
        9.0 tick                    -> pause
    """),
    "a key that goes up over noise beside an answer is forgotten": (KEY, """
        0.0 keydown                 -> user
        0.5 type hello              -> agent: start 1 "hello", commit 1
        0.6 speech                  -> overlap: hold 1
        0.9 keyup                   -> overlap
        1.0 final 0.6-0.9           -> agent: resume 1
        2.0 ended 1                 -> idle
        3.0 speech                  -> user
        4.0 quiet                   -> pause
        4.1 final 3-4 hm            -> pause
        9.0 tick                    -> pause
    """),
    "a key without a word is forgotten when something is typed": (KEY, """
        0.0 keydown                 -> user
        0.2 keyup                   -> pause
        0.5 type hello              -> agent: start 1 "hello", commit 1
        2.0 ended 1                 -> idle
        3.0 speech                  -> user
        4.0 quiet                   -> pause
        4.1 final 3-4 hm            -> pause
        9.0 tick                    -> pause
    """),
    "noise over an answer does not keep the words that a key has closed": (KEY, """
        0.0 keydown                 -> user
        0.1 speech                  -> user
        0.4 quiet                   -> user
        0.5 final 0-0.4 What        -> user
        0.6 type hello              -> agent: start 1 "hello", commit 1
        0.7 keyup                   -> agent
        1.0 speech                  -> overlap: hold 1
        1.2 quiet                   -> overlap
        1.3 final 0.9-1.2           -> agent: resume 1
        2.0 ended 1                 -> pause
        2.1 tick                    -> agent: start 2 "What", commit 2
    """),
    "words under a key may come without voice activity": (KEY, """
        0.0 keydown                 -> user
        1.0 keyup                   -> pause
        1.3 final 0.2-1 What is it  -> agent: start 1 "What is it", commit 1
    """),
    "the key stays down beside a stop": (KEY, """
        0.0 keydown                 -> user
        0.3 type hello              -> agent: start 1 "hello", commit 1
        0.5 stop                    -> user: cancel 1 interrupted
        1.0 keyup                   -> pause
    """),
    # items and responses by hand
    "an empty item is closed at once": (MANUAL, """
        0.0 commit                  -> idle: item ""
    """),
    "an item is closed at once while a key is down": (MANUAL, """
        0.0 keydown                 -> user
        0.1 commit                  -> idle: item ""
    """),
    "an item is closed although its speaker goes on": (MANUAL, """
        0.0 speech                  -> user
        1.0 commit                  -> pause
        1.1 speech                  -> user
        2.0 quiet                   -> pause
        2.1 final 0-2 One, two.     -> idle: item "One, two."
    """),
    "an item of words over a held answer does not end it": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.2 commit                  -> overlap
        3.9 tick                    -> agent: resume 1
        4.0 final 2.8-3.2 Hm, so.   -> agent: item "Hm, so."
        5.0 ended 1                 -> idle
    """),
    "an item beside an answer waits for its speaker, who goes on": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        3.2 commit                  -> agent
        3.3 speech                  -> agent
        3.4 partial 2.8-3.4 hm      -> agent
        4.0 quiet                   -> agent
        4.1 final 2.8-4 Hm, so.     -> agent: item "Hm, so."
    """),
    "a backchannel that is to be an item outlives the answer": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        3.2 commit                  -> agent
        3.3 partial 2.8-3.2 yes     -> agent
        3.4 ended 1                 -> pause
        3.5 final 2.8-3.2 Yes.      -> idle: item "Yes."
    """),
    "a response beside an answer is not asked for twice": (MANUAL, f"""{TYPED}
        1.0 respond                 -> agent
        2.0 ended 1                 -> idle
    """),
    "a response while speech is held": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.1 respond                 -> overlap
    """),
    "a response after words that are final": (MANUAL, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 One and       -> pause
        2.0 respond                 -> agent: start 1 "One and", commit 1
    """),
    "a recogniser that is silent does not ask again where a response is wanted": (MANUAL, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 respond                 -> pause
        3.0 tick                    -> agent: start 1 "", commit 1
        3.2 final 0-1 One?          -> agent
        4.0 ended 1                 -> pause
        9.0 respond                 -> agent: start 2 "One?", commit 2
    """),
    "manual mode commits nothing by itself": (MANUAL, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 What is it?   -> pause
        9.0 tick                    -> pause
        9.1 stop                    -> pause
    """),
    # endings
    "a file ends in silence": (PLAIN, """
        0.5 eof                     -> idle
    """),
    "a file ends in a pause": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 and           -> pause
        1.2 eof                     -> agent: start 1 "and", commit 1
    """),
    "a file ends with a key down": (KEY, """
        0.0 keydown                 -> user
        0.1 speech                  -> user
        1.0 quiet                   -> user
        1.1 final 0-1 and           -> user
        1.2 eof                     -> agent: start 1 "and", commit 1
    """),
    "a file ends with a key down beside an answer": (KEY, """
        0.0 keydown                 -> user
        0.1 speech                  -> user
        0.5 type hello              -> agent: start 1 "hello", commit 1
        0.6 eof                     -> agent
        0.8 final 0-0.6 and         -> agent
        1.0 ended 1                 -> pause
        1.1 tick                    -> agent: start 2 "and", commit 2
    """),
    "a caller hangs up in a draft": (DRAFTS, """
        0.0 speech                  -> user
        0.9 stable 0-0.9 What is it? -> user: start 1 "What is it?"
        1.0 hangup                  -> idle: cancel 1 superseded
    """),
    "a caller hangs up while an answer is held": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.1 hangup                  -> idle: cancel 1 interrupted
    """),
    "a caller hangs up in a pause": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 and           -> pause
        1.2 detached                -> idle
        9.0 tick                    -> idle
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    policy, script = CASES[name]
    play(script, policy)


def test_a_floor_is_finished_when_all_that_was_said_is_answered() -> None:
    floor = Floor()
    finished = []
    for given in (
        say.Announce(0.0, "Dinner."),
        say.Announce(0.1, "Tea."),
        say.InputClosed(0.2, commits=True),
        say.TurnEnded(1.0, 1),
        say.TurnEnded(2.0, 2),
    ):
        floor.feed(given)
        finished.append(floor.finished)
    assert finished == [False, False, False, False, True]


def test_announcements_wait_for_another_transport() -> None:
    floor = play("""
        0.0 hangup                  -> idle
        0.1 announce Dinner.        -> idle
    """)
    assert floor.finished
    floor.reopen()
    assert floor.feed(say.Tick(1.0)) == [
        say.Start(1, Origin.ANNOUNCED, "Dinner."),
        say.Commit(1, "Dinner."),
    ]


def test_what_was_queued_is_not_said_to_whoever_comes_next() -> None:
    floor = play("""
        0.0 type hello              -> agent: start 1 "hello", commit 1
        0.1 announce Dinner.        -> agent
        0.2 detached                -> idle: cancel 1 interrupted
    """)
    floor.reopen()
    assert floor.feed(say.Tick(1.0)) == []


def test_the_text_so_far_and_the_policy_are_open_to_view() -> None:
    floor = play("""
        0.0 speech                  -> user
        1.0 partial 0-1 what is     -> user
    """)
    assert floor.text == "what is"
    floor.policy = MANUAL
    assert floor.policy is MANUAL
