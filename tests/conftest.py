"""What all tests share: asyncio behind anyio, and no blocking call inside the loop."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

# What set-up could not get from Debian: only then are the tests that need it left out.
_WITHOUT = Path(__file__).resolve().parents[1] / ".venv" / "without.txt"
_LEFT_OUT = pytest.StashKey[list[str]]()
_NEEDS_CHROMIUM = "tests/server/page/"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not _WITHOUT.exists() or "chromium" not in _WITHOUT.read_text().split():
        return
    if shutil.which("chromium"):
        return
    left_out = [item for item in items if item.nodeid.startswith(_NEEDS_CHROMIUM)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[_LEFT_OUT] = [item.nodeid for item in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in terminalreporter.config.stash.get(_LEFT_OUT, []):
        terminalreporter.write_line(f"left out, as Debian's chromium is not to be had: {name}")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def unblocked_loop() -> Iterator[BlockBuster]:
    """A blocking call of ours on the loop's thread is an error."""
    with blockbuster_ctx("vivavoce") as watch:
        yield watch
