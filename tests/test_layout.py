"""Rules for the repository itself."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Package registries: packages are named, the user's configuration says where they come from.
REGISTRIES = re.compile(
    r"pypi[.]org|pythonhosted[.]org|npmjs[.](?:org|com)|(?:deb|security)[.]debian[.]org"
)


def tracked_files() -> list[Path]:
    """Every file of the repository; of the source tree where there is no git."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return [
            file for part in ("src", "tests", "scripts") for file in (ROOT / part).rglob("*.py")
        ]
    names = filter(None, listed.stdout.split("\0"))
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_no_file_names_a_package_registrys_host() -> None:
    found = [
        str(file.relative_to(ROOT))
        for file in tracked_files()
        if REGISTRIES.search(file.read_bytes().decode("utf-8", "replace"))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["build", "run", "dev"])
def test_every_requirement_is_pinned_with_hashes(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    for pin in pins:
        assert re.match(r"[\w.-]+==\S+ .*\\$|[\w.-]+==\S+ \\$", pin), pin


def test_dev_holds_all_that_run_pins() -> None:
    """Whoever has set up for the tests has set up for running; scripts/setup.py relies on it."""
    run, dev = (
        {
            line
            for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
            if "==" in line
        }
        for name in ("run", "dev")
    )
    assert run <= dev
