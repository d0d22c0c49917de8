"""The live conversations of a process: who is let in, who may come back, and how all of it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Self

import anyio
import anyio.abc

from vivavoce.core.errors import TransportClosed, VivavoceError
from vivavoce.core.protocols import Transport
from vivavoce.engine.session import Session
from vivavoce.server.conversation import LONGEST_S, RealtimeConversation

__all__ = ["Full", "Hub", "Live"]

RESUME_S = 60.0  # how long a conversation waits for a client that was lost
_LOOK_S = 0.050  # how often a shutdown looks whether the last answer is over
RETRY_S = 5  # after which a client that was refused may ask again


class Full(VivavoceError):
    """No further session is let in."""


@dataclass(slots=True)
class Live:
    """A conversation, attached or waiting for its client. `token` lets the client come back."""

    conversation: RealtimeConversation
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    attached: bool = False
    over: bool = False
    changed: anyio.Event = field(default_factory=anyio.Event)
    connection: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def change(self) -> None:
        """Let those look who wait for a change."""
        self.changed.set()
        self.changed = anyio.Event()


class Hub:
    """Holds at most `limit` conversations made by `new_session`. Enter it; leaving ends them."""

    def __init__(
        self,
        new_session: Callable[[], Session],
        *,
        model: str,
        limit: int,
        resume: float = RESUME_S,
    ) -> None:
        self.model = model
        self.limit = limit
        self.resume = resume
        self._new_session = new_session
        self._lives: dict[str, Live] = {}
        self._draining = False
        self._group: anyio.abc.TaskGroup

    async def __aenter__(self) -> Self:
        self._group = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._draining = True
        for live in list(self._lives.values()):
            self.dismiss(live)
        await self._group.__aexit__(None, None, None)

    def __len__(self) -> int:
        return len(self._lives)

    async def finish(self, within: float) -> None:
        """Let nobody new in, tell those who talk, wait `within` seconds for the answers under way,
        then end every conversation."""
        self._draining = True
        for live in self._lives.values():
            live.conversation.tell_of_the_end()
        with anyio.move_on_after(within):
            while any(  # noqa: ASYNC110  a shutdown may look twenty times a second
                live.conversation.protocol.is_busy for live in self._lives.values()
            ):
                await anyio.sleep(_LOOK_S)
        for live in list(self._lives.values()):
            self.dismiss(live)
            live.connection.cancel()

    async def open(self, *, on_track: bool, extended: bool) -> Live:
        """A new conversation. Raises Full."""
        if self._draining:
            raise Full("this server is shutting down")
        if len(self._lives) >= self.limit:
            raise Full(f"this server holds its {self.limit} sessions already")
        conversation = RealtimeConversation(
            self._new_session(), model=self.model, on_track=on_track, extended=extended
        )
        live = Live(conversation)
        self._lives[live.token] = live
        await self._group.start(self._keep, live)
        return live

    def find(self, token: str) -> Live | None:
        """The conversation of the client with this token."""
        for live in self._lives.values():
            if secrets.compare_digest(live.token, token) and not live.over:
                return live
        return None

    async def take_over(self, live: Live) -> None:
        """End the connection that a conversation still has: its client has come by another, and
        this one only looks alive."""
        while live.attached:
            live.connection.cancel()
            await live.changed.wait()

    def start(
        self, work: Callable[..., Coroutine[object, object, None]], *arguments: object
    ) -> None:
        """Do this beside the request that asked for it, until it or the hub ends."""
        self._group.start_soon(work, *arguments)

    def dismiss(self, live: Live) -> None:
        """End a conversation."""
        live.over = True
        live.change()

    async def attend(self, live: Live, transport: Transport, *, keep: bool = False) -> None:
        """Hold the conversation over this transport until its input ends or its peer is lost;
        a lost peer may come back, and with `keep` so may one whose input just ended."""
        live.attached = True
        live.change()
        try:
            with anyio.CancelScope() as live.connection:
                await live.conversation.session.run(transport)
        except TransportClosed:
            pass
        else:
            if not keep and not live.connection.cancel_called:
                self.dismiss(live)
        finally:
            live.attached = False
            live.change()

    async def _changed(self, live: Live) -> None:
        patience = None if live.attached else self.resume
        with anyio.move_on_after(patience) as scope:
            await live.changed.wait()
        if scope.cancelled_caught:
            live.over = True

    async def _keep(
        self, live: Live, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        try:
            async with live.conversation.session:
                task_status.started()
                with anyio.move_on_after(LONGEST_S):
                    while not live.over:
                        await self._changed(live)
        finally:
            live.over = True
            del self._lives[live.token]
