"""What becomes of words: joins, corrections, backchannels, late finals, keys, items, endings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.floor.scenarios import ASKED, DRAFTS, HEARD, KEY, MANUAL, PLAIN, POLITE, TYPED
from tests.floor.scripts import play
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
        1.0 quiet                   -> pause
        1.2 stable 0-1 What is it?  -> pause: start 1 "What is it?"
        1.3 final 0-1               -> idle: cancel 1 superseded
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
        0.1 stop                    -> idle: cancel 1 interrupted
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
    "a sound that was under way when the answer was held ends the hold politely": (POLITE, f"""{ASKED}
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


def test_a_floor_is_finished_when_all_that_was_said_is_answered() -> None:
    floor = play("""
        0.0 announce Dinner.        -> agent: start 1 "Dinner.", commit 1
        0.1 announce Tea.           -> agent
        0.2 eof                     -> agent
    """)
    assert not floor.finished
    assert floor.feed(say.TurnEnded(1.0, 1)) == [
        say.Start(2, say.Origin.ANNOUNCED, "Tea."), say.Commit(2, "Tea."),
    ]  # fmt: skip
    assert not floor.finished
    floor.feed(say.TurnEnded(2.0, 2))
    assert floor.finished


def test_announcements_wait_for_another_transport() -> None:
    floor = play("""
        0.0 hangup                  -> idle
        0.1 announce Dinner.        -> idle
    """)
    assert floor.finished
    floor.reopen()
    assert not floor.finished
    assert [type(action) for action in floor.feed(say.Tick(1.0))] == [say.Start, say.Commit]


def test_the_text_so_far_and_the_policy_are_open_to_view() -> None:
    floor = Floor(PLAIN)
    floor.policy = MANUAL
    assert floor.policy is MANUAL
    play_on = "0.0 speech -> user"
    play(play_on, MANUAL)
    assert floor.text == ""


def test_time_never_runs_backwards() -> None:
    play("""
        5.0 speech                  -> user
        4.0 quiet                   -> pause
        4.1 final 4-5 What is it?   -> agent: start 1 "What is it?", commit 1
    """)
