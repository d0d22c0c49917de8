"""What becomes of words over an answer, and of those that wait behind it."""

from __future__ import annotations

import pytest

from tests.floor.scenarios import ASKED, HEARD, PLAIN, POLITE
from tests.floor.scripts import play
from vivavoce.floor import Policy

CASES: dict[str, tuple[Policy, str]] = {
    # backchannels
    "a backchannel does not prefix the next turn": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.3 quiet                   -> overlap
        4.0 tick                    -> agent: resume 1
        5.0 ended 1                 -> idle
        6.0 speech                  -> user
        7.0 quiet                   -> pause
        7.1 final 2.8-3.3 Uh-huh.   -> pause
        7.2 final 6-7 And now?      -> agent: start 2 "And now?", commit 2
        7.3 final 2.8-3.3 Uh-huh!   -> agent
    """),
    "a backchannel does not prefix a question that it divides": (PLAIN, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.6 quiet                   -> overlap
        2.3 tick                    -> agent: resume 1
        2.4 speech                  -> overlap: hold 1
        2.9 tick                    -> user: cancel 1 superseded
        3.0 final 1.2-1.6 Okay.     -> user
        3.5 quiet                   -> pause
        3.6 final 2.3-3.5 Or there? -> pause
        3.7 tick                    -> agent: start 2 "What is it? Or there?", commit 2
    """),
    "a backchannel at the very end of an answer is no turn": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        3.3 quiet                   -> agent
        3.4 partial 2.8-3.3 yeah    -> agent
        3.5 ended 1                 -> idle: item ""
        3.6 final 2.8-3.3 Yeah.     -> idle
    """),
    "what looked like a backchannel at the end of an answer may be more": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        3.3 quiet                   -> agent
        3.4 partial 2.8-3.3 yeah    -> agent
        3.5 ended 1                 -> idle: item ""
        3.6 final 2.8-3.3 Yeah, why? -> pause
        3.7 tick                    -> agent: start 2 "Yeah, why?", commit 2
    """),
    "a reply that begins over the end of an answer is a turn": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.1 ended 1                 -> user
        3.3 quiet                   -> pause
        3.4 final 2.8-3.3 Yes.      -> pause
        3.5 tick                    -> agent: start 2 "Yes.", commit 2
    """),
    "an answer ends while the words over it are still awaited": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.2 quiet                   -> overlap
        3.3 ended 1                 -> idle: item ""
        3.4 final 2.8-3.2 Why?      -> pause
        3.5 tick                    -> agent: start 2 "Why?", commit 2
    """),
    "a backchannel whose words come after the answer's end is no turn": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.2 quiet                   -> overlap
        3.3 ended 1                 -> idle: item ""
        3.4 final 2.8-3.2 Uh-huh.   -> idle
        3.5 speech                  -> user
        4.5 quiet                   -> pause
        4.6 final 3.3-4.5 And why?  -> pause
        4.7 tick                    -> agent: start 2 "And why?", commit 2
    """),
    "words of which nothing was known when typed text came are still answered": (PLAIN, """
        0.0 speech                  -> user
        0.5 quiet                   -> pause
        0.6 type hello              -> agent: start 1 "hello", commit 1
        0.7 speech                  -> overlap: hold 1
        0.9 quiet                   -> overlap
        1.6 tick                    -> agent: resume 1
        1.7 ended 1                 -> idle
        1.8 final 0-0.5 What is it? -> pause
        1.9 tick                    -> agent: start 2 "What is it?", commit 2
    """),
    "two backchannels over one answer": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.2 quiet                   -> overlap
        3.9 tick                    -> agent: resume 1
        4.0 speech                  -> overlap: hold 1
        4.2 quiet                   -> overlap
        4.3 final 3.9-4.2 Yeah.     -> agent: resume 1
        4.4 final 2.7-3.2 Okay.     -> agent
        5.0 ended 1                 -> idle
    """),
    "late words interrupt also while the answer is held again": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.2 quiet                   -> overlap
        3.9 tick                    -> agent: resume 1
        4.0 speech                  -> overlap: hold 1
        4.1 final 2.7-3.2 No, stop. -> user: cancel 1 interrupted
    """),
    "a question that was resumed over is joined by its late words": (PLAIN, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.7 quiet                   -> overlap
        2.4 tick                    -> agent: resume 1
        2.5 final 1.2-1.7 made of?  -> pause: cancel 1 superseded
        2.6 tick                    -> agent: start 2 "What is it? made of?", commit 2
    """),
    "late words over the answer before do not interrupt this one": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.2 quiet                   -> overlap
        3.9 tick                    -> agent: resume 1
        4.0 ended 1                 -> idle
        5.0 speech                  -> user
        6.0 quiet                   -> pause
        6.1 final 4.8-6 And now?    -> pause
        6.2 tick                    -> agent: start 2 "And now?", commit 2
        6.3 final 2.7-3.2 No, stop. -> agent
    """),
    "chatter does not join the question": (PLAIN, f"""{ASKED}
        1.4 chatter                 -> overlap: hold 1
        1.7 partial 1.3-1.6 and     -> overlap
        2.9 tick                    -> agent: resume 1
    """),
    # interruptions off
    "a polite floor answers afterwards what was said over an answer": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        4.0 quiet                   -> agent
        4.1 final 2.8-4 And why?    -> agent
        5.0 ended 1                 -> pause
        5.1 tick                    -> agent: start 2 "And why?", commit 2
    """),
    "the user still speaks when a polite floor's answer ends": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        4.0 ended 1                 -> user
        5.0 quiet                   -> pause
        5.1 final 2.8-5 And why?    -> pause
        5.2 tick                    -> agent: start 2 "And why?", commit 2
    """),
    "a polite floor joins a question as long as nobody heard the answer": (POLITE, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.7 partial 1.3-1.6 made    -> user: cancel 1 superseded
    """),
    "a sound that was under way ends a polite floor's hold": (POLITE, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.5 sound 1                 -> overlap
        1.6 partial 1.3-1.6 made    -> agent: resume 1
        2.0 quiet                   -> agent
        2.1 final 1.3-2 made of?    -> agent
        3.0 ended 1                 -> pause
        3.1 tick                    -> agent: start 2 "made of?", commit 2
    """),
    "late words over a polite floor's answer are answered afterwards": (POLITE, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.7 quiet                   -> overlap
        2.4 tick                    -> agent: resume 1
        2.5 sound 1                 -> agent
        2.6 final 1.2-1.7 made of?  -> agent
        5.0 ended 1                 -> pause
        5.1 tick                    -> agent: start 2 "made of?", commit 2
    """),
    # words that wait behind typed text
    "words from before typed text are not passed over": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 final 0-1 What is it    -> pause
        1.2 type hello              -> agent: start 1 "hello", commit 1
        1.5 sound 1                 -> agent
        2.0 speech                  -> overlap: hold 1
        2.3 quiet                   -> overlap
        2.4 final 1.8-2.3 Yeah.     -> agent: resume 1
        3.0 ended 1                 -> pause
        3.1 tick                    -> agent: start 2 "What is it", commit 2
    """),
    "the final of words from before typed text finds them": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-0.9 what      -> pause
        1.2 type hello              -> agent: start 1 "hello", commit 1
        2.0 speech                  -> overlap: hold 1
        2.2 quiet                   -> overlap
        2.9 tick                    -> agent: resume 1
        2.9 final 0-1 What is it?   -> agent
        3.0 ended 1                 -> pause
        3.1 tick                    -> agent: start 2 "What is it?", commit 2
    """),
    "typed text in mid-word leaves the speech open": (PLAIN, """
        0.0 speech                  -> user
        0.5 type hello              -> agent: start 1 "hello", commit 1
        0.8 partial 0-0.7 what      -> agent
        1.0 quiet                   -> agent
        1.1 ended 1                 -> pause
        1.2 final 0-1 What is it?   -> agent: start 2 "What is it?", commit 2
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    policy, script = CASES[name]
    play(script, policy)
