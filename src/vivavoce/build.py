"""Settings into objects: the only place that knows all providers, and it knows them by name."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, Self, TypeGuard, TypeVar, runtime_checkable

import anyio
import msgspec

from vivavoce.core.errors import ConfigError
from vivavoce.core.plugins import ROLES, ProviderContext
from vivavoce.core.protocols import LLM, STT, TTS, VAD, Tool, TurnDetector
from vivavoce.engine.failures import unwrapped
from vivavoce.engine.parts import Parts
from vivavoce.engine.turn import Deadlines
from vivavoce.floor import Depth, Mode, Policy
from vivavoce.floor.activity import ActivityPolicy
from vivavoce.models import default_models, read_machine
from vivavoce.settings import Settings

__all__ = ["Choice", "Providers", "choose", "find", "make", "parts_from", "recogniser"]

T = TypeVar("T")

_LLM_NAMES = {
    "qwen2.5-coder-1.5b": "local/qwen2.5-1.5b",
    "qwen2.5-coder-0.5b": "local/qwen2.5-0.5b",
    "smollm2-135m": "local/smollm2-135m",
}


@runtime_checkable
class _Warm(Protocol):
    async def warm(self) -> None: ...


@runtime_checkable
class _Closable(Protocol):
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """The providers by name; `reasons` says why each that was left open was taken."""

    stt: str
    llm: str
    tts: str
    vad: str
    turn_detector: str
    reasons: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """All that are to be made."""
        return self.stt, self.llm, self.tts, self.vad, self.turn_detector

    def as_dict(self) -> dict[str, str]:
        """Each role and its provider."""
        return dict(zip(ROLES, self.names(), strict=True))

    def in_force(self, settings: Settings) -> Settings:
        """The settings with nothing left open, so that they mean the same when memory changes."""
        return msgspec.structs.replace(settings, **self.as_dict())


def choose(settings: Settings) -> Choice:
    """Decide what the settings left open."""
    english = settings.language == "en"
    reasons = []
    stt, llm, tts = settings.stt, settings.llm, settings.tts
    if stt == "auto":
        stt = "local/whisper-tiny.en" if english else "local/whisper-base"
    if llm == "auto":
        machine = read_machine()
        default = default_models(machine.available_memory, machine.cores)
        llm = _LLM_NAMES[default.llm.name]
        reasons.append(default.reason)
    if tts == "auto":
        tts = "local/piper-joe" if english else "local/espeak"
        if not english:
            reasons.append(f"espeak: no embedded neural voice speaks {settings.language!r}")
    return Choice(stt, llm, tts, settings.vad, settings.turn_detector, tuple(reasons))


def make(
    role: str, name: str, fits: Callable[[object], TypeGuard[T]], context: ProviderContext
) -> T:
    """The provider `name`, as in "local/whisper-tiny.en".

    Raises ConfigError when there is none, or when it is not what its role needs.
    """
    point = find(role, name)
    vendor, _, model = name.partition("/")
    try:
        factory: _Factory = point.load()
        provider = factory(model, context)
    except ImportError as error:
        raise ConfigError(
            f"{role}: {name!r} needs {error.name or error}, which is not installed; "
            f"install it with: pip install 'vivavoce[{vendor}]'"
        ) from error
    if not fits(provider):
        raise ConfigError(f"{role}: {name!r} gave a {type(provider).__name__}, not a {role}")
    return provider


def find(role: str, name: str) -> EntryPoint:
    """The plug-in that makes `name`. Raises ConfigError, which names the nearest vendor."""
    vendor, slash, model = name.partition("/")
    points = {point.name: point for point in entry_points(group=f"vivavoce.{role}")}
    if slash and vendor in points:
        return points[vendor]
    known = ", ".join(sorted(points)) or "none: is vivavoce installed?"
    near = difflib.get_close_matches(vendor, points, n=1)
    hint = f"; did you mean {near[0]}/{model}?" if near and slash else ""
    raise ConfigError(f"{role}: {name!r} is no vendor/model; vendors here: {known}{hint}")


def _is_stt(provider: object) -> TypeGuard[STT]:
    return isinstance(provider, STT)


def _is_llm(provider: object) -> TypeGuard[LLM]:
    return isinstance(provider, LLM)


def _is_tts(provider: object) -> TypeGuard[TTS]:
    return isinstance(provider, TTS)


def _is_vad(provider: object) -> TypeGuard[VAD]:
    return isinstance(provider, VAD)


def _is_turn_detector(provider: object) -> TypeGuard[TurnDetector]:
    return isinstance(provider, TurnDetector)


class _Factory(Protocol):
    def __call__(self, model: str, context: ProviderContext) -> object: ...


class Providers:
    """The providers of a process: made, warmed at entry, closed at exit."""

    def __init__(
        self,
        settings: Settings,
        *,
        stt: STT | None = None,
        llm: LLM | None = None,
        tts: TTS | None = None,
        vad: VAD | None = None,
        turn_detector: TurnDetector | None = None,
    ) -> None:
        self._given = (stt, llm, tts, vad, turn_detector)
        given = zip(ROLES, self._given, strict=True)
        names = {role: provider.name for role, provider in given if provider is not None}
        self.settings = msgspec.structs.replace(settings, **names)
        self.choice = choose(self.settings)
        self._made: list[object] = []
        self._shared: dict[str, object] = {}

    def _context(self, name: str) -> ProviderContext:
        options = self.settings.providers.get(name.partition("/")[0], {})
        return ProviderContext(self.settings.language, options, self._shared)

    async def __aenter__(self) -> Self:
        try:
            self._make()
            with unwrapped():
                async with anyio.create_task_group() as group:
                    for provider in (*self._given, *self._made):
                        if isinstance(provider, _Warm):
                            group.start_soon(provider.warm)
        except BaseException:
            await self._close()
            raise
        return self

    def _make(self) -> None:
        choice, (stt, llm, tts, vad, detector) = self.choice, self._given
        self.stt = stt or self._new("stt", choice.stt, _is_stt)
        self.llm = llm or self._new("llm", choice.llm, _is_llm)
        self.tts = tts
        if tts is None and choice.tts != "none":
            self.tts = self._new("tts", choice.tts, _is_tts)
        self.vad = vad or self._new("vad", choice.vad, _is_vad)
        self.turn_detector = detector
        if detector is None and choice.turn_detector != "none":
            self.turn_detector = self._new("turn_detector", choice.turn_detector, _is_turn_detector)

    def _new(self, role: str, name: str, fits: Callable[[object], TypeGuard[T]]) -> T:
        provider = make(role, name, fits, self._context(name))
        self._made.append(provider)
        return provider

    async def __aexit__(self, *exc: object) -> None:
        await self._close()

    async def _close(self) -> None:
        """Close what was made here; what is closed is made anew at the next entry."""
        closing = (*self._made, *self._shared.values())
        self._made, self._shared = [], {}
        await _close(closing)


@asynccontextmanager
async def recogniser(name: str, language: str) -> AsyncIterator[STT]:
    """A recogniser alone, warmed, and closed at the block's end."""
    context = ProviderContext(language)
    stt = make("stt", name, _is_stt, context)
    try:
        if isinstance(stt, _Warm):
            await stt.warm()
        yield stt
    finally:
        await _close((stt, *context.shared.values()))


async def _close(providers: Sequence[object]) -> None:
    with anyio.CancelScope(shield=True):
        for provider in providers:
            if isinstance(provider, _Closable):
                await provider.aclose()


def parts_from(providers: Providers, tools: Sequence[Tool] = ()) -> Parts:
    """What a session needs, out of providers and their settings."""
    settings = providers.settings
    floor = settings.floor
    first, second, third, last = (wait / 1000 for wait in floor.waits_ms)
    return Parts(
        stt=providers.stt,
        llm=providers.llm,
        tts=providers.tts,
        vad=providers.vad,
        turn_detector=providers.turn_detector,
        tools=tools,
        instructions=settings.instructions,
        language=settings.language,
        policy=Policy(
            mode=Mode(floor.mode),
            draft=Depth(floor.draft),
            interruptions=floor.interruptions,
            waits=(first, second, third, last),
            eager=floor.eager_ms / 1000,
            transcript_bound=floor.transcript_bound_ms / 1000,
            sustained=floor.sustained_ms / 1000,
        ),
        activity=ActivityPolicy(threshold=floor.vad_threshold, release=floor.vad_release),
        deadlines=Deadlines(
            llm=settings.timeouts.llm_ms / 1000, tts=settings.timeouts.tts_ms / 1000
        ),
    )
