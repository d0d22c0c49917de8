"""What a session is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.core.protocols import LLM, STT, TTS, VAD, Tool, TurnDetector
from vivavoce.engine.turn import Deadlines
from vivavoce.floor.activity import ActivityPolicy
from vivavoce.floor.policy import Policy

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Without `tts` a session answers in text alone. `language` is ISO 639-1, None when unknown."""

    stt: STT
    llm: LLM
    tts: TTS | None
    vad: VAD
    turn_detector: TurnDetector | None = None
    tools: Sequence[Tool] = ()
    instructions: str = ""
    language: str | None = None
    policy: Policy = Policy()
    activity: ActivityPolicy = ActivityPolicy()
    deadlines: Deadlines = Deadlines()
