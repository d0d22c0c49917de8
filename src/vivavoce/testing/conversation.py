"""A scripted person talks with a real session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import numpy as np

from vivavoce.core.audio import FRAME_S, Samples
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import Event, TurnEnded
from vivavoce.core.messages import ChatItem
from vivavoce.core.protocols import (
    ClientCancel,
    Control,
    Discard,
    KeyDown,
    KeyUp,
    ManualCommit,
    Respond,
    TransportCapabilities,
    TypedText,
)
from vivavoce.core.turn import Outcome, TurnRecord
from vivavoce.engine.clock import run_virtual
from vivavoce.engine.failures import unwrapped
from vivavoce.engine.listeners import Listener
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.engine.streams import Stream
from vivavoce.providers.scripted import LevelVAD, ScriptedLLM, ScriptedSTT, ScriptedTTS, Speller
from vivavoce.providers.scripted.llm import Reply
from vivavoce.testing.script import Line, parse_script
from vivavoce.transports.memory import MemoryTransport

__all__ = ["Talk", "converse", "hold"]

_RATE = 16000  # Hz, of the person's audio
_NOISE = 1500  # int16: loud enough for a level detector, and no word of any speller
_CONTROLS: dict[str, type[Discard | KeyDown | KeyUp | ManualCommit | Respond | ClientCancel]] = {
    "keydown": KeyDown,
    "keyup": KeyUp,
    "commit": ManualCommit,
    "respond": Respond,
    "cancel": ClientCancel,
    "discard": Discard,
}


@dataclass(frozen=True, slots=True)
class Talk:
    """What became of a conversation. `heard` is the words that were really played, read off the
    audio, each with the time at which it began (s)."""

    events: list[Event]
    messages: list[ChatItem]
    heard: list[tuple[float, str]]
    duration: float
    lost: bool = False

    @property
    def records(self) -> list[TurnRecord]:
        """Every turn, superseded ones too, in the order of their ends."""
        return [event.record for event in self.events if isinstance(event, TurnEnded)]

    @property
    def turns(self) -> list[TurnRecord]:
        """The turns that somebody could hear."""
        return [turn for turn in self.records if turn.outcome is not Outcome.SUPERSEDED]

    @property
    def heard_text(self) -> str:
        """The words that were played."""
        return " ".join(word for _, word in self.heard)


def converse(
    script: str,
    *,
    replies: Sequence[Reply] | Callable[[Sequence[ChatItem]], Reply] = ("Yes.",),
    capabilities: TransportCapabilities | None = None,
    change: Callable[[Parts], Parts] = lambda parts: parts,
    report_delay: float = 0.0,
    play_delay: float | None = None,
) -> Talk:
    """Play a script on a virtual clock against scripted providers, and return what happened.

    `change` gets the session's parts and returns what is to be used instead.
    """
    speller = Speller()
    parts = Parts(
        stt=ScriptedSTT(speller),
        llm=ScriptedLLM(replies),
        tts=ScriptedTTS(speller),
        vad=LevelVAD(),
        language="en",
    )
    given = capabilities or TransportCapabilities(reports_played=True, commits_on_close=True)
    transport = MemoryTransport(given, report_delay=report_delay, play_delay=play_delay)
    return run_virtual(hold, parse_script(script), change(parts), transport, speller)


async def hold(
    lines: Sequence[Line], parts: Parts, transport: MemoryTransport, speller: Speller
) -> Talk:
    """Hold a conversation: the person follows the lines, the session runs on the transport."""
    events: list[Event] = []
    session = Session(parts, id="session")
    lost = False
    start = anyio.current_time()
    with unwrapped(), session.events(Listener.LEDGER) as stream:
        async with anyio.create_task_group() as group:
            group.start_soon(_note, stream, events)
            async with session, anyio.create_task_group() as person:
                person.start_soon(_act, lines, transport, speller)
                try:
                    await session.run(transport)
                except TransportClosed:
                    lost = True
                person.cancel_scope.cancel()
    heard = _read(transport, speller, start)
    duration = anyio.current_time() - start
    return Talk(events, session.conversation.messages(), heard, duration, lost)


async def _note(stream: Stream[Event], events: list[Event]) -> None:
    async for event in stream:
        events.append(event)


async def _act(lines: Sequence[Line], transport: MemoryTransport, speller: Speller) -> None:
    """Send audio all the time, and do what the lines say."""
    start = anyio.current_time()
    async with anyio.create_task_group() as group:
        group.start_soon(_sound, lines, transport, speller, start)
        for line in lines:
            await anyio.sleep_until(start + line.at)
            match line.act:
                case "type":
                    transport.control(TypedText(line.text))
                case "close":
                    group.cancel_scope.cancel()
                    transport.close()
                case "lose":
                    group.cancel_scope.cancel()
                    transport.lose()
                case act if act in _CONTROLS:
                    control: Control = _CONTROLS[act]()
                    transport.control(control)
                case _:
                    pass


async def _sound(
    lines: Sequence[Line], transport: MemoryTransport, speller: Speller, start: float
) -> None:
    size = round(FRAME_S * _RATE)
    until = max(line.end for line in lines)
    samples: Samples = np.zeros(round(until * _RATE) + size, np.int16)
    for line in lines:
        first = round(line.at * _RATE)
        if line.act == "user":
            spoken, _ = speller.spell(line.text, line.duration, _RATE)
            samples[first : first + len(spoken)] = spoken
        elif line.act == "noise":
            samples[first : first + round(line.duration * _RATE)] = _NOISE
    for number in range(len(samples) // size):
        await anyio.sleep_until(start + (number + 1) * FRAME_S)
        transport.push(samples[number * size : (number + 1) * size], _RATE)


def _read(transport: MemoryTransport, speller: Speller, start: float) -> list[tuple[float, str]]:
    """The words in what was played; each stretch of unbroken sound is read as one."""
    rate = transport.capabilities.sample_rate
    stretches: list[tuple[float, list[Samples]]] = []
    ended = float("-inf")
    for sounded in transport.heard:
        if abs(sounded.at - ended) > FRAME_S / 2:
            stretches.append((sounded.at - start, []))
        stretches[-1][1].append(sounded.samples)
        ended = sounded.at + len(sounded.samples) / rate
    return [
        (began + word.start, word.text)
        for began, parts in stretches
        for word in speller.read(np.concatenate(parts), rate)
    ]
