"""How a provider is found and made: what a plug-in gets, and what it gives.

A plug-in is an entry point in the group of its role (`vivavoce.stt`, `vivavoce.llm`,
`vivavoce.tts`, `vivavoce.vad`, `vivavoce.turn_detector`), named for its vendor. It is a function
`(model, context) -> provider`; `"acme/ears-2"` calls the entry point `acme` with `"ears-2"`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["ROLES", "ProviderContext"]

ROLES = ("stt", "llm", "tts", "vad", "turn_detector")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """What a provider is made with.

    `language` is ISO 639-1 or None. `options` is the vendor's own table of the configuration
    (`[providers.acme]`). `shared` keeps what all providers of the process share.
    """

    language: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    shared: dict[str, object] = field(default_factory=dict)

    def share(self, key: str, kind: type[_T], make: Callable[[], _T]) -> _T:
        """The one object of that key, made at its first use.

        It is closed with the process's providers if it has an `aclose`. Raises TypeError when
        another kind of object has the key.
        """
        found = self.shared.setdefault(key, None)
        if found is None:
            found = self.shared[key] = make()
        if not isinstance(found, kind):
            raise TypeError(f"{key} is shared as a {type(found).__name__}, not a {kind.__name__}")
        return found
