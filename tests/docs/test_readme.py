"""The README's commands and its example do what it says (`make test` excepted: that is this)."""

import os
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DATA = ROOT / "src" / "vivavoce" / "data"

pytestmark = pytest.mark.timeout(300)


def call(command: list[str], directory: Path) -> str:
    environ = {**os.environ, "VIVAVOCE_LLM": "local/smollm2-135m"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    result = subprocess.run(
        command, cwd=directory, env=environ, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def has_sound(path: Path) -> bool:
    with wave.open(str(path)) as answer:
        return any(answer.readframes(answer.getnframes()))


def test_the_example_is_short_and_answers_a_question(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    lines = [line for line in found[1].splitlines() if line.strip()]
    assert len(lines) <= 15
    shutil.copy(DATA / "question.wav", tmp_path / "question.wav")
    (tmp_path / "example.py").write_text(found[1], encoding="utf-8")
    out = call([sys.executable, "example.py"], tmp_path)
    assert out.startswith("Why is the sky blue? → ")
    assert has_sound(tmp_path / "answer.wav")


def test_the_named_commands_run(tmp_path: Path) -> None:
    shutil.copy(DATA / "question.wav", tmp_path / "question.wav")
    commands = re.findall(r"`(vivavoce [^`]+)`", README)
    assert "vivavoce serve" in commands  # this one runs on: tests/server/page has it
    for command in commands:
        if command != "vivavoce serve":
            call(command.split(), tmp_path)
    assert has_sound(tmp_path / "answer.wav")


def test_make_run_prints_one_spoken_turn() -> None:
    assert "    make run" in README
    out = call(["make", "run", "ONCE=1"], ROOT)
    assert "you     Why is the sky blue?" in out
    assert has_sound(ROOT / "answer.wav")
