"""The assistant: instructions, providers and tools, ready to talk over any transport."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, Self, TypeVar, overload

import anyio
import msgspec
from anyio.abc import TaskStatus

from vivavoce.build import Providers, parts_from
from vivavoce.config import load_settings
from vivavoce.core.conversation import Conversation
from vivavoce.core.errors import LocalProtocolError
from vivavoce.core.events import Event
from vivavoce.core.protocols import LLM, STT, TTS, VAD, Tool, Transport, TurnDetector
from vivavoce.engine.failures import unwrapped
from vivavoce.engine.listeners import Listener
from vivavoce.engine.session import Session
from vivavoce.engine.tools import tool_from
from vivavoce.settings import Settings

__all__ = ["Assistant"]

P = ParamSpec("P")
R = TypeVar("R")


class Assistant:
    """Made once, it holds any number of conversations.

    Providers are named, as in `stt="local/whisper-tiny.en"`, or given as objects; what is left out
    is taken from `settings`, by default those of `vivavoce.toml` and the environment. Enter it to
    load the models, once, around all its conversations; `run` does so by itself otherwise.

        assistant = Assistant("You help in a kitchen.", tts="local/piper-joe")
        await assistant.run(FileTransport("question.wav", "answer.wav"), on_event=print)
    """

    def __init__(
        self,
        instructions: str | None = None,
        *,
        stt: str | STT | None = None,
        llm: str | LLM | None = None,
        tts: str | TTS | None = None,
        vad: str | VAD | None = None,
        turn_detector: str | TurnDetector | None = None,
        language: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        given = {
            "instructions": instructions,
            "language": language,
            "stt": stt,
            "llm": llm,
            "tts": tts,
            "vad": vad,
            "turn_detector": turn_detector,
        }
        names = {key: value for key, value in given.items() if isinstance(value, str)}
        self.settings = msgspec.structs.replace(settings or load_settings(), **names)
        self.tools: list[Tool] = []
        self._providers = Providers(
            self.settings,
            stt=None if isinstance(stt, str) else stt,
            llm=None if isinstance(llm, str) else llm,
            tts=None if isinstance(tts, str) else tts,
            vad=None if isinstance(vad, str) else vad,
            turn_detector=None if isinstance(turn_detector, str) else turn_detector,
        )
        self._is_entered = self._is_open = False

    @overload
    def tool(self, function: Callable[P, R]) -> Callable[P, R]: ...
    @overload
    def tool(
        self, *, effect: bool = True, deadline: float = 30.0
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def tool(
        self,
        function: Callable[P, R] | None = None,
        *,
        effect: bool = True,
        deadline: float = 30.0,
    ) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
        """Let the assistant call this function; a decorator.

        Its name, docstring and annotations tell the model what it is for. `effect=False` says that
        it only reads: then it may run early and be cut off. `deadline` is in seconds. Raises
        ConfigError when a parameter has no annotation.
        """

        def register(function: Callable[P, R]) -> Callable[P, R]:
            self.tools.append(tool_from(function, effect=effect, deadline=deadline))
            return function

        return register if function is None else register(function)

    @property
    def providers(self) -> Providers:
        """What it hears, thinks and speaks with; loaded while it is entered."""
        return self._providers

    @property
    def choice(self) -> tuple[str, ...]:
        """The providers in use, by name, and why those were taken that nobody named."""
        choice = self._providers.choice
        return (*choice.names(), *choice.reasons)

    async def __aenter__(self) -> Self:
        if self._is_entered:
            raise LocalProtocolError("enter the assistant once, around all its conversations")
        self._is_entered = True
        try:
            await self._providers.__aenter__()
            await self._prefill()
        except BaseException:
            await self.__aexit__()
            raise
        self._is_open = True
        return self

    async def _prefill(self) -> None:
        """Compute the prompt that every conversation begins with, before the first one needs it."""
        llm = self._providers.llm
        if llm.capabilities.prefill:
            beginning = Conversation(self.settings.instructions).messages()
            await llm.prefill(beginning, [tool.spec for tool in self.tools])

    async def __aexit__(self, *exc: object) -> None:
        self._is_open = False
        try:
            await self._providers.__aexit__(*exc)
        finally:
            self._is_entered = False

    def session(self) -> Session:
        """A new conversation, to be entered. Raises LocalProtocolError before the models are
        loaded."""
        if not self._is_open:
            raise LocalProtocolError("enter the assistant first: async with assistant: ...")
        return Session(parts_from(self._providers, self.tools))

    async def run(
        self, transport: Transport, *, on_event: Callable[[Event], object] | None = None
    ) -> Session:
        """Hold one conversation over this transport and return it when it has ended.

        `on_event` is called with everything that happens, and must not block. Raises
        TransportClosed when the peer is lost.
        """
        if not self._is_open:
            async with self:
                return await self.run(transport, on_event=on_event)
        session = self.session()
        with unwrapped():
            async with anyio.create_task_group() as group:
                if on_event is not None:
                    await group.start(_tell, session, on_event)
                async with session:
                    await session.run(transport)
        return session


async def _tell(
    session: Session, on_event: Callable[[Event], object], *, task_status: TaskStatus[None]
) -> None:
    with session.events(Listener.LEDGER) as events:
        task_status.started()
        async for event in events:
            on_event(event)
