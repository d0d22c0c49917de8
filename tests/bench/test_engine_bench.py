"""The engine benchmark from its command to its report, on real sockets and in real time."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from vivavoce.cli import main

FIGURES = ("turn_gap_ms", "over_scripted_ms", "overhead_ms", "unclear_wait_ms", "barge_in_ms")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="it assigns cores")
def test_every_utterance_is_answered_and_no_word_remembered_wrongly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cores = os.sched_getaffinity(0)
    file = tmp_path / "engine.json"
    options = ["--sessions", "2", "--seconds", "9", "--vad", "scripted/level", "--json", str(file)]

    assert main(["bench", "engine", *options]) == 0

    assert os.sched_getaffinity(0) == cores
    table = capsys.readouterr().out
    assert "2 sessions" in table
    assert "Pipecat" in table
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["machine"] in table
    (run,) = data["runs"]
    assert run["sessions"] == 2
    assert run["utterances"] >= 2
    assert (run["unanswered"], run["hung"]) == (0, 0)
    assert run["words"] > 10
    assert (run["wrong_words"], run["mismatches"]) == (0, [])
    assert run["turn_gap_ms"]["count"] + run["unclear_wait_ms"]["count"] == run["utterances"]
    assert all(set(run[figure]) == {"count", "p50", "p95", "max"} for figure in FIGURES)
    assert run["core_percent"] > 0
    assert run["memory_mb"] > 1


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "nonsense"])
    assert "engine" in capsys.readouterr().err


def test_recordings_without_an_index_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "engine", "--recordings", str(tmp_path)]) == 1
    assert "index.json" in capsys.readouterr().err
