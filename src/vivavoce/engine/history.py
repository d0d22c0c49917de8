"""How turns become items of the conversation, and what the language model is shown of them."""

from __future__ import annotations

from vivavoce.core.conversation import Conversation
from vivavoce.core.messages import ChatItem, Message, Role, ToolCall, ToolResult
from vivavoce.engine.turn import Turn

__all__ = ["History"]


class History:
    """Writes turns into a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation

    def view(self, user_text: str) -> list[ChatItem]:
        """The conversation with one more word from the user; "" asks for an answer as it is."""
        messages = self.conversation.messages()
        return [*messages, Message(Role.USER, user_text)] if user_text else messages

    def said(self, turn: Turn) -> None:
        """The user's words are part of the conversation now."""
        if turn.user_text:
            self.conversation.add(Message(Role.USER, turn.user_text), turn=turn.id)

    def close(self, turn: Turn, heard: str) -> None:
        """The turn is over; `heard` is what was heard of its reply, as well as is known."""
        for content, cut in turn.items(heard):
            self.conversation.add(content, turn=turn.id, cut=cut)

    def forget(self, turn: Turn) -> None:
        """Nobody heard this turn: its words are asked again, or were never asked."""
        for item in [item for item in self.conversation if item.turn == turn.id]:
            self.conversation.delete(item.id)

    def amend(self, turn: Turn, heard: str) -> None:
        """More is known of what was heard: the turn's messages are cut, or mended, to it. There are
        as many as before, unless a client has deleted some."""
        contents = [
            (content, cut) for content, cut in turn.items(heard) if isinstance(content, Message)
        ]
        items = [
            item
            for item in self.conversation
            if item.turn == turn.id
            and isinstance(item.content, Message)
            and item.content.role is Role.ASSISTANT
        ]
        for item, (content, cut) in zip(items, contents, strict=False):
            self.conversation.amend(item.id, content.text, cut=cut)

    def late(self, turn: Turn, result: ToolResult) -> None:
        """A tool's result came after its turn was over: it stands right behind its call. A call
        that was deleted or summarised since takes its result with it."""
        for item in self.conversation:
            call = item.content if item.turn == turn.id else None
            if isinstance(call, ToolCall) and call.id == result.call_id:
                self.conversation.add(result, turn=turn.id, after=item.id)
                return
