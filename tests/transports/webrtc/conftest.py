"""These tests run on the real clock: sockets do not wait for a virtual one."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
