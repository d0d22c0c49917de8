"""The items of a conversation as the Realtime API tells them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from vivavoce.transports.realtime.wire import WireError

__all__ = ["Item", "Items"]

Json = dict[str, Any]


@dataclass(slots=True)
class Item:
    """One item. `told` is what clients are told of it; `turn` is the engine's turn that it belongs
    to, `stored` the conversation's id of an item that belongs to none. `start` and `end` are where
    its audio lies in that turn's audio (s), `size` what a client sent to make it (bytes)."""

    id: str
    told: Json
    turn: str | None = None
    stored: str | None = None
    start: float | None = None
    end: float = 0.0
    size: int = 0

    @property
    def is_answer(self) -> bool:
        """Whether it is a message of the assistant."""
        return bool(self.told["type"] == "message" and self.told["role"] == "assistant")


@dataclass(slots=True)
class Items:
    """In order, by id."""

    size: int = 0
    _items: list[Item] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._items)

    def get(self, id: str, param: str = "item_id") -> Item:
        """The item. Raises WireError when there is none."""
        for item in self._items:
            if item.id == id:
                return item
        raise WireError(f"there is no item {id!r}", code="item_not_found", param=param)

    def add(self, item: Item, previous: str | None = None) -> str | None:
        """Put the item behind `previous`, "root" for the front; at the end for None. Returns the
        id of the item before it. Raises WireError."""
        if any(other.id == item.id for other in self._items):
            raise WireError(
                f"there is an item {item.id!r} already", code="item_exists", param="item.id"
            )
        if previous == "root":
            index = 0
        elif previous is None:
            index = len(self._items)
        else:
            index = self._items.index(self.get(previous, "previous_item_id")) + 1
        self._items.insert(index, item)
        self.size += item.size
        return self._items[index - 1].id if index else None

    def remove(self, id: str) -> Item:
        """Take the item out. Raises WireError when there is none."""
        item = self.get(id)
        self._items.remove(item)
        self.size -= item.size
        return item

    def of_turn(self, turn: str) -> list[Item]:
        """What belongs to an engine's turn."""
        return [item for item in self._items if item.turn == turn]
