"""A turn: one answer, from its start behind the shut valve to the last word that was heard.

All of its work runs inside one cancel scope; barge-in is cancelling that scope. What must survive
the cancellation (the reply so far, calls and results, marks) is written by plain statements.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import anyio

from vivavoce.core.errors import BadReply, ProviderError
from vivavoce.core.events import Event, Failed, ReplyText, SourceFound, ToolEnded, ToolStarted
from vivavoce.core.marks import Interval, Marks, Point, Stage
from vivavoce.core.messages import (
    ChatItem,
    Message,
    Role,
    Source,
    TextDelta,
    ToolCall,
    ToolResult,
    Usage,
)
from vivavoce.core.phrases import apology
from vivavoce.core.protocols import LLM, TTS, Tool
from vivavoce.core.turn import Origin, Outcome, TurnRecord
from vivavoce.engine.closing import closing
from vivavoce.engine.failures import describe, first_error
from vivavoce.engine.speak import earcon, speak
from vivavoce.engine.streams import Full, Stream
from vivavoce.engine.think import think
from vivavoce.engine.tools import Jobs, call_tool, find_tool
from vivavoce.engine.track import Track
from vivavoce.floor.policy import Depth
from vivavoce.text.normalise import speakable
from vivavoce.text.pieces import PieceSplitter
from vivavoce.text.script import is_spaceless

__all__ = ["Deadlines", "Turn", "TurnParts"]

PIECES = 64  # of text between the language model and the synthesiser


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a provider may keep an answer waiting (s) before the turn fails."""

    llm: float = 20.0
    tts: float = 10.0


@dataclass(frozen=True, slots=True)
class TurnParts:
    """What a turn works with. No `tts`: the answer is text alone."""

    llm: LLM
    tts: TTS | None
    tools: Sequence[Tool]
    jobs: Jobs
    language: str | None
    draft: Depth
    deadlines: Deadlines
    emit: Callable[[Event], None]
    now: Callable[[], float]
    ready: Callable[[], Awaitable[None]]
    draft_failed: Callable[[Turn], None]
    effect_begun: Callable[[Turn], None]
    late_result: Callable[[Turn, ToolResult], None]


@dataclass(slots=True)
class _Text:
    """A stretch of the reply between tool calls."""

    text: str = ""


@dataclass(slots=True)
class _Log:
    """What the turn did, in order."""

    entries: list[_Text | ToolCall | ToolResult] = field(default_factory=list)

    def write(self, text: str) -> None:
        if not self.entries or not isinstance(self.entries[-1], _Text):
            self.entries.append(_Text())
        last = self.entries[-1]
        assert isinstance(last, _Text)
        last.text += text

    @property
    def needs_space(self) -> bool:
        """Whether the text before a tool's call ended without one; what follows starts anew."""
        broken = bool(self.entries) and not isinstance(self.entries[-1], _Text)
        return broken and not self.reply[-1:].isspace() and self.reply != ""

    @property
    def reply(self) -> str:
        return "".join(entry.text for entry in self.entries if isinstance(entry, _Text))


class Turn:
    """One live answer. The session starts `run` in a task and calls the rest."""

    def __init__(
        self,
        number: int,
        origin: Origin,
        user_text: str,
        view: Sequence[ChatItem],
        parts: TurnParts,
        track: Track,
        announcement: str = "",
    ) -> None:
        self.number = number
        self.id = track.turn
        self.origin = origin
        self.user_text = user_text
        self.track = track
        self.speaks = parts.tts is not None
        self.marks = Marks()
        self.scope = anyio.CancelScope()
        self.committed = anyio.Event()
        self.ended = anyio.Event()
        self.held = False
        self.closed = False  # what it says now comes too late for the conversation
        self.settled = False
        self.heard = ""
        self.final = anyio.Event()
        self.final_position = 0.0
        self.outcome = Outcome.COMPLETED
        self.error = ""
        self.usage = Usage()
        self.sources: list[Source] = []
        self._view = view
        self._parts = parts
        self._announcement = announcement
        self._log = _Log()
        self._pieces: Stream[str] = Stream(PIECES, Full.WAIT)
        self._splitter = PieceSplitter()
        self.marks.mark(Point.STARTED, parts.now())

    @property
    def reply(self) -> str:
        """What has been written so far."""
        return self._log.reply

    # --- the work ---------------------------------------------------------------------------

    async def run(self) -> None:
        """Make the answer; returns when all of its audio is on the track, or when cancelled.

        A provider's failure is told aloud and never raised.
        """
        try:
            with self.scope:
                await self._parts.ready()
                try:
                    await self._answer()
                except Exception as error:  # noqa: BLE001  a provider is somebody else's code
                    self.track.break_off()
                    await self._fail(error, "tts")
                    await self.track.put(earcon(self.track.sample_rate))
                self.track.finish()
                if self._parts.tts is None:
                    await self.committed.wait()
        finally:
            self.ended.set()

    async def _answer(self) -> None:
        async with anyio.create_task_group() as group:
            if self._parts.tts is not None:
                group.start_soon(self._speak, self._parts.tts)
            try:
                if self.origin is Origin.ANNOUNCED:
                    await self._write(self._announcement)
                else:
                    await self._think()
            except Exception as error:  # noqa: BLE001  a provider is somebody else's code
                await self._fail(error, "llm")
                phrase = apology(self._parts.language)
                await self._write(f" {phrase}" if self.reply.strip() else phrase)
            for piece in self._splitter.flush():
                await self._say(piece)
            self._pieces.close()

    async def _think(self) -> None:
        parts = self._parts
        specs = [tool.spec for tool in parts.tools]
        answer = think(parts.llm, self._view, specs, self._call_tools, deadline=parts.deadlines.llm)
        async with closing(answer) as deltas:
            async for delta in deltas:
                match delta:
                    case TextDelta(text=text):
                        await self._write(text)
                    case ToolCall():
                        self.marks.mark(Point.FIRST_TOKEN, parts.now())
                    case Source():
                        self.sources.append(delta)
                        parts.emit(SourceFound(parts.now(), self.id, delta))
                    case Usage():
                        self.usage = Usage(
                            self.usage.prompt_tokens + delta.prompt_tokens,
                            self.usage.completion_tokens + delta.completion_tokens,
                            self.usage.cached_tokens + delta.cached_tokens,
                        )
        if parts.tts is not None and not speakable(self.reply, parts.language or "en").words:
            name = parts.llm.name
            raise BadReply(f"{name} wrote nothing that can be said", provider=name, role="llm")

    async def _write(self, text: str) -> None:
        if not text:
            return
        if self._log.needs_space and not text[0].isspace() and not is_spaceless(text[0]):
            text = f" {text}"
        now = self._parts.now()
        self.marks.mark(Point.FIRST_TOKEN, now)
        self._log.write(text)
        self._parts.emit(ReplyText(now, self.id, text))
        for piece in self._splitter.feed(text):
            await self._say(piece)

    async def _say(self, piece: str) -> None:
        self.marks.mark(Point.FIRST_CLAUSE, self._parts.now())
        if self._parts.tts is not None:
            await self._pieces.send(piece)

    async def _speak(self, tts: TTS) -> None:
        parts = self._parts
        if parts.draft is Depth.THINK:
            await self.committed.wait()
        await speak(
            tts,
            self._pieces,
            self.track,
            language=parts.language,
            deadline=parts.deadlines.tts,
            first_byte=lambda: self.marks.mark(Point.FIRST_BYTE, parts.now()),
        )

    async def _fail(self, raised: Exception, role: str) -> None:
        """Note a failure, of `role` unless it says of whom, and wait until it may be heard. Never
        dead air: the caller says it, or sounds it where no voice can."""
        parts = self._parts
        error = first_error(raised)
        role = (error.role if isinstance(error, ProviderError) else "") or role
        self.error = describe(error)
        parts.emit(Failed(parts.now(), role, self.error))
        if self.scope.cancel_called:  # it failed to end, and how the turn ended is decided already
            await anyio.lowlevel.checkpoint()
        self.outcome = Outcome.FAILED
        if not self.committed.is_set():
            parts.draft_failed(self)
            await self.committed.wait()

    # --- tools ------------------------------------------------------------------------------

    async def _call_tools(self, calls: Sequence[ToolCall]) -> Sequence[ToolResult]:
        for piece in self._splitter.flush():
            await self._say(piece)
        results: dict[str, ToolResult] = {}

        async def one(call: ToolCall) -> None:
            results[call.id] = await self._call_tool(call)

        async with anyio.create_task_group() as group:
            for call in calls:
                group.start_soon(one, call)
        return [results[call.id] for call in calls]

    async def _call_tool(self, call: ToolCall) -> ToolResult:
        parts = self._parts
        tool = find_tool(parts.tools, call.name)
        has_effect = tool is not None and tool.effect
        if has_effect:
            await self.committed.wait()
            parts.effect_begun(self)
        began = parts.now()
        self._log.entries.append(call)
        parts.emit(ToolStarted(began, self.id, call))
        if has_effect:
            return await parts.jobs.run(
                parts.tools, call, lambda result: self._note_result(result, began)
            )
        result = await call_tool(parts.tools, call)
        self._note_result(result, began)
        return result

    def _note_result(self, result: ToolResult, began: float) -> None:
        parts = self._parts
        now = parts.now()
        self.marks.intervals.append(Interval(Stage.TOOL, began, now, result.name))
        self.sources.extend(result.sources)
        self._log.entries.append(result)
        parts.emit(ToolEnded(now, self.id, result))
        if self.closed:
            parts.late_result(self, result)

    # --- what remains -----------------------------------------------------------------------

    def items(self, heard: str) -> list[tuple[ChatItem, bool]]:
        """The turn as items of a conversation, when `heard` is all that was heard of its reply:
        each content, and whether it was cut."""
        items: list[tuple[ChatItem, bool]] = []
        left = len(heard)
        for entry in self._log.entries:
            if isinstance(entry, _Text):
                said = entry.text[:left]
                cut = len(said.rstrip()) < len(entry.text.rstrip())
                left = max(0, left - len(entry.text))
                if said.strip() or cut:
                    items.append((Message(Role.ASSISTANT, said.strip()), cut))
            else:
                items.append((entry, False))
        return items

    def settle_at(self, position: float) -> None:
        """The transport's last word on how much was played (s)."""
        self.final_position = position
        self.final.set()

    def record(self) -> TurnRecord:
        """The turn, frozen."""
        calls = tuple(entry for entry in self._log.entries if isinstance(entry, ToolCall))
        results = tuple(entry for entry in self._log.entries if isinstance(entry, ToolResult))
        return TurnRecord(
            id=self.id,
            origin=self.origin,
            user_text=self.user_text,
            reply=self.reply.strip(),
            heard=self.heard.strip(),
            outcome=self.outcome,
            marks=self.marks,
            calls=calls,
            results=results,
            sources=tuple(dict.fromkeys(self.sources)),
            error=self.error,
            usage=self.usage,
        )
