"""The parts of the engine benchmark that measure: they must not flatter, nor blame."""

from __future__ import annotations

from pathlib import Path

import anyio
import numpy as np
import pytest

from vivavoce.bench.answers import (
    ANSWERS,
    CHARACTERS_A_SECOND,
    answer_speller,
    heard_words,
    more_tokens,
    wrong_words,
)
from vivavoce.bench.framing import Decoder, Kind, Message, encode
from vivavoce.bench.link import OUTPUT_RATE
from vivavoce.bench.loudspeaker import Loudspeaker
from vivavoce.bench.recognition import RecordedSTT
from vivavoce.bench.recordings import Utterance, load_utterances
from vivavoce.bench.report import Report, Row, percentile
from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.core.errors import ConfigError
from vivavoce.core.transcript import Transcript
from vivavoce.engine.clock import run_virtual


def _answer_audio() -> Samples:
    text = ANSWERS[0]
    letters = sum(map(len, answer_speller().words(text)))
    samples, _ = answer_speller().spell(text, letters / CHARACTERS_A_SECOND, OUTPUT_RATE)
    return samples


# --- words read off samples -----------------------------------------------------------------------


def test_all_words_of_a_whole_answer_are_heard() -> None:
    speller = answer_speller()
    assert heard_words(speller, _answer_audio(), OUTPUT_RATE) == speller.words(ANSWERS[0])


@pytest.mark.parametrize(
    ("missing_s", "heard"),
    [(0.0005, ["It", "is"]), (0.0015, ["It"]), (0.05, ["It"])],
)
def test_a_word_counts_as_heard_only_when_its_end_was_played(
    missing_s: float, heard: list[str]
) -> None:
    end = 4 / CHARACTERS_A_SECOND - 0.010  # of "It is", four letters, less the gap behind
    cut = _answer_audio()[: round((end - missing_s) * OUTPUT_RATE)]
    assert heard_words(answer_speller(), cut, OUTPUT_RATE) == heard


@pytest.mark.parametrize(
    ("remembered", "heard", "wrong"),
    [
        (["a", "b"], ["a", "b"], 0),
        (["a", "b", "c"], ["a", "b"], 1),
        (["a"], ["a", "b", "c"], 2),
        (["a", "x"], ["a", "b"], 2),
        ([], ["a"], 1),
    ],
)
def test_words_are_wrong_on_either_side(
    remembered: list[str], heard: list[str], wrong: int
) -> None:
    assert wrong_words(remembered, heard) == wrong


def test_the_further_tokens_of_a_first_piece_are_counted_also_when_the_reply_was_cut() -> None:
    assert more_tokens(ANSWERS[1]) == more_tokens(ANSWERS[1][:9]) > 0
    with pytest.raises(ValueError, match="no answer"):
        more_tokens("Something else.")


# --- the loudspeaker ------------------------------------------------------------------------------


def _tone(duration: float) -> Samples:
    return np.full(round(duration * OUTPUT_RATE), 5000, np.int16)


def test_the_first_and_last_sound_are_those_of_voiced_samples() -> None:
    speaker = Loudspeaker()
    quiet = np.zeros(round(0.05 * OUTPUT_RATE), np.int16)
    speaker.play("turn", 0.0, np.concatenate((quiet, _tone(0.1), quiet)), 10.0)
    speaker.advance(11.0)
    heard = speaker.heard["turn"]
    assert heard.first_sound == pytest.approx(10.05)
    assert heard.last_sound == pytest.approx(10.15)


def test_cleared_audio_does_not_sound_and_its_position_is_exact() -> None:
    speaker = Loudspeaker()
    speaker.play("turn", 0.0, _tone(0.2), 10.0)
    cleared = speaker.clear(10.08)
    speaker.advance(11.0)
    assert cleared is speaker.heard["turn"]
    assert cleared.played_until == pytest.approx(0.08)
    assert cleared.last_sound == pytest.approx(10.08)
    assert len(cleared.samples()) == round(0.08 * OUTPUT_RATE)


def test_what_sounds_again_counts_once() -> None:
    speaker = Loudspeaker()
    speaker.play("turn", 0.0, _tone(0.2), 10.0)
    speaker.clear(10.08)
    speaker.play("turn", 0.04, _tone(0.1), 10.5)
    speaker.advance(11.0)
    heard = speaker.heard["turn"]
    assert len(heard.samples()) == round(0.14 * OUTPUT_RATE)
    assert heard.stutters == 0


def test_audio_that_comes_late_within_a_turn_is_a_stutter() -> None:
    speaker = Loudspeaker()
    speaker.play("turn", 0.0, _tone(0.1), 10.0)
    speaker.play("turn", 0.1, _tone(0.1), 10.05)
    speaker.play("turn", 0.2, _tone(0.1), 10.25)
    assert speaker.heard["turn"].stutters == 1


# --- framing --------------------------------------------------------------------------------------


def test_messages_survive_any_split_of_their_bytes() -> None:
    messages = [
        Message(Kind.AUDIO, "s_turn_1", 1.25, b"\x01\x02\x03\x04"),
        Message(Kind.CLEAR),
        Message(Kind.FINAL, "s_turn_1", 0.5),
    ]
    data = b"".join(encode(m.kind, m.turn, m.at, m.payload) for m in messages)
    for split in range(len(data)):
        decoder = Decoder()
        assert decoder.feed(data[:split]) + decoder.feed(data[split:]) == messages


# --- the recogniser -------------------------------------------------------------------------------


def _utterance() -> Utterance:
    frames = np.arange(50 * 320, dtype=np.int16).reshape(50, 320)  # no two frames are alike
    return Utterance("one", "is it late?", True, 0.1, 0.8, frames)


async def _recognise(frames: list[AudioFrame], *, flush_at: int) -> list[tuple[float, Transcript]]:
    got: list[tuple[float, Transcript]] = []
    async with (
        RecordedSTT([_utterance()]).stream() as stream,
        anyio.create_task_group() as group,
    ):

        async def collect() -> None:
            async for transcript in stream:
                got.append((anyio.current_time(), transcript))

        group.start_soon(collect)
        for index, frame in enumerate(frames):
            await anyio.sleep_until(frame.end)
            await stream.send(frame)
            if index == flush_at:
                await stream.flush()
        await anyio.sleep(1.0)
        group.cancel_scope.cancel()
    return got


def _played(start: float) -> list[AudioFrame]:
    noise = [AudioFrame(np.zeros(320, np.int16), 16000, index * FRAME_S) for index in range(10)]
    return noise + [
        AudioFrame(samples, 16000, start + index * FRAME_S)
        for index, samples in enumerate(_utterance().frames)
    ]


def test_the_final_comes_350_ms_after_the_annotated_end_of_what_was_sent() -> None:
    async def main() -> None:
        got = await _recognise(_played(0.2), flush_at=10 + 49)
        at, final = got[-1]
        assert (final.is_final, final.text) == (True, "is it late?")
        assert at == pytest.approx(0.2 + 0.8 + 0.350)
        partials = [(at, transcript.text) for at, transcript in got if not transcript.is_final]
        # "is" is a quarter of the speech, and ends at 0.2 + 0.1 + 0.175 = 0.475 s
        assert next(at for at, text in partials if text == "is") == pytest.approx(0.75)

    run_virtual(main)


def test_a_flush_within_an_utterance_gives_the_words_so_far_without_an_ending() -> None:
    async def main() -> None:
        got = await _recognise(_played(0.2)[: 10 + 24], flush_at=10 + 23)
        assert got[-1][1].text == "is it"

    run_virtual(main)


def test_audio_that_never_arrived_is_not_transcribed() -> None:
    async def main() -> None:
        got = await _recognise(_played(0.2)[:10], flush_at=9)
        assert got[-1][1].text == ""

    run_virtual(main)


# --- recordings and report ------------------------------------------------------------------------


def test_the_packaged_recordings_hold_complete_and_unclear_utterances() -> None:
    utterances = load_utterances()
    assert {utterance.complete for utterance in utterances} == {True, False}
    for utterance in utterances:
        assert utterance.complete == utterance.transcript.endswith((".", "?", "!"))
        assert 0 < utterance.speech_start < utterance.speech_end
        assert utterance.speech_end <= len(utterance.frames) * FRAME_S
        assert utterance.words[-1][2] == pytest.approx(utterance.speech_end)


def test_a_directory_without_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"index\.json"):
        load_utterances(tmp_path)


@pytest.mark.parametrize(("percent", "value"), [(50, 2.0), (75, 3.0), (95, 4.0), (100, 4.0)])
def test_percentiles_are_of_the_nearest_rank(percent: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == value


def test_a_report_names_machine_and_date_above_its_table() -> None:
    report = Report("bench x", ["one", "two"], [Row("gap", ["1", "22"])], ["a note"])
    title, machine, blank, heading, rule, row, *rest = report.text().splitlines()
    assert (title, blank) == ("bench x", "")
    assert "cores" in machine
    assert f"{report.at:%Y-%m-%d}" in machine
    assert [line.count("|") for line in (heading, rule, row)] == [4, 4, 4]
    assert rest[-1] == "- a note"
    assert report.as_dict()["machine"] == report.machine
