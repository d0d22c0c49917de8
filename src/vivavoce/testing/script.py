"""Conversation scripts: who does what when, on one line.

    0.0 user "what's the weather"(1.2) | 3.3 user "no, tomorrow"(0.8) | 9 type "thanks" | 12 close

Each entry is a time in seconds, an act and what it needs. `user` speaks a text for so many seconds
(0.07 a character without a number), `noise` makes a sound without words for so many seconds, `type`
types, `keydown`, `keyup`, `commit`, `respond`, `cancel`, `discard`, `close` and `lose` do what they
say. A script ends with `close` unless it says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Line", "parse_script"]

ACTS = frozenset(
    {
        "cancel", "close", "commit", "discard", "keydown", "keyup", "lose", "noise", "respond",
        "type", "user",
    }
)  # fmt: skip
_CHARACTER_S = 0.07
_TAIL_S = 0.5  # after the last act, before the input closes
_SECONDS = r"(?:\d+(?:\.\d*)?|\.\d+)"
_ENTRY = re.compile(
    rf'\s*(?P<at>{_SECONDS})\s+(?P<act>[a-z]+)(?:\s+"(?P<text>[^"]*)")?'
    rf"\s*(?:\((?P<duration>{_SECONDS})\))?\s*(?:\||$)"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One act, `at` seconds after the start; `duration` is that of the speech or noise (s)."""

    at: float
    act: str
    text: str = ""
    duration: float = 0.0

    @property
    def end(self) -> float:
        """When it is over."""
        return self.at + self.duration


def parse_script(script: str) -> list[Line]:
    """The lines of a script, in order. Raises ValueError, which shows the entry that is wrong."""
    lines: list[Line] = []
    position = 0
    while position < len(script) or not lines:
        found = _ENTRY.match(script, position)
        if found is None or found["act"] not in ACTS:
            entry = script[position:].partition("|")[0].strip()
            raise ValueError(
                f'{entry!r} is no entry of a script: TIME ACT "TEXT"(SECONDS), where ACT is one of '
                f"{', '.join(sorted(ACTS))}"
            )
        position = found.end()
        text = found["text"] or ""
        default = _CHARACTER_S * len(text) if found["act"] == "user" else 0.0
        duration = float(found["duration"]) if found["duration"] else default
        lines.append(Line(float(found["at"]), found["act"], text, duration))
    lines.sort(key=lambda line: line.at)
    if not any(line.act in ("close", "lose") for line in lines):
        lines.append(Line(max(line.end for line in lines) + _TAIL_S, "close"))
    return lines
