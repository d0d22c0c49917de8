"""What all tests share: asyncio behind anyio, and no blocking call inside the loop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

# What set-up could not get from Debian: only then are the tests that need it left out.
_WITHOUT = Path(__file__).resolve().parents[1] / ".venv" / "without.txt"
_LEFT_OUT = pytest.StashKey[list[str]]()
_NEEDS = {
    "chromium": "tests/server/page/",
    "npm": "tests/server/page/test_javascript_client.py",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lacking = _WITHOUT.read_text().split() if _WITHOUT.exists() else []
    places = tuple(place for name, place in _NEEDS.items() if name in lacking)
    left_out = [item for item in items if item.nodeid.startswith(places)] if places else []
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    config.stash[_LEFT_OUT] = [item.nodeid for item in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name in terminalreporter.config.stash.get(_LEFT_OUT, []):
        terminalreporter.write_line(f"left out, as its Debian package is not to be had: {name}")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def unblocked_loop() -> Iterator[BlockBuster]:
    """A blocking call of ours on the loop's thread is an error."""
    with blockbuster_ctx("vivavoce") as watch:
        yield watch
