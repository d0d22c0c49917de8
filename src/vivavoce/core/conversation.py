"""The items of a conversation, and the view of them that the language model gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from vivavoce.core.errors import LocalProtocolError
from vivavoce.core.messages import ChatItem, Message, Role, ToolCall, ToolResult

__all__ = ["CUT_MARK", "Conversation", "Item"]

CUT_MARK = "…"  # ends an assistant's message that the user cut off


@dataclass(frozen=True, slots=True)
class Item:
    """One entry: a message, a tool call, or a tool's result, and the turn it belongs to, if any.

    `cut` marks an assistant's message whose end was not heard.
    """

    id: str
    content: ChatItem
    turn: str | None = None
    cut: bool = False


class Conversation:
    """An ordered list of items with stable ids."""

    def __init__(self, instructions: str = "") -> None:
        self.instructions = instructions
        self.summary = ""
        self._items: list[Item] = []
        self._numbers = count(1)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def new_id(self) -> str:
        """A fresh item id; a client may have taken the next ones for its own."""
        taken = {item.id for item in self._items}
        return next(id for number in self._numbers if (id := f"item_{number:06d}") not in taken)

    def add(
        self,
        content: ChatItem,
        *,
        id: str | None = None,
        turn: str | None = None,
        cut: bool = False,
        after: str | None = None,
    ) -> Item:
        """Append an item, or insert it behind the item `after` ("" puts it first).

        Raises LocalProtocolError when `after` is unknown or `id` is taken.
        """
        item = Item(id or self.new_id(), content, turn, cut)
        if any(other.id == item.id for other in self._items):
            raise LocalProtocolError(f"the conversation already has an item {item.id!r}")
        if after is None:
            self._items.append(item)
        elif after == "":
            self._items.insert(0, item)
        else:
            self._items.insert(self._index(after) + 1, item)
        return item

    def get(self, id: str) -> Item:
        """The item of that id. Raises LocalProtocolError when there is none."""
        return self._items[self._index(id)]

    def delete(self, id: str) -> Item:
        """Take the item out and return it. Raises LocalProtocolError when there is none."""
        return self._items.pop(self._index(id))

    def amend(self, id: str, heard: str, *, cut: bool) -> Item:
        """Set an assistant's message to what was heard, as a late truncate asks.

        Raises LocalProtocolError when the item is not an assistant's message.
        """
        index = self._index(id)
        item = self._items[index]
        if not isinstance(item.content, Message) or item.content.role is not Role.ASSISTANT:
            raise LocalProtocolError(f"item {id!r} is not a message of the assistant")
        self._items[index] = replace(item, content=Message(Role.ASSISTANT, heard), cut=cut)
        return self._items[index]

    def compact(self, summary: str, upto: str) -> None:
        """Replace every item up to and including `upto` by a summary of them."""
        index = self._index(upto)
        self.summary = summary
        del self._items[: index + 1]

    def messages(self) -> list[ChatItem]:
        """What the language model sees: instructions, then only what was said and heard.

        As long as items are only appended, the list only grows at its end, so that a prompt's
        prefix stays warm: a call stands with its result, which may come much later. A call without
        one is left out, because every vendor refuses it, and so is a result without a call.
        """
        system = self.instructions
        if self.summary:
            system = f"{system}\n\nEarlier in this conversation: {self.summary}".strip()
        calls: dict[str, ToolCall] = {}
        view: list[ChatItem] = [Message(Role.SYSTEM, system)] if system else []
        for item in self._items:
            match item.content:
                case Message(role=Role.ASSISTANT, text=text):
                    text = f"{text}{CUT_MARK}" if item.cut and text else text
                    if text:
                        view.append(Message(Role.ASSISTANT, text))
                case ToolCall() as call:
                    calls[call.id] = call
                case ToolResult(call_id=id) as result if id in calls:
                    view += [calls.pop(id), result]
                case Message() as message:
                    view.append(message)
        return view

    def _index(self, id: str) -> int:
        for index, item in enumerate(self._items):
            if item.id == id:
                return index
        raise LocalProtocolError(f"the conversation has no item {id!r}")
