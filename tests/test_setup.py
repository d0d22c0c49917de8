"""Set-up on machines that lack things; what it can install is tested by continuous integration."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "setup.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, set on a tree that has nothing but requirements."""
    spec = importlib.util.spec_from_file_location("setup_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text("anyio==4\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.chdir(tmp_path)
    return module


def done(setup: ModuleType, kind: str) -> None:
    """Leave what a finished set-up leaves."""
    setup.PYTHON.parent.mkdir(parents=True, exist_ok=True)
    setup.PYTHON.touch()
    setup.stamp(kind).write_text(setup.fingerprint(kind))


def test_set_up_once_is_ready_until_a_pin_changes(setup: ModuleType, tmp_path: Path) -> None:
    assert not setup.is_ready("run")
    done(setup, "run")
    assert setup.is_ready("run")
    assert not setup.is_ready("dev")
    (tmp_path / "requirements" / "run.txt").write_text("anyio==5\n")
    assert not setup.is_ready("run")


def test_who_has_set_up_for_the_tests_can_run(setup: ModuleType) -> None:
    done(setup, "dev")
    assert setup.is_ready("run")


def test_a_ready_tree_runs_nothing(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    done(setup, "run")
    monkeypatch.setattr(setup, "preflight", lambda: pytest.fail("it should have stopped before"))
    assert setup.main(["run"]) == 0


def test_a_wrong_argument_explains_itself(
    setup: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert setup.main(["everything"]) == 1
    assert "usage: setup.py run|dev" in capsys.readouterr().err


def test_without_apt_the_lost_feature_is_named_and_set_up_goes_on(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    setup.install_debian(setup.DEBIAN)
    assert (
        "without Debian's espeak-ng (no apt-get here): phonemes and other languages' voices come "
        "from a wheel's library"
    ) in capsys.readouterr().out


def test_without_root_or_sudo_apt_is_not_tried(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(setup, "run", lambda _: "sudo: a password is required")
    assert setup.apt_install(["espeak-ng"]) == "neither root nor sudo without a password"


def test_a_failing_apt_is_a_reason_not_an_end(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def run(command: list[str]) -> str | None:
        commands.append(command)
        return None if command == ["/usr/bin/sudo", "-n", "true"] else "E: no network"

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(setup, "run", run)
    assert setup.apt_install(["espeak-ng"]) == "E: no network"
    assert commands[1][:2] == ["/usr/bin/sudo", "-n"]
    assert commands[1][-1] == "update"


def test_a_command_that_fails_gives_its_last_line(setup: ModuleType) -> None:
    assert setup.run(["sh", "-c", "exit 0"]) is None
    assert setup.run(["sh", "-c", "echo first >&2; echo why >&2; exit 1"]) == "why"
    assert setup.run(["sh", "-c", "exit 3"]) == "sh ended with 3"


@pytest.mark.parametrize(
    ("modules", "programs", "start"),
    [
        ({"venv", "ensurepip"}, set(), [".venv/bin/python", "-m", "pip", "install"]),
        ({"venv", "pip"}, set(), ["-m", "pip", "--python"]),
        ({"venv"}, {"uv"}, ["uv", "pip", "install", "--python"]),
    ],
)
def test_each_way_to_an_environment_is_tried(
    setup: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    modules: set[str],
    programs: set[str],
    start: list[str],
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name in modules or None)
    monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
    monkeypatch.setattr(setup, "run", lambda _: None)
    command = " ".join(setup.installer())
    assert " ".join(start) in command


def test_where_no_way_is_left_the_package_to_install_is_named(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(setup.SetupError, match=r"as root: apt install python3\.\d+-venv"):
        setup.installer()
