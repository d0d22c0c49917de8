"""What one run of the engine benchmark found, out of what its callers noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, cast

from vivavoce.bench.answers import heard_words, more_tokens, remembered_words, wrong_words
from vivavoce.bench.caller import Caller, Exchange
from vivavoce.bench.delays import FINAL_S, FIRST_BYTE_S, FIRST_TOKEN_S, SCRIPTED_S, TOKEN_S
from vivavoce.bench.link import OUTPUT_RATE
from vivavoce.bench.load import Load
from vivavoce.providers.scripted import Speller

__all__ = ["Findings", "find"]


class _Turn(TypedDict):
    outcome: str
    reply: str
    points: dict[str, float]


class _Conversation(TypedDict):
    zero: float
    said: list[tuple[str, str]]


@dataclass(slots=True)
class Findings:
    """Times in seconds. `gaps` are of complete utterances, `overheads` what they exceed the
    providers by; `waits` are the policy's, for the others. `stages` splits the overheads,
    `recordings` groups them by what was said.

    `mismatches` has the words of each turn remembered wrongly: as remembered, as heard. `early`
    answers began while the user spoke; `lost` utterances were never answered.
    """

    sessions: int
    load: Load
    gaps: list[float] = field(default_factory=list)
    overheads: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    recordings: dict[str, list[float]] = field(default_factory=dict)
    silences: list[float] = field(default_factory=list)
    words: int = 0
    wrong_words: int = 0
    mismatches: list[tuple[Sequence[str], Sequence[str]]] = field(default_factory=list)
    cut_answers: int = 0
    utterances: int = 0
    lost: int = 0
    early: int = 0
    stutters: int = 0


def find(callers: Sequence[Caller], load: Load, speller: Speller) -> Findings:
    """Put together what the callers noted."""
    found = Findings(len(callers), load)
    for caller in callers:
        found.early += len(caller.early)
        found.stutters += sum(heard.stutters for heard in caller.loudspeaker.heard.values())
        turns = cast("Mapping[str, _Turn]", caller.turns)
        conversation = cast("_Conversation | None", caller.conversation)
        for exchange in caller.exchanges:
            _judge(found, exchange, turns, conversation)
        if conversation is not None:
            _compare(found, caller, turns, conversation, speller)
    return found


def _judge(
    found: Findings,
    exchange: Exchange,
    turns: Mapping[str, _Turn],
    conversation: _Conversation | None,
) -> None:
    found.utterances += 1
    if exchange.over is not None and exchange.over.last_sound is not None:
        found.silences.append(max(0.0, exchange.over.last_sound - exchange.onset))
    gap = exchange.gap
    turn = turns.get(exchange.turn or "")
    if gap is None or turn is None:
        found.lost += 1
        return
    tokens = more_tokens(turn["reply"]) * TOKEN_S
    if not exchange.utterance.complete:
        found.waits.append(gap - FIRST_TOKEN_S - FIRST_BYTE_S - tokens)
        return
    found.gaps.append(gap)
    overhead = gap - SCRIPTED_S - tokens
    found.overheads.append(overhead)
    found.recordings.setdefault(exchange.utterance.name, []).append(overhead)
    if conversation is not None:
        ends = {name: at + conversation["zero"] for name, at in turn["points"].items()}
        chain = (
            ("transcript", exchange.ended + FINAL_S, ends.get("transcript")),
            ("commit", ends.get("transcript"), ends.get("committed")),
            ("first token", ends.get("committed"), ends.get("first_token")),
            ("first clause", ends.get("first_token"), ends.get("first_clause")),
            ("first byte", ends.get("first_clause"), ends.get("first_byte")),
            ("first sound", ends.get("first_byte"), exchange.first_sound),
        )
        scripted = {
            "first token": FIRST_TOKEN_S,
            "first clause": tokens,
            "first byte": FIRST_BYTE_S,
        }
        for stage, begin, end in chain:
            if begin is not None and end is not None:
                spent = end - begin - scripted.get(stage, 0.0)
                found.stages.setdefault(stage, []).append(spent)


def _compare(
    found: Findings,
    caller: Caller,
    turns: Mapping[str, _Turn],
    conversation: _Conversation,
    speller: Speller,
) -> None:
    """Each turn's words as remembered with those that were heard."""
    remembered: dict[str, list[str]] = {}
    for turn, text in conversation["said"]:
        remembered.setdefault(turn, []).append(text)
    for turn in {*remembered, *caller.loudspeaker.heard}:
        heard = caller.loudspeaker.heard.get(turn)
        played = heard_words(speller, heard.samples(), OUTPUT_RATE) if heard is not None else []
        kept = remembered_words(speller, remembered.get(turn, ()))
        found.words += len(played)
        wrong = wrong_words(kept, played)
        found.wrong_words += wrong
        if wrong:
            found.mismatches.append((kept, played))
        found.cut_answers += turn in turns and turns[turn]["outcome"] == "interrupted"
