"""The live conversations of a process: who is let in, who may come back, and how all of it ends."""

from __future__ import annotations

import logging
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

_log = logging.getLogger(__name__)


class Full(VivavoceError):
    """No further session is let in."""


@dataclass(slots=True)
class Live:
    """A conversation, attached or waiting for its client. `token` lets the client come back;
    `failed` says that an error of ours ended it."""

    conversation: RealtimeConversation
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    attached: bool = False
    over: bool = False
    failed: bool = False
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
        try:
            lives = list(self._lives.values())
            for live in lives:
                self.dismiss(live)
            for live in lives:
                while live.token in self._lives:
                    await live.changed.wait()
        finally:
            self._group.cancel_scope.cancel()  # peers that have not even connected
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
            if secrets.compare_digest(live.token.encode(), token.encode()) and not live.over:
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
        self._group.start_soon(self._guarded, work, *arguments)

    async def _guarded(
        self, work: Callable[..., Coroutine[object, object, None]], *arguments: object
    ) -> None:
        try:
            await work(*arguments)
        except Exception as error:  # noqa: BLE001  one client's failure must end no other's talk
            _log.error("a connection failed", exc_info=error)

    def dismiss(self, live: Live) -> None:
        """End a conversation, and the connection that it has."""
        live.over = True
        live.change()

    async def attend(self, live: Live, transport: Transport, *, on_track: bool = False) -> None:
        """Hold the conversation over this transport, in place of the one that it may still have,
        until the input ends or the peer is lost. A peer that knows its token may come back when it
        was lost; over WebRTC (`on_track`) no end says that it was meant.
        """
        await self.take_over(live)
        if live.over:
            return
        conversation = live.conversation
        live.attached = True
        live.change()
        stays = False
        try:
            with anyio.CancelScope() as live.connection:
                conversation.greet(live.token, self.resume, on_track=on_track)
                await conversation.session.run(transport)
            stays = live.connection.cancel_called or (on_track and conversation.extended)
        except TransportClosed:
            stays = conversation.extended
        except Exception as error:  # noqa: BLE001  one client's failure must end no other's talk
            live.failed = True
            _log.error("conversation %s failed", conversation.session.id, exc_info=error)
        finally:
            live.attached = False
            conversation.part()
            if not stays:
                live.over = True
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
        is_open = False
        try:
            async with live.conversation.session:
                is_open = True
                task_status.started()
                with anyio.move_on_after(LONGEST_S) as longest:
                    while not live.over:
                        await self._changed(live)
                if longest.cancelled_caught:
                    live.conversation.expire()
                live.over = True
                await self.take_over(live)  # a session must not end under its transport
        except Exception as error:
            if not is_open:
                raise  # to the one who asked for it
            live.failed = True
            _log.error("session %s failed", live.conversation.session.id, exc_info=error)
        finally:
            live.over = True
            live.connection.cancel()
            del self._lives[live.token]
            live.change()
