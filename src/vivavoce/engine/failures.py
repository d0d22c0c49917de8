"""Single errors out of the groups that task groups raise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vivavoce.core.errors import VivavoceError

__all__ = ["describe", "first_error", "unwrapped"]


def first_error(error: BaseException) -> BaseException:
    """The first single error of a group, however deep; an error that is no group is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def describe(error: BaseException) -> str:
    """What failed, without what was said: only our own errors' words are known to hold none."""
    found = first_error(error)
    return str(found) if isinstance(found, VivavoceError) else type(found).__name__


@contextmanager
def unwrapped() -> Iterator[None]:
    """Raise one of our own errors as itself where task groups have wrapped it."""
    try:
        yield
    except BaseExceptionGroup as group:
        found = first_error(group)
        if isinstance(found, VivavoceError):
            raise found from None
        raise
