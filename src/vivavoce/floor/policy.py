"""The floor's thresholds, as data with bounds, so that a tuner can search them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from vivavoce.core.errors import ConfigError

__all__ = ["BOUNDS", "Depth", "Mode", "Policy"]


class Mode(StrEnum):
    """Who ends the user's turn."""

    AUTO = "auto"
    PUSH_TO_TALK = "push_to_talk"
    MANUAL = "manual"


class Depth(StrEnum):
    """How far an answer may be prepared before the user's turn has ended."""

    OFF = "off"
    THINK = "think"  # the language model runs
    SPEAK = "speak"  # and the first speech is synthesised


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in seconds, probabilities between 0 and 1; `BOUNDS` has what each may be.

    `waits` are the quiet times after which a turn ends, from "surely complete" to "surely not";
    `scores` are the completeness scores that separate them.
    """

    mode: Mode = Mode.AUTO
    draft: Depth = Depth.OFF
    interruptions: bool = True
    responds: bool = True  # else what was said becomes an item that waits to be asked about
    waits: tuple[float, float, float, float] = (0.16, 0.40, 0.80, 1.40)
    scores: tuple[float, float, float] = (0.75, 0.45, 0.20)
    eager: float = 0.20  # quiet before a draft starts
    transcript_bound: float = 3.0  # quiet after which a missing final is no longer waited for
    sustained: float = 0.50  # speech over an answer that is an interruption whatever it says
    words_bound: float = 0.70  # quiet over an answer after which no more words are waited for
    overlap_bound: float = 1.50  # no answer is held longer

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name not in BOUNDS:
                continue
            low, high = BOUNDS[field.name]
            value = getattr(self, field.name)
            for number in value if isinstance(value, tuple) else (value,):
                if not low <= number <= high:
                    raise ConfigError(
                        f"floor.{field.name} is {number}; it must lie between {low} and {high}"
                    )
        if list(self.waits) != sorted(self.waits):
            raise ConfigError(f"floor.waits must rise from sure to unsure, not {self.waits}")
        if list(self.scores) != sorted(self.scores, reverse=True):
            raise ConfigError(f"floor.scores must fall from sure to unsure, not {self.scores}")


BOUNDS: dict[str, tuple[float, float]] = {
    "waits": (0.0, 5.0),
    "scores": (0.0, 1.0),
    "eager": (0.0, 2.0),
    "transcript_bound": (0.2, 30.0),
    "sustained": (0.1, 3.0),
    "words_bound": (0.1, 3.0),
    "overlap_bound": (0.3, 5.0),
}
