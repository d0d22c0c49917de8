"""The server benchmark: its table from made-up figures, and all of it on a real server."""

from __future__ import annotations

import base64
import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from vivavoce.bench.answers import ANSWERS
from vivavoce.bench.hosting import QUESTIONS, Census, Soak, shared_speller
from vivavoce.bench.serve import WEBRTC, WEBSOCKET, Cost, report
from vivavoce.bench.visitors import FRAME_SAMPLES, SAMPLE_RATE, spoken_questions
from vivavoce.cli import main
from vivavoce.core.audio import FRAME_S

FIGURES = ("gap_ms", "overhead_ms", "client_lag_ms")


def _cost(transport: str, sessions: int, core_share: float, memory: int) -> Cost:
    return Cost(transport, sessions, [0.9], [0.021], core_share, memory, (0.001, 0.002, None))


def _soak(*memory: int, tasks: int = 4, descriptors: int = 8) -> Soak:
    first = Census(0, 4, 8, memory[0], (None, None, None))
    rest = [Census(0, tasks, descriptors, held, (None, None, None)) for held in memory[1:]]
    return Soak(100, 10, 0, [first, *rest])


def test_a_session_costs_what_the_larger_run_takes_beyond_the_smallest_of_its_transport() -> None:
    costs = [
        _cost(WEBSOCKET, 1, 0.05, 100_000_000),
        _cost(WEBSOCKET, 11, 0.15, 103_000_000),
        _cost(WEBRTC, 1, 0.10, 100_000_000),
        _cost(WEBRTC, 3, 0.20, 108_000_000),
    ]
    made = report(costs, None, "scripted/level", 30.0)
    rows = {row.label: list(row.cells) for row in made.rows}
    assert rows["processor a session (% of a core)"][:4] == ["5.00", "1.00", "10.00", "5.00"]
    assert rows["memory a session (MB)"][:4] == ["(100 in all)", "0.30", "(100 in all)", "4.00"]
    # 85 % are left beside eleven sessions, which hold 85 more; 80 % beside three hold 16.
    assert rows["sessions that fill a core"][:4] == ["", "96", "", "19"]
    runs = made.as_dict()["runs"]
    assert isinstance(runs, list)
    assert [run["memory_mb_a_session"] for run in runs] == [None, 0.3, None, 4.0]


def test_a_soak_tells_what_is_left_and_how_memory_rises_once_it_is_warm() -> None:
    assert (_soak(1000, 1000).tasks, _soak(1000, 1000).descriptors) == (0, 0)
    leaking = _soak(1000, 3000, 4000, 5000, 6000, tasks=6, descriptors=9)
    assert (leaking.tasks, leaking.descriptors) == (2, 1)
    assert leaking.bytes_a_session == 2000 / 50  # the first half is still settling


def test_each_question_gets_an_answer_of_its_own() -> None:
    chosen = {zlib.crc32(f"{question}.".encode()) % len(ANSWERS) for question in QUESTIONS}
    assert chosen == set(range(len(ANSWERS)))


def test_spoken_questions_can_be_read_off_their_frames_up_to_their_end() -> None:
    reader = shared_speller()  # the server's: another process has another one
    for question, spoken in zip(QUESTIONS, spoken_questions(shared_speller()), strict=True):
        frames = [json.loads(event)["audio"] for event in spoken.events]
        data = b"".join(map(_decoded, frames))
        assert len(data) == 2 * FRAME_SAMPLES * len(frames)
        words = reader.read(np.frombuffer(data, np.int16), SAMPLE_RATE)
        assert " ".join(word.text for word in words) == question
        assert words[-1].end == spoken.ends
        assert 0 <= len(frames) * FRAME_S - spoken.ends < 2 * FRAME_S


def _decoded(text: str) -> bytes:
    return base64.b64decode(text)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="it assigns cores")
def test_every_question_is_answered_over_both_transports_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cores = os.sched_getaffinity(0)
    file = tmp_path / "serve.json"

    assert main(["bench", "serve", "--quick", "--vad", "scripted/level", "--json", str(file)]) == 0

    assert os.sched_getaffinity(0) == cores
    table = capsys.readouterr().out
    data = json.loads(file.read_text(encoding="utf-8"))
    assert data["machine"] in table
    assert [(run["transport"], run["sessions"]) for run in data["runs"]] == [
        (WEBSOCKET, 2),
        (WEBRTC, 1),
    ]
    for run in data["runs"]:
        assert run["gap_ms"]["count"] >= 1
        assert run["overhead_ms"]["count"] == run["gap_ms"]["count"]
        assert run["overhead_ms"]["p50"] > 0  # no answer outruns its providers
        assert (run["unanswered"], run["cut_answers"], run["early"], run["hung"]) == (0, 0, 0, 0)
        assert run["errors"] == []
        assert all(set(run[figure]) == {"count", "p50", "p95", "max"} for figure in FIGURES)
        assert run["core_percent"] > 0
        assert run["memory_mb"] > 1
    soak = data["soak"]
    assert (soak["sessions"], soak["unanswered"]) == (20, 0)
    assert (soak["tasks_left"], soak["descriptors_left"]) == (0, 0)


def test_a_negative_number_of_sessions_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "serve", "--websocket", "-1"])
    assert "--websocket" in capsys.readouterr().err
