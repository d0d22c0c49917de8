"""What counts as heard is what was played, to the word, whatever the transport can tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.stage import REPORTING, Stage, without_word_times
from vivavoce.core.events import TurnAmended, TurnHeld, TurnResumed
from vivavoce.core.protocols import TransportCapabilities
from vivavoce.core.turn import Outcome, TurnRecord

LONG = (
    "It is sunny today, and it will be sunny for the rest of this long week. "
    "On Monday the wind turns to the north and brings some rain to the coast."
)
EDGE_S = 0.0015  # a word that misses its end by this much may count as heard

SILENT_ON_PLAYBACK = replace(REPORTING, reports_played=False)
SETS: dict[str, tuple[TransportCapabilities, float]] = {
    "reports at once": (REPORTING, 0.0),
    "reports 200 ms late": (REPORTING, 0.2),
    "no reports": (SILENT_ON_PLAYBACK, 0.0),
    "no reports, 120 ms of latency": (replace(SILENT_ON_PLAYBACK, latency=0.12), 0.0),
    "no reports, no clear": (replace(SILENT_ON_PLAYBACK, clear=False), 0.0),
    "reports, no clear": (replace(REPORTING, clear=False), 0.0),
    "client owns playback, truncates 200 ms late": (
        replace(SILENT_ON_PLAYBACK, client_owned=True),
        0.2,
    ),
    "client owns playback, truncates 600 ms late": (
        replace(SILENT_ON_PLAYBACK, client_owned=True),
        0.6,
    ),
    "telephone rate": (replace(REPORTING, sample_rate=8000), 0.0),
}
moments = st.floats(1.0, 9.0)


async def stop_at(stage: Stage, moment: float) -> None:
    await stage.say("weather", 0.4)
    await stage.wait(moment)
    stage.session.stop()
    await stage.wait(1.5)


def talk(capabilities: TransportCapabilities, delay: float, moment: float) -> Stage:
    stage = Stage([LONG], capabilities=capabilities, report_delay=delay)

    async def person(stage: Stage) -> None:
        await stop_at(stage, moment)

    return stage.play(person)


def check(stage: Stage, record: TurnRecord, heard: str | None = None) -> None:
    """The record, the conversation and the loudspeaker agree."""
    text = record.heard if heard is None else heard
    words = stage.speller.words(text)
    least, most = stage.heard_words(record.id), stage.heard_words(record.id, EDGE_S)
    assert words in (least, most)
    assert record.reply.startswith(text)
    said = [message.removesuffix("…") for message in stage.assistant]
    assert said == ([text] if text else [])


@pytest.mark.parametrize("name", SETS)
@given(moment=moments)
@settings(max_examples=15, deadline=None)
def test_barge_in_keeps_only_what_was_heard(name: str, moment: float) -> None:
    stage = talk(*SETS[name], moment)
    (record,) = stage.records
    amended = stage.of(TurnAmended)
    check(stage, record, amended[-1].heard if amended else None)
    assert not stage.leaks


def test_a_truncate_within_the_settling_time_makes_the_record_and_a_later_one_amends_it() -> None:
    """The client starts to play 150 ms late, which nobody knows until it says so."""
    owned = replace(SILENT_ON_PLAYBACK, client_owned=True)
    for delay, amendments in ((0.2, 0), (0.6, 1)):
        stage = Stage([LONG], capabilities=owned, report_delay=delay, play_delay=0.15)
        stage.play(lambda stage: stop_at(stage, 3.05))
        (record,) = stage.records
        played = stage.heard_words(record.id)
        assert len(stage.of(TurnAmended)) == amendments
        assert (stage.speller.words(record.heard) == played) is (amendments == 0)
        assert stage.speller.words(stage.assistant[0].removesuffix("…")) == played


@given(moment=moments)
@settings(max_examples=25, deadline=None)
def test_without_word_times_the_estimate_is_at_most_one_word_off(moment: float) -> None:
    """Scripted speech gives each word its share of letters; the estimate also counts marks."""
    stage = Stage([LONG], change=without_word_times)

    async def person(stage: Stage) -> None:
        await stop_at(stage, moment)

    stage.play(person)
    (record,) = stage.records
    heard, played = stage.speller.words(record.heard), stage.heard_words(record.id)
    assert abs(len(heard) - len(played)) <= 1
    assert record.reply.startswith(record.heard)


@pytest.mark.parametrize("name", ["reports at once", "reports 200 ms late", "no reports", "no reports, no clear"])
@given(moment=st.floats(1.2, 5.0), second=st.floats(1.2, 4.0))
@settings(max_examples=12, deadline=None)
def test_a_noise_then_an_interruption_lose_and_repeat_no_word(
    name: str, moment: float, second: float
) -> None:
    capabilities, delay = SETS[name]
    stage = Stage([LONG, "Good."], capabilities=capabilities, report_delay=delay)

    async def person(stage: Stage) -> None:
        await stage.say("weather", 0.4)
        await stage.wait(moment)
        await stage.rustle(0.2)
        await stage.wait(second)
        await stage.say("no stop", 0.8)
        await stage.wait(1.0)

    stage.play(person)
    record = stage.records[0]
    words = stage.speller.words(record.heard)
    assert words in (stage.heard_words(record.id), stage.heard_words(record.id, EDGE_S))
    assert words == stage.speller.words(LONG)[: len(words)]
    if stage.of(TurnHeld):
        assert stage.of(TurnResumed) or record.outcome is Outcome.INTERRUPTED
    assert in_order(stage, record.id)


def in_order(stage: Stage, turn: str) -> bool:
    """Whether the words that sounded, cut ones aside, are the reply's, each of them once."""
    rate = stage.transport.capabilities.sample_rate
    sounded: list[str] = []
    for piece in played_stretches(stage, turn):
        for word in stage.speller.read(piece, rate):
            whole = len(word.text) / stage.tts.characters_a_second - 0.010
            if word.end - word.start > whole - 0.006:
                sounded.append(word.text)
    return sounded == stage.speller.words(LONG)[: len(sounded)]


def played_stretches(stage: Stage, turn: str) -> list:
    import numpy as np

    stretches: list[list] = []
    ended = float("-inf")
    for piece in stage.transport.heard:
        if piece.turn != turn:
            continue
        if abs(piece.position - ended) > 1e-4:
            stretches.append([])
        stretches[-1].append(piece.samples)
        ended = piece.position + len(piece.samples) / stage.transport.capabilities.sample_rate
    return [np.concatenate(parts) for parts in stretches]
