"""What counts as heard is what was played, to the word, whatever the transport can tell."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import pytest

from tests.engine.stage import REPORTING, Stage, without_word_times
from vivavoce.core.events import TurnAmended, TurnHeld, TurnResumed
from vivavoce.core.protocols import TransportCapabilities
from vivavoce.core.turn import TurnRecord

LONG = (
    "It is sunny today, and it will be sunny for the rest of this long week. "
    "On Monday the wind turns to the north and brings some rain to the coast."
)
EDGE_S = 0.0025  # a word that ends this close to the cut may count or not: resampling blurs it
FADE_S = 0.006  # an answer that goes on fades in, which hides the beginning of its first word

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
MOMENTS = [1.0 + 8.0 * (0.618034 * index % 1.0) for index in range(12)]  # spread without a pattern
MOMENTS += [0.95, 1.05, 8.3, 8.5]  # within the first word, and within the last


@cache
def words_and_ends(sample_rate: int) -> tuple[list[str], list[float]]:
    """The words of LONG, and where each ends in the answer's audio, from a talk that nobody cut."""
    stage = Stage([LONG], capabilities=replace(REPORTING, sample_rate=sample_rate))
    stage.play(partial(stop_at, moment=12.0))
    words = stage.words_by_position(stage.records[0].id)
    return [word.text for word in words], [word.end for word in words]


def check_words(stage: Stage, turn: str, text: str) -> None:
    """The text is the words whose ends were played."""
    rate = stage.transport.capabilities.sample_rate
    words, ends = words_and_ends(rate)
    played = len(stage.played(turn)) / rate
    heard = stage.speller.words(text)
    assert heard == words[: len(heard)]
    assert all(end <= played + EDGE_S for end in ends[: len(heard)])
    assert all(end > played - EDGE_S for end in ends[len(heard) :])


async def stop_at(stage: Stage, moment: float) -> None:
    await stage.say("weather", 0.4)
    await stage.wait(moment)
    stage.session.stop()
    await stage.wait(1.5)


def check(stage: Stage, record: TurnRecord) -> None:
    """The last word on what was heard, the conversation and the loudspeaker agree."""
    amended = stage.of(TurnAmended)
    text = amended[-1].heard if amended else record.heard
    check_words(stage, record.id, text)
    assert record.reply.startswith(text)
    assert stage.assistant == ([f"{text}…" if text != LONG else LONG] if text else [])
    assert not stage.leaks


@pytest.mark.parametrize("name", SETS)
def test_barge_in_keeps_only_what_was_heard(name: str) -> None:
    capabilities, delay = SETS[name]
    for moment in MOMENTS:
        stage = Stage([LONG], capabilities=capabilities, report_delay=delay)
        stage.play(partial(stop_at, moment=moment))
        (record,) = stage.records
        check(stage, record)


def test_a_truncate_while_the_turn_settles_makes_the_record_and_a_later_one_amends_it() -> None:
    """The client starts to play 150 ms late, which nobody knows until it says so."""
    owned = replace(SILENT_ON_PLAYBACK, client_owned=True)
    for delay, amendments in ((0.2, 0), (0.6, 1)):
        stage = Stage([LONG], capabilities=owned, report_delay=delay, play_delay=0.15)
        stage.play(partial(stop_at, moment=3.3))
        (record,) = stage.records
        assert len(stage.of(TurnAmended)) == amendments
        settled = stage.speller.words(record.heard) == stage.heard_words(record.id)
        assert settled is (amendments == 0)
        check(stage, record)


def test_without_word_times_the_estimate_is_at_most_one_word_off() -> None:
    """The scripted voice gives each word its share of letters; the estimate counts marks too."""
    for moment in MOMENTS:
        stage = Stage([LONG], change=without_word_times)
        stage.play(partial(stop_at, moment=moment))
        (record,) = stage.records
        heard, played = stage.speller.words(record.heard), stage.heard_words(record.id)
        assert abs(len(heard) - len(played)) <= 1
        assert record.reply.startswith(record.heard)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("words", ["no stop", ""])
def test_a_noise_and_then_an_interruption_lose_and_repeat_no_word(name: str, words: str) -> None:
    capabilities, delay = SETS[name]
    for moment in MOMENTS[:4]:
        stage = Stage([LONG, "Good."], capabilities=capabilities, report_delay=delay)

        async def person(stage: Stage, first: float = moment / 2 + 0.9) -> None:
            await stage.say("weather", 0.4)
            await stage.wait(first)
            await stage.rustle(0.2)
            await stage.wait(first / 2 + 1.0)
            await (stage.say(words, 0.8) if words else stage.rustle(0.2))
            await stage.wait(1.5)

        stage.play(person)
        record = stage.records[0]
        assert stage.of(TurnHeld)
        assert stage.of(TurnResumed)
        amended = [event.heard for event in stage.of(TurnAmended) if event.turn == record.id]
        check_words(stage, record.id, amended[-1] if amended else record.heard)
        check_no_word_is_heard_twice(stage, record.id)


def check_no_word_is_heard_twice(stage: Stage, turn: str) -> None:
    """An answer that goes on does so at the start of the word that was cut, if one was."""
    words = stage.words_by_position(turn)
    starts = [word.start for word in words]
    ended = 0.0
    for piece in stage.transport.heard:
        if piece.turn == turn:
            if abs(piece.position - ended) > 1e-4:
                again = [word for word in words if piece.position - EDGE_S <= word.start]
                assert not [word.text for word in again if word.end < ended - EDGE_S]
                assert min(abs(start - piece.position) for start in starts) < FADE_S
                assert piece.position < ended
            ended = piece.position + len(piece.samples) / stage.transport.capabilities.sample_rate
