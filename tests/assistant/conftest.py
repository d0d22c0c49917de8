"""These tests run on a clock that jumps over sleeps."""

from __future__ import annotations

from typing import Any

import pytest

from vivavoce.testing import VirtualClockLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualClockLoop}
