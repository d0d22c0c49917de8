"""Every setting, with its default and what it does.

The configuration file, the environment and the command line all set these; see `config.py`. Times
are in milliseconds here, and only here.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from vivavoce.floor.activity import ActivityPolicy
from vivavoce.floor.policy import BOUNDS, Policy

__all__ = ["FloorSettings", "Settings", "TimeoutSettings"]

Probability = Annotated[float, Meta(ge=0, le=1)]
Milliseconds = Annotated[int, Meta(ge=0, le=60_000)]

_POLICY = Policy()
_ACTIVITY = ActivityPolicy()
_FIRST, _SECOND, _THIRD, _LAST = (round(1000 * wait) for wait in _POLICY.waits)


def _within(bound: str, description: str | None = None) -> Meta:
    """What the floor allows, so that a wrong setting is told by its own name, before any model is
    loaded."""
    low, high = BOUNDS[bound]
    return Meta(ge=round(1000 * low), le=round(1000 * high), description=description)


_Wait = Annotated[int, _within("waits")]


class FloorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Turn-taking."""

    mode: Annotated[
        Literal["auto", "push_to_talk", "manual"], Meta(description="who ends the user's turn")
    ] = "auto"
    draft: Annotated[
        Literal["off", "think", "speak"],
        Meta(description="how far an answer is prepared before the user's turn has ended"),
    ] = "off"
    interruptions: Annotated[bool, Meta(description="whether speaking over an answer stops it")] = (
        True
    )
    waits_ms: Annotated[
        tuple[_Wait, _Wait, _Wait, _Wait],
        Meta(description="quiet that ends a turn: surely complete, likely, unsure, surely not"),
    ] = (_FIRST, _SECOND, _THIRD, _LAST)
    eager_ms: Annotated[int, _within("eager", "quiet after which a draft is started")] = round(
        1000 * _POLICY.eager
    )
    transcript_bound_ms: Annotated[
        int,
        _within("transcript_bound", "quiet after which a final transcript is no longer waited for"),
    ] = round(1000 * _POLICY.transcript_bound)
    sustained_ms: Annotated[
        int,
        _within("sustained", "speech over an answer that is an interruption whatever it says"),
    ] = round(1000 * _POLICY.sustained)
    vad_threshold: Annotated[
        Probability, Meta(description="voice probability at which speech starts")
    ] = _ACTIVITY.threshold
    vad_release: Annotated[
        Probability, Meta(description="voice probability below which speech stops")
    ] = _ACTIVITY.release

    def __post_init__(self) -> None:
        if list(self.waits_ms) != sorted(self.waits_ms):
            raise ValueError(f"waits_ms must rise from sure to unsure, not {self.waits_ms}")


class TimeoutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a provider may keep an answer waiting before the turn fails, aloud."""

    llm_ms: Annotated[
        Milliseconds, Meta(description="between two tokens of the language model")
    ] = 20_000
    tts_ms: Annotated[
        Milliseconds, Meta(description="between two chunks of speech while text waits")
    ] = 10_000


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them."""

    stt: Annotated[str, Meta(description="recogniser; auto: by language, an embedded one")] = "auto"
    llm: Annotated[
        str, Meta(description="language model; auto: by available memory, an embedded one")
    ] = "auto"
    tts: Annotated[
        str, Meta(description="voice; auto: by language, an embedded one; none: text only")
    ] = "auto"
    vad: Annotated[str, Meta(description="voice activity detector")] = "local/silero"
    turn_detector: Annotated[
        str, Meta(description="how complete a turn sounds; none: by text and silence alone")
    ] = "local/smart-turn"
    language: Annotated[
        str, Meta(description="of the conversation, ISO 639-1", pattern="^[a-z]{2}$")
    ] = "en"
    instructions: Annotated[
        str, Meta(description="what the assistant is told about itself and its task")
    ] = "You are a helpful voice assistant."
    floor: FloorSettings = FloorSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    providers: Annotated[
        dict[str, dict[str, object]], Meta(description="a vendor's own options, by vendor")
    ] = {}
