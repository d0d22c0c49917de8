"""`vivavoce run`: the proof that everything works."""

import wave
from pathlib import Path

import pytest

from vivavoce.cli import main


def test_the_bundled_question_is_answered_aloud(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VIVAVOCE_LLM", "local/smollm2-135m")
    monkeypatch.chdir(tmp_path)
    assert main(["run"]) == 0
    out = capsys.readouterr().out
    assert "you     Why is the sky blue?" in out
    assert "gap" in out
    assert str(tmp_path / "answer.wav") in out
    with wave.open(str(tmp_path / "answer.wav")) as answer:
        assert answer.getnframes() > answer.getframerate() // 2


def test_the_answer_does_not_go_where_the_report_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "-o", "-"]) == 1
    assert "give -o a file" in capsys.readouterr().err
