"""`vivavoce ask`, with the embedded models, as a user calls it."""

import io
import json
import math
import os
import threading
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from vivavoce.audio.files import read_audio
from vivavoce.cli import main

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = ROOT / "src" / "vivavoce" / "data" / "questions"
RATE = 16000

Samples = NDArray[np.int16]


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VIVAVOCE_LLM", "local/smollm2-135m")
    monkeypatch.chdir(tmp_path)


def question(number: int) -> Samples:
    frames = read_audio(QUESTIONS / f"{number:02}.flac", sample_rate=RATE)
    return np.concatenate([frame.samples for frame in frames])


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def write_wav(path: Path, *parts: Samples, rate: int = RATE, channels: int = 1) -> Path:
    samples = np.repeat(np.concatenate(parts), channels)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


def ask(arguments: Sequence[str | Path], capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The turns of `ask --fast --json`, which keeps its schema."""
    assert main(["ask", "--fast", "--json", *map(str, arguments)]) == 0
    document = json.loads(capsys.readouterr().out)
    schema = json.loads((ROOT / "docs" / "ask.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)
    turns: list[Any] = document["turns"]
    return turns


def test_a_question_is_understood_answered_and_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (turn,) = ask([QUESTIONS / "01.flac", "-o", tmp_path / "answer.wav"], capsys)
    assert turn["user"] == "What is the capital of France?"
    assert turn["outcome"] == "completed"
    assert turn["heard"] == turn["answer"]
    assert math.isclose(sum(turn["stages_ms"].values()), turn["turn_gap_ms"], abs_tol=1)
    answer = np.concatenate([frame.samples for frame in read_audio(tmp_path / "answer.wav")])
    assert np.abs(answer).max() > 1000


def test_several_utterances_become_several_turns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    talk = write_wav(tmp_path / "talk.wav", question(1), silence(60), question(2))
    turns = ask([talk], capsys)
    assert [turn["user"] for turn in turns] == [
        "What is the capital of France?",
        "How many days are there in a week?",
    ]


def test_speech_during_an_answer_is_a_barge_in(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    script = ["--instructions", "Always tell a very long story of many sentences."]
    talk = write_wav(tmp_path / "talk.wav", question(1), silence(6), question(2))
    first, second = ask([talk, *script], capsys)
    assert first["outcome"] == "interrupted"
    assert first["answer"].startswith(first["heard"])
    assert len(first["heard"]) < len(first["answer"])
    assert second["user"] == "How many days are there in a week?"


def test_text_output_has_no_voice(capsys: pytest.CaptureFixture[str]) -> None:
    (turn,) = ask([QUESTIONS / "01.flac", "--output", "text"], capsys)
    assert turn["heard"] == turn["answer"] != ""
    assert "tts" not in turn["stages_ms"]


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_any_rate_and_channels_will_do(
    rate: int, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    frames = read_audio(QUESTIONS / "01.flac", sample_rate=rate)
    samples = np.concatenate([frame.samples for frame in frames])
    stereo = write_wav(tmp_path / "stereo.wav", samples, rate=rate, channels=2)
    (turn,) = ask([stereo, "--output", "text"], capsys)
    assert turn["user"] == "What is the capital of France?"


def test_standard_input_is_a_source(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wav = write_wav(tmp_path / "question.wav", question(1)).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(wav)))
    (turn,) = ask(["-", "--output", "text"], capsys)
    assert turn["user"] == "What is the capital of France?"


def test_a_named_pipe_is_a_source(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    wav = write_wav(tmp_path / "question.wav", question(1)).read_bytes()
    writer = threading.Thread(target=pipe.write_bytes, args=(wav,))
    writer.start()
    (turn,) = ask([pipe, "--output", "text"], capsys)
    writer.join()
    assert turn["user"] == "What is the capital of France?"


def test_the_question_is_not_replaced_by_its_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked = write_wav(tmp_path / "question.wav", question(1))
    whole = asked.read_bytes()
    assert main(["ask", str(asked), "-o", "question.wav"]) == 1
    assert "would replace the question" in capsys.readouterr().err
    assert asked.read_bytes() == whole


def test_a_reader_that_goes_away_ends_it_quietly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    asked = write_wav(tmp_path / "question.wav", question(1))
    with os.fdopen(writing, "w", encoding="utf-8") as out:
        monkeypatch.setattr("sys.stdout", out)
        assert main(["ask", "--fast", str(asked), "--output", "text"]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_a_terminal_without_our_signs_ends_no_talk(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", out)
    assert main(["ask", "--fast", str(QUESTIONS / "01.flac"), "--output", "text"]) == 0
    out.seek(0)
    assert "first token" in out.read()


def test_the_text_report_shows_the_turn_and_its_gap(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--fast", str(QUESTIONS / "01.flac")]) == 0
    report = capsys.readouterr().out
    assert "you     What is the capital of France?" in report
    assert "first token" in report


def broken_files(directory: Path) -> Iterator[tuple[Path, str]]:
    text = directory / "notes.wav"
    text.write_text("this is no audio at all")
    yield text, "not audio"
    empty = directory / "empty.wav"
    empty.touch()
    yield empty, "is empty"
    yield directory / "missing.wav", "missing.wav"
    yield directory, str(directory)


def test_what_is_not_audio_is_told_at_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for path, words in broken_files(tmp_path):
        assert main(["ask", str(path)]) == 1
        error = capsys.readouterr().err
        assert error.startswith("vivavoce: ")
        assert words in error


def test_silence_is_told_to_hold_no_words(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    quiet = write_wav(tmp_path / "quiet.wav", silence(2))
    assert main(["ask", "--fast", str(quiet), "--output", "text"]) == 1
    assert "no words were found in" in capsys.readouterr().err


def test_a_truncated_recording_is_answered_as_far_as_it_goes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    whole = write_wav(tmp_path / "whole.wav", question(1)).read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole[: round(len(whole) * 0.95)])
    assert main(["ask", "--fast", str(cut), "--output", "text"]) == 0
    captured = capsys.readouterr()
    assert "capital" in captured.out
    assert "cut.wav" in captured.err or "truncated" in captured.err


def test_an_answer_that_cannot_be_written_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = tmp_path / "nowhere" / "answer.wav"
    assert main(["ask", "--fast", str(QUESTIONS / "01.flac"), "-o", str(place)]) == 1
    assert "answer.wav" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ask", "x.wav", "--output", "text", "-o", "y.wav"], "leave out -o"),
        (["ask", "x.wav", "-o", "-", "--json"], "give -o a file"),
        (["ask", "x.wav", "--set", "floor.eager"], "NAME=VALUE"),
        (["ask", "x.wav", "--set", "floor.egaer_ms=1"], "floor.eager_ms"),
        (["ask", "01.flac", "--llm", "locl/qwen"], "did you mean local/qwen"),
        (["ask", "01.flac", "--llm", "local/qwen3"], "no embedded model"),
        (["ask", "01.flac", "--stt", "whisper"], "vendor/model"),
    ],
)
def test_a_wrong_argument_says_what_to_do(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(QUESTIONS / "01.flac") if a == "01.flac" else a for a in arguments]
    assert main(arguments) == 1
    assert words in capsys.readouterr().err


def test_usage_errors_exit_with_two() -> None:
    for arguments in ([], ["ask"], ["sing"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
