"""What all tests share: asyncio behind anyio, and no blocking call inside the loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def unblocked_loop() -> Iterator[BlockBuster]:
    """A blocking call of ours on the loop's thread is an error."""
    with blockbuster_ctx("vivavoce") as watch:
        yield watch
