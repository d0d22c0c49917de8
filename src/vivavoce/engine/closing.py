"""Closing what belongs to others, without being held up by it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from typing import TypeVar

import anyio

__all__ = ["CLOSE_S", "closing", "leased"]

T = TypeVar("T")

CLOSE_S = 0.5  # a provider that takes longer to close is abandoned to the cancel scope


def closing(iterator: AsyncIterator[T]) -> AbstractAsyncContextManager[AsyncIterator[T]]:
    """Close the iterator at the block's end, in place, also when cancelled.

    `contextlib.aclosing` alone has its own clean-up cut short by the cancellation that it cleans up
    for, and a plain loop leaves a generator open past its scope.
    """
    if isinstance(iterator, AsyncGenerator):
        return leased(aclosing(iterator))
    return nullcontext(iterator)


@asynccontextmanager
async def leased(manager: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter a provider's stream, and give it no more than `CLOSE_S` to end, also when cancelled.

    The limit stands around the whole lease: scopes nest, so that one entered for the end alone
    could not be left after a task group that the provider opened before it.
    """
    raised: BaseException | None = None
    with anyio.CancelScope() as limit:
        async with manager as value:
            try:
                yield value
            except BaseException as error:
                raised = error
                raise
            finally:
                limit.shield = True
                limit.deadline = anyio.current_time() + CLOSE_S
    if raised is not None:  # the limit, or a task group of the provider, may have swallowed it
        await anyio.lowlevel.checkpoint_if_cancelled()
        if limit.cancelled_caught and isinstance(raised, Exception):
            raise raised
