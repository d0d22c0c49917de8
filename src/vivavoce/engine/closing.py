"""Closing what belongs to others, without being held up by it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import anyio

__all__ = ["CLOSE_S", "closing", "leased"]

T = TypeVar("T")

CLOSE_S = 0.5  # a provider that takes longer to close is abandoned to the cancel scope


@asynccontextmanager
async def closing(iterator: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close the iterator at the block's end, in place, also when cancelled.

    `contextlib.aclosing` has its own clean-up cut short by the cancellation that it cleans up for,
    and a plain loop leaves a generator open past its scope.
    """
    try:
        yield iterator
    finally:
        if isinstance(iterator, AsyncGenerator):
            with anyio.move_on_after(CLOSE_S, shield=True):
                await iterator.aclose()


@asynccontextmanager
async def leased(manager: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter a provider's stream, and give it no more than `CLOSE_S` to end when cancelled."""
    value = await manager.__aenter__()
    try:
        yield value
    except BaseException as error:
        with anyio.move_on_after(CLOSE_S, shield=True):
            await manager.__aexit__(type(error), error, error.__traceback__)
        raise
    else:
        with anyio.move_on_after(CLOSE_S, shield=True):
            await manager.__aexit__(None, None, None)
