"""Scripts for the floor: one input a line, and what the floor makes of it.

    0.0 speech                  -> user
    1.0 quiet                   -> pause
    1.1 final 0-1 What is it?   -> pause
    1.2 tick                    -> agent: start 1 "What is it?", commit 1

A line is a time, an input with its arguments, the state after it and the actions. `partial`,
`stable` and `final` are transcripts of a stretch of audio, the second one stable throughout.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.core.transcript import Transcript
from vivavoce.floor import Floor, Policy
from vivavoce.floor import inputs as say

_LINE = re.compile(
    r"(?P<at>[\d.]+) (?P<what>\w+) ?(?P<rest>.*?) +-> (?P<state>\w+)(?:: (?P<actions>.+))?"
)

SIMPLE: dict[str, Callable[[float], say.Input]] = {
    "tick": say.Tick,
    "keydown": say.KeyDown,
    "keyup": say.KeyUp,
    "commit": say.ManualCommit,
    "respond": say.Respond,
    "stop": say.Stop,
    "discard": say.Discard,
    "detached": say.Detached,
    "eof": lambda at: say.InputClosed(at, commits=True),
    "hangup": lambda at: say.InputClosed(at, commits=False),
    "speech": lambda at: say.SpeechStarted(at, at),
    "chatter": lambda at: say.SpeechStarted(at, at, addressed=0.1),
    "quiet": lambda at: say.SpeechStopped(at, at),
}
OF_TURN: dict[str, Callable[[float, int], say.Input]] = {
    "sound": say.FirstSound,
    "effect": say.EffectBegun,
    "ended": say.TurnEnded,
    "failed": say.DraftFailed,
}


@dataclass(frozen=True)
class Step:
    """A line of a script."""

    line: str
    given: say.Input
    state: str
    actions: list[str]


def parse(script: str) -> list[Step]:
    """The steps of a script."""
    steps = []
    for line in filter(None, map(str.strip, script.splitlines())):
        found = _LINE.fullmatch(line)
        assert found, f"no line of a script: {line}"
        given = _input(float(found["at"]), found["what"], found["rest"])
        actions = re.findall(r'(?:[^,"]|"[^"]*")+', found["actions"] or "")
        steps.append(Step(line, given, found["state"], [action.strip() for action in actions]))
    return steps


def _input(at: float, what: str, rest: str) -> say.Input:
    if what in SIMPLE:
        return SIMPLE[what](at)
    if what in OF_TURN:
        return OF_TURN[what](at, int(rest))
    if what == "type":
        return say.Typed(at, rest)
    if what == "announce":
        return say.Announce(at, rest)
    if what == "sounds":  # how complete the turn sounds
        return say.EndProbability(at, float(rest))
    stretch, _, text = rest.partition(" ")
    start, end = map(float, stretch.split("-"))
    stable = len(text) if what == "stable" else 0
    return say.Text(at, Transcript(text, start, end, what == "final", stable))


def describe(action: say.Action) -> str:
    """An action as scripts write it."""
    match action:
        case say.Start(turn=turn, text=text):
            return f'start {turn} "{text}"'
        case say.Commit(turn=turn) | say.Hold(turn=turn) | say.Resume(turn=turn):
            return f"{type(action).__name__.lower()} {turn}"
        case say.Cancel(turn=turn, outcome=outcome):
            return f"cancel {turn} {outcome}"
        case say.CloseItem(text=text):
            return f'item "{text}"'
        case say.Unheard():
            return "unheard"


def play(script: str, policy: Policy | None = None) -> Floor:
    """Feed the script to a floor, which must do what the script says; returns the floor."""
    floor = Floor(policy)
    for step in parse(script):
        actions = [describe(action) for action in floor.feed(step.given)]
        assert (floor.state, actions) == (step.state, step.actions), step.line
    return floor
