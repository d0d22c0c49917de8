"""A provider that misbehaves is told of, heard of, and survived."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine import broken
from tests.engine.stage import Stage
from vivavoce.core.events import Failed
from vivavoce.core.phrases import apology, not_understood
from vivavoce.core.turn import Outcome
from vivavoce.engine.turn import Deadlines

SORRY = apology("en")


async def ask_twice(stage: Stage) -> None:
    await stage.say("weather", 0.5)
    await stage.wait(9.0)
    stage.session.type("and now")
    await stage.wait(9.0)


def check_survived(stage: Stage, role: str) -> None:
    """Something was told, something audible came each time, and nothing is left running."""
    assert {event.role for event in stage.of(Failed)} == {role}
    assert not stage.leaks
    spoken = [record for record in stage.records if record.outcome is not Outcome.SUPERSEDED]
    assert spoken[-1].user_text == "and now"
    sounding = {piece.turn for piece in stage.transport.heard if piece.samples.any()}
    assert {record.id for record in spoken} <= sounding


def first_sounds(stage: Stage) -> list[float]:
    starts: dict[str, float] = {}
    for piece in stage.transport.heard:
        if piece.samples.any():
            starts.setdefault(piece.turn, piece.at)
    return list(starts.values())


@pytest.mark.parametrize(
    "how",
    [
        "raises",
        "raises later",
        "hangs",
        "clings",
        "hangs at its close",
        "raises at its close",
        "says nothing",
        "says emoji",
        "is no text",
        "is no delta",
        "only calls tools",
    ],
)
def test_a_broken_model_is_apologised_for(how: str) -> None:
    llm = broken.BrokenLLM(how)
    stage = Stage(change=lambda parts: replace(parts, llm=llm, deadlines=Deadlines(llm=2.0)))
    stage.play(ask_twice)
    check_survived(stage, "llm")
    assert llm.open_replies == 0
    assert [record.outcome for record in stage.records] == [Outcome.FAILED] * 2
    for record in stage.records:
        assert record.heard.endswith(SORRY)
    assert stage.assistant[-1].endswith(SORRY)


@pytest.mark.parametrize(
    "how",
    [
        "cannot be opened",
        "takes no text",
        "refuses text",
        "raises",
        "raises later",
        "hangs",
        "clings",
        "gives floats",
        "gives two channels",
        "has no rate",
        "gives silence",
        "ends at once",
    ],
)
def test_where_no_voice_can_say_it_a_tone_tells_of_the_failure(how: str) -> None:
    tts = broken.BrokenTTS(how)
    stage = Stage(
        ["This is a long answer, with enough words in it for more than one piece."],
        change=lambda parts: replace(parts, tts=tts, deadlines=Deadlines(tts=2.0)),
    )
    stage.play(ask_twice)
    check_survived(stage, "tts")
    assert tts.open_streams == 0
    assert [record.outcome for record in stage.records] == [Outcome.FAILED] * 2
    if how != "gives silence":
        assert all(record.heard == "" for record in stage.records)


@pytest.mark.parametrize(
    "how",
    [
        "cannot be opened",
        "hangs when opened",
        "refuses audio",
        "takes no audio",
        "raises",
        "hangs",
        "clings",
        "ends at once",
        "is no transcript",
        "has no text",
        "has no time",
    ],
)
def test_a_broken_recogniser_is_told_aloud_and_typing_still_works(how: str) -> None:
    stt = broken.BrokenSTT(how)
    stage = Stage(change=lambda parts: replace(parts, stt=stt))
    stage.play(ask_twice)
    check_survived(stage, "stt")
    assert stt.open_streams == 0
    said = {record.heard for record in stage.records}
    assert said & {SORRY, not_understood("en")}
    hanging = how in ("hangs when opened", "takes no audio", "hangs", "clings")
    assert stt.streams == (1 if hanging else 3)
    assert any(event.fatal for event in stage.of(Failed)) is not hanging


@pytest.mark.parametrize(
    "how", ["raises", "hangs", "clings", "is no number", "is not a number", "is too much"]
)
def test_loudness_stands_in_for_a_broken_voice_detector(how: str) -> None:
    stage = Stage(change=lambda parts: replace(parts, vad=broken.BrokenVAD(how)))

    async def person(stage: Stage) -> None:
        await stage.wait(4.0)  # a detector that hangs is given up after three seconds
        await ask_twice(stage)

    stage.play(person)
    check_survived(stage, "vad")
    assert len(stage.failures) == 3
    assert [record.user_text for record in stage.records] == ["weather.", "and now"]


@pytest.mark.parametrize(
    "how", ["raises", "hangs", "clings", "is no number", "is not a number", "is too much"]
)
def test_a_broken_turn_detector_is_done_without(how: str) -> None:
    detector = broken.BrokenTurnDetector(how)
    stage = Stage(change=lambda parts: replace(parts, turn_detector=detector))
    stage.play(ask_twice)
    check_survived(stage, "turn_detector")
    assert [record.user_text for record in stage.records] == ["weather.", "and now"]


@pytest.mark.parametrize("how", ["hangs", "clings", "hangs at its close", "raises at its close"])
def test_a_barge_in_ends_an_answer_whose_model_does_not_want_to_end(how: str) -> None:
    llm = broken.BrokenLLM(how)
    stage = Stage(change=lambda parts: replace(parts, llm=llm))

    async def person(stage: Stage) -> None:
        stage.session.type("one")
        await stage.wait(1.0)
        stage.session.stop()
        await stage.wait(0.6)
        assert stage.records[0].outcome is Outcome.INTERRUPTED
        assert stage.assistant == []

    stage.play(person)
    assert not stage.leaks
    assert llm.open_replies == 0
