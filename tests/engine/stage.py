"""A session on a transport in memory: what was played, and whether anything is left of it."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import anyio
import numpy as np

from vivavoce.core.audio import FRAME_S, Samples
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import Event, Failed, TurnEnded
from vivavoce.core.messages import Message, Role
from vivavoce.core.protocols import TransportCapabilities
from vivavoce.core.transcript import Word
from vivavoce.core.turn import TurnRecord
from vivavoce.engine.failures import unwrapped
from vivavoce.engine.listeners import Listener
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.engine.streams import Stream
from vivavoce.providers.scripted.llm import Reply
from vivavoce.testing import (
    LevelVAD,
    MemoryTransport,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    Speller,
    VirtualClockLoop,
)

RATE = 16000
FRAME = round(FRAME_S * RATE)
REPORTING = TransportCapabilities(reports_played=True, commits_on_close=True)


class SteppedLoop(VirtualClockLoop):
    """Does `act` first in step `at`, and counts the steps."""

    def __init__(self, at: int | None = None) -> None:
        self.steps = 0
        self.at = at
        self.act: Callable[[], object] = lambda: None
        super().__init__()

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            self.call_soon(self.act)


@dataclass
class Leaks:
    """What should not be there when everything is over."""

    generators: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.generators or self.complaints or self.tasks)

    def watch(self) -> None:
        """Note what is abandoned from now on. Call it in the loop."""
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: self.complaints.append(repr(context))
        )
        first, last = sys.get_asyncgen_hooks()

        def abandoned(generator: AsyncGenerator[Any, Any]) -> None:
            self.generators.append(repr(generator))
            if last is not None:
                last(generator)

        sys.set_asyncgen_hooks(first, abandoned)

    def look(self) -> None:
        """Note what still runs. Call it in the loop, at the end."""
        gc.collect()
        here = asyncio.current_task()
        self.tasks = [repr(task) for task in asyncio.all_tasks() if task is not here]


class Stage:
    """A session, its scripted providers, and a person at the other end.

    `person` is a coroutine that speaks through `transport` and `session`; when it ends the input
    is closed. `change` gets the parts and returns what is used instead.
    """

    def __init__(
        self,
        replies: Sequence[Reply] | Callable[..., Reply] = ("Yes.",),
        *,
        capabilities: TransportCapabilities = REPORTING,
        report_delay: float = 0.0,
        play_delay: float | None = None,
        change: Callable[[Parts], Parts] = lambda parts: parts,
    ) -> None:
        self.speller = Speller()
        self.llm = ScriptedLLM(replies)
        self.stt = ScriptedSTT(self.speller)
        self.tts = ScriptedTTS(self.speller)
        self.parts = change(
            Parts(stt=self.stt, llm=self.llm, tts=self.tts, vad=LevelVAD(), language="en")
        )
        self.transport = MemoryTransport(
            capabilities, report_delay=report_delay, play_delay=play_delay
        )
        self.session = Session(self.parts, id="session")
        self.events: list[Event] = []
        self.leaks = Leaks()
        self.steps = 0

    # --- playing ----------------------------------------------------------------------------

    def play(
        self,
        person: Callable[[Stage], Coroutine[Any, Any, None]],
        *,
        at: int | None = None,
        act: Callable[[anyio.CancelScope], object] = lambda scope: scope.cancel(),
    ) -> Stage:
        """Run to the end; before the loop's step `at`, `act` on the scope around everything."""
        anyio.run(
            partial(self._play, person, act),
            backend="asyncio",
            backend_options={"loop_factory": partial(SteppedLoop, at)},
        )
        return self

    async def _play(
        self,
        person: Callable[[Stage], Coroutine[Any, Any, None]],
        act: Callable[[anyio.CancelScope], object],
    ) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        self.leaks.watch()
        with unwrapped(), self.session.events(Listener.LEDGER) as stream:
            async with anyio.create_task_group() as group:
                group.start_soon(self._note, stream)
                with anyio.CancelScope() as scope:
                    loop.act = partial(act, scope)
                    await self._talk(person)
                if scope.cancelled_caught and not self.events:
                    stream.close()  # cancelled before the session began
        loop.act = lambda: None
        self.steps = loop.steps
        self.leaks.look()

    async def _talk(self, person: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        async with self.session, anyio.create_task_group() as group:
            group.start_soon(self._live, person)
            with suppress(TransportClosed):
                await self.session.run(self.transport)
            group.cancel_scope.cancel()

    async def _live(self, person: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        await person(self)
        self.transport.close()

    async def _note(self, stream: Stream[Event]) -> None:
        async for event in stream:
            self.events.append(event)

    # --- the person -------------------------------------------------------------------------

    async def say(self, text: str, duration: float) -> None:
        """Speak in real time."""
        samples, _ = self.speller.spell(text, duration, RATE)
        padded = np.zeros(-(-len(samples) // FRAME) * FRAME, np.int16)
        padded[: len(samples)] = samples
        await self.transport.speak(padded, RATE)

    async def rustle(self, duration: float) -> None:
        """Make a sound without words."""
        await self.transport.speak(np.full(round(duration * RATE), 1500, np.int16), RATE)

    async def wait(self, duration: float) -> None:
        """Be silent."""
        await self.transport.stay_silent(duration, RATE)

    # --- what became of it ------------------------------------------------------------------

    @property
    def left_open(self) -> int:
        """Streams and replies of the scripted providers that nobody closed."""
        return self.llm.open_replies + self.stt.open_streams + self.tts.open_streams

    def of(self, *kinds: type[Event]) -> list[Any]:
        """The events of these kinds."""
        return [event for event in self.events if isinstance(event, kinds)]

    @property
    def records(self) -> list[TurnRecord]:
        """Every turn that ended."""
        return [event.record for event in self.of(TurnEnded)]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Role and message of what failed."""
        return [(event.role, event.message) for event in self.of(Failed)]

    @property
    def assistant(self) -> list[str]:
        """The assistant's messages, as the model will see them."""
        return [
            item.text
            for item in self.session.conversation.messages()
            if isinstance(item, Message) and item.role is Role.ASSISTANT
        ]

    def played(self, turn: str) -> Samples:
        """The audio of a turn that was played, each stretch where it stands in the whole."""
        rate = self.transport.capabilities.sample_rate
        pieces = [piece for piece in self.transport.heard if piece.turn == turn]
        ends = [round(piece.position * rate) + len(piece.samples) for piece in pieces]
        line = np.zeros(max(ends, default=0), np.int16)
        for piece, end in zip(pieces, ends, strict=True):
            line[end - len(piece.samples) : end] = piece.samples
        return line

    def words_by_position(self, turn: str) -> list[Word]:
        """The words of a turn that were played, where they stand in its audio; the last may be cut
        short."""
        return self.speller.read(self.played(turn), self.transport.capabilities.sample_rate)

    def heard_words(self, turn: str, tolerance: float = 0.0) -> list[str]:
        """The words of a turn whose last sample was played, or all but `tolerance` seconds."""
        words = self.words_by_position(turn)
        rate = self.transport.capabilities.sample_rate
        if words and words[-1].end * rate > len(self.played(turn)) - 0.5:
            last = words[-1]
            whole = len(last.text) / self.tts.characters_a_second - 0.010
            if last.end - last.start < whole - tolerance - 2.5 / rate:
                words.pop()
        return [word.text for word in words]


def without_word_times(parts: Parts) -> Parts:
    """The synthesiser does not tell when its words sound."""
    tts = parts.tts
    assert isinstance(tts, ScriptedTTS)
    return replace(parts, tts=replace(tts, word_times=False))
