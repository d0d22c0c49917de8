"""Named scenarios that together take every row of the floor's table."""

from __future__ import annotations

from dataclasses import replace

from vivavoce.floor import Depth, Mode, Policy

# A shorter bound than the default keeps the stories short.
PLAIN = Policy(transcript_bound=2.0)
DRAFTS = replace(PLAIN, draft=Depth.THINK)
POLITE = replace(PLAIN, interruptions=False)
KEY = replace(PLAIN, mode=Mode.PUSH_TO_TALK)
MANUAL = replace(PLAIN, mode=Mode.MANUAL)

ASKED = """
    0.0 speech                      -> user
    1.0 quiet                       -> pause
    1.1 final 0-1 What is it?       -> pause
    1.2 tick                        -> agent: start 1 "What is it?", commit 1
"""
HEARD = f"""{ASKED}
    1.9 sound 1                     -> agent
"""
TYPED = """
    0.0 type What is it?            -> agent: start 1 "What is it?", commit 1
"""

SCENARIOS: dict[str, tuple[Policy, str]] = {
    # from outside
    "typed text is answered at once and ends the answer under way": (PLAIN, f"""{HEARD}
        3.0 type no                 -> agent: cancel 1 interrupted, start 2 "no", commit 2
    """),
    "a key ends the answer and its release commits": (PLAIN, f"""{HEARD}
        3.0 keydown                 -> user: cancel 1 interrupted
        3.1 speech                  -> user
        4.0 quiet                   -> user
        4.1 final 3-4 And now       -> user
        9.0 tick                    -> user
        9.1 keyup                   -> agent: start 2 "And now", commit 2
    """),
    "a key that goes up in mid-word waits for the final": (KEY, """
        0.0 keydown                 -> user
        0.1 speech                  -> user
        1.0 keyup                   -> pause
        1.1 quiet                   -> pause
        1.2 partial 0-1 what is     -> pause
        1.3 final 0-1.1 What is it  -> agent: start 1 "What is it", commit 1
    """),
    "a key over a typed question leaves its words to the next turn": (KEY, """
        0.0 keydown                 -> user
        0.1 speech                  -> user
        0.5 type hello              -> agent: start 1 "hello", commit 1
        1.0 keyup                   -> agent
        1.2 final 0-1 What is it    -> agent
        2.0 ended 1                 -> pause
        2.1 tick                    -> agent: start 2 "What is it", commit 2
    """),
    "a key without a word is a key without a word": (KEY, """
        1.0 keydown                 -> user
        1.5 keyup                   -> pause
        3.4 tick                    -> pause
        3.5 tick                    -> idle
    """),
    "stop drops what was said over the answer": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        3.5 quiet                   -> agent
        3.6 partial 2.9-3.5 enough  -> agent
        3.7 stop                    -> idle: cancel 1 interrupted, item ""
        3.9 final 2.9-3.6 Enough.   -> idle
    """),
    "stop while the user speaks keeps what the user says": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.1 stop                    -> user: cancel 1 interrupted
        4.0 quiet                   -> pause
        4.1 final 2.7-4 What now?   -> pause
        4.2 tick                    -> agent: start 2 "What now?", commit 2
    """),
    "the transport is lost": (PLAIN, f"""{HEARD}
        2.5 announce Dinner.        -> agent
        3.0 detached                -> idle: cancel 1 interrupted
        3.1 announce Lunch.         -> idle
    """),
    "a file ends in mid-word": (PLAIN, """
        0.0 speech                  -> user
        1.0 eof                     -> pause
        1.1 final 0-1 And then      -> agent: start 1 "And then", commit 1
        2.0 ended 1                 -> idle
    """),
    "a file ends while an answer is held": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.1 eof                     -> overlap
        3.2 final 2.9-3.1           -> agent: resume 1
        4.0 ended 1                 -> idle
    """),
    "a file that ends in manual mode is answered all the same": (MANUAL, f"""{TYPED}
        1.0 sound 1                 -> agent
        2.0 speech                  -> overlap: hold 1
        2.3 final 1.8-2.3 And now?  -> user: cancel 1 interrupted
        2.4 type hm                 -> agent: start 2 "hm", commit 2
        2.5 quiet                   -> agent
        2.6 eof                     -> agent
        2.7 final 1.8-2.5 And now?  -> agent
        3.0 ended 2                 -> pause
        3.1 tick                    -> agent: start 3 "And now?", commit 3
        4.0 ended 3                 -> idle
    """),
    "a caller hangs up": (PLAIN, """
        0.0 speech                  -> user
        1.0 hangup                  -> idle
        1.1 final 0-1 Hello?        -> idle
    """),
    "a client closes an item whose text is final": (MANUAL, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.2 final 0-1 One.          -> pause
        9.0 tick                    -> pause
        9.1 commit                  -> idle: item "One."
        9.2 respond                 -> agent: start 1 "", commit 1
    """),
    "an item is closed by its silence where no answer is wanted": (
        replace(PLAIN, responds=False), """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.2 final 0-1 What is it?   -> idle: item "What is it?"
        2.0 respond                 -> agent: start 1 "", commit 1
    """),
    "a client closes an item before its text is final": (MANUAL, """
        0.0 speech                  -> user
        1.0 commit                  -> pause
        1.1 partial 0-0.7 one       -> pause
        1.3 final 0-1 One, two.     -> idle: item "One, two."
        1.4 final 0-1 One, too.     -> idle
    """),
    "an item whose text never comes is closed at its bound": (MANUAL, """
        0.0 speech                  -> user
        1.0 commit                  -> pause
        2.9 tick                    -> pause
        3.0 tick                    -> idle: item ""
    """),
    "an item is closed beside an answer": (POLITE, f"""{HEARD}
        3.0 speech                  -> agent
        3.5 commit                  -> agent
        3.7 final 2.7-3.5 Hm, so.   -> agent: item "Hm, so."
        4.0 ended 1                 -> idle
    """),
    "a response that is asked for behind an item waits for its text": (MANUAL, """
        0.0 speech                  -> user
        1.0 commit                  -> pause
        1.0 respond                 -> pause
        1.3 final 0-1 One?          -> agent: start 1 "One?", commit 1
    """),
    "a response is asked for in mid-word": (MANUAL, """
        0.0 speech                  -> user
        1.0 respond                 -> pause
        1.3 final 0-1 One           -> agent: start 1 "One", commit 1
    """),
    "a response to silence is given once": (MANUAL, """
        0.0 speech                  -> user
        0.5 quiet                   -> pause
        0.6 respond                 -> pause
        0.7 final 0-0.5             -> agent: start 1 "", commit 1
        2.0 ended 1                 -> idle
        2.1 tick                    -> idle
    """),
    "an announcement waits for its turn": (PLAIN, f"""{HEARD}
        2.0 announce Dinner.        -> agent
        3.0 ended 1                 -> agent: start 2 "Dinner.", commit 2
        4.0 ended 2                 -> idle
        5.0 announce Tea.           -> agent: start 3 "Tea.", commit 3
    """),
    # words that come late
    "late words prove that a resumed answer was interrupted": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.3 quiet                   -> overlap
        4.0 tick                    -> agent: resume 1
        4.1 final 2.8-3.3 No, stop. -> pause: cancel 1 interrupted
        4.2 tick                    -> agent: start 2 "No, stop.", commit 2
    """),
    # the user's turn
    "what was said is taken back": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.05 final 0-1 What is it?  -> pause
        1.1 discard                 -> idle: item ""
        2.0 speech                  -> user
        3.0 discard                 -> user: item ""
        4.0 quiet                   -> pause
        4.2 final 3-4 Why?          -> agent: start 1 "Why?", commit 1
    """),
    "long speech without words is asked about once": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.3 final 0-1               -> idle: unheard
        2.0 speech                  -> user
        3.0 quiet                   -> pause
        3.3 final 2-3               -> idle
        4.0 speech                  -> user
        5.0 quiet                   -> pause
        5.3 final 4-5 Why?          -> agent: start 1 "Why?", commit 1
    """),
    "words come after the recogniser's bound": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        3.0 tick                    -> idle: unheard
        4.0 final 0-1 What is it?   -> pause
        4.1 tick                    -> agent: start 1 "What is it?", commit 1
    """),
    "words contradict a draft while they come": (DRAFTS, """
        0.0 speech                  -> user
        0.5 stable 0-0.5 What?      -> user: start 1 "What?"
        0.9 stable 0-0.9 What is    -> user: cancel 1 superseded
    """),
    "a pause in a sentence keeps the draft until words contradict it": (DRAFTS, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.2 final 0-1 What is it    -> pause: start 1 "What is it"
        1.3 speech                  -> user
        1.7 partial 0-1.5 What is it -> user
        1.9 quiet                   -> pause
        2.0 partial 0-1.9 what is it made -> pause: cancel 1 superseded
        2.1 stable 0-1.9 what is it made -> pause: start 2 "what is it made"
        2.2 final 0-1.9 What is it made -> pause
        2.3 tick                    -> agent: commit 2
    """),
    "the final replaces a draft of other words": (replace(DRAFTS, eager=0.1), """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 stable 0-1 what is      -> pause: start 1 "what is"
        1.2 final 0-1 What is it    -> pause: cancel 1 superseded, start 2 "What is it"
        1.4 tick                    -> agent: commit 2
    """),
    "a draft that failed is not tried again": (DRAFTS, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.2 final 0-1 What is it    -> pause: start 1 "What is it"
        1.3 failed 1                -> pause
        1.3 tick                    -> pause
        1.4 tick                    -> agent: start 2 "What is it", commit 2
        2.0 ended 2                 -> idle
        3.0 speech                  -> user
        4.0 quiet                   -> pause
        4.2 final 3-4 And that      -> pause: start 3 "And that"
    """),
    "noise is no turn": (PLAIN, """
        0.0 speech                  -> user
        0.3 quiet                   -> pause
        0.5 final 0-0.3             -> idle
    """),
    # the assistant's turn
    "a late final corrects the question": (PLAIN, """
        0.0 speech                  -> user
        1.0 quiet                   -> pause
        1.1 partial 0-1 what is     -> pause
        3.0 tick                    -> agent: start 1 "what is", commit 1
        3.1 final 0-1 What is it?   -> agent: cancel 1 superseded, start 2 "What is it?", commit 2
    """),
    "more words join the question": (PLAIN, f"""{ASKED}
        1.4 speech                  -> overlap: hold 1
        1.7 partial 1.3-1.6 made    -> user: cancel 1 superseded
        2.0 quiet                   -> pause
        2.1 final 1.3-2 made of?    -> pause
        2.2 tick                    -> agent: start 2 "What is it? made of?", commit 2
    """),
    "words interrupt": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.3 partial 2.7-3.2 no      -> user: cancel 1 interrupted
    """),
    "long speech interrupts": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.4 tick                    -> overlap
        3.5 tick                    -> user: cancel 1 interrupted
    """),
    "a backchannel does not interrupt": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.3 quiet                   -> overlap
        3.4 final 2.7-3.3 Uh-huh.   -> agent: resume 1
        5.0 ended 1                 -> idle
    """),
    "flickering speech is decided for the user": (PLAIN, f"""{HEARD}
        3.0 speech                  -> overlap: hold 1
        3.4 quiet                   -> overlap
        3.6 speech                  -> overlap
        4.0 quiet                   -> overlap
        4.2 speech                  -> overlap
        4.5 tick                    -> user: cancel 1 interrupted
    """),
    "chatter in the room does not interrupt": (PLAIN, f"""{HEARD}
        3.0 chatter                 -> overlap: hold 1
        3.4 partial 2.7-3.3 no      -> overlap
        4.4 tick                    -> overlap
        4.5 tick                    -> agent: resume 1
        5.0 quiet                   -> agent
        5.1 final 2.7-5 No, really? -> agent
        6.0 ended 1                 -> idle
    """),
}  # fmt: skip
