"""The bundled spoken questions, and whether an answer is right."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import msgspec

from vivavoce.text.compare import words

__all__ = ["Question", "load_questions"]


class _Entry(msgspec.Struct, frozen=True):
    file: str
    text: str
    voice: str
    speech_end: float
    answers: list[list[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """One recording. `speech_end` is when its voice ends (s); each of `answers` is a set of words
    that together make an answer right."""

    name: str
    text: str
    recording: bytes
    speech_end: float
    answers: tuple[frozenset[str], ...]

    def is_answered_by(self, answer: str) -> bool:
        """Whether the answer holds all words of one of the accepted sets."""
        found = set(words(answer)) | set(answer.casefold().split())
        return any(
            all(set(words(wanted)) <= found for wanted in accepted) for accepted in self.answers
        )


def load_questions(count: int | None = None) -> list[Question]:
    """The first `count` questions, or all of them."""
    directory = files("vivavoce.data") / "questions"
    index = (directory / "index.json").read_bytes()
    return [
        Question(
            entry.file.partition(".")[0],
            entry.text,
            (directory / entry.file).read_bytes(),
            entry.speech_end,
            tuple(frozenset(accepted) for accepted in entry.answers),
        )
        for entry in msgspec.json.decode(index, type=list[_Entry])[:count]
    ]
