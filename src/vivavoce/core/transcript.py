"""What was said, as a recogniser tells it: words, and the stretch of audio they cover."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Transcript", "Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its times in seconds; the clock is that of the value that holds it."""

    text: str
    start: float
    end: float
    speaker: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The text of one stretch of audio: a partial or a final one.

    A transcript replaces every earlier one whose stretch overlaps its own.

    `start` and `end` are seconds on the session's timeline. `stable` counts the leading characters
    of `text` that will not change; a final transcript is stable throughout. A final transcript may
    still be replaced when its speaker goes on (see `STTStream.flush`). An empty final text means
    that the stretch holds no words.
    """

    text: str
    start: float
    end: float
    is_final: bool = False
    stable: int = 0
    words: tuple[Word, ...] = ()
    language: str | None = None

    @property
    def stable_text(self) -> str:
        """The part of `text` that will not change."""
        return self.text if self.is_final else self.text[: self.stable]
