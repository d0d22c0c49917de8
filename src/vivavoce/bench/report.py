"""What a benchmark found: a table for people, and the same as data."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["Report", "Row", "percentile", "spread"]


def _machine() -> str:
    """This machine in words: processor, cores that may be used, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{_processor()}, {cores} cores, {memory:.1f} GB, "
        f"{platform.system()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a label, then one cell a column."""

    label: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """`heading` names the columns behind the label; `data` is what `--json` writes."""

    title: str
    heading: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    machine: str = field(default_factory=_machine)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def text(self) -> str:
        """The table in plain characters, which is also valid Markdown."""
        lines = [("", *self.heading), *((row.label, *row.cells) for row in self.rows)]
        columns = max(len(line) for line in lines)
        lines = [(*line, *[""] * (columns - len(line))) for line in lines]
        widths = [max(3, *(len(line[index]) for line in lines)) for index in range(columns)]
        table = [_line(line, widths) for line in lines]
        table.insert(
            1, _line(["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])], widths)
        )
        date = f"{self.at:%Y-%m-%d %H:%M} UTC"
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"{self.title}", f"{self.machine}; {date}", "", *table, "", *notes])

    def as_dict(self) -> dict[str, object]:
        """Machine, date and the data."""
        return {"machine": self.machine, "date": self.at.isoformat(timespec="seconds"), **self.data}


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if index == 0 else cell.rjust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join([first, *rest]) + " |"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of all do not exceed (nearest rank); NaN without
    any."""
    if not values:
        return math.nan
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(0, rank - 1)]


def spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """Count, median, 95th percentile and largest of times in seconds, as milliseconds."""
    figures: dict[str, float | int | None] = {"count": len(values)}
    for name, percent in (("p50", 50), ("p95", 95), ("max", 100)):
        figures[name] = round(1000 * percentile(values, percent), 3) if values else None
    return figures
