"""Rewriting rules: what a written number, sign or abbreviation is called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vivavoce.text.spoken import Edit

__all__ = ["Rule", "alternatives", "edits", "parse_number", "spelled_address"]


@dataclass(frozen=True, slots=True)
class Rule:
    """`say` gives the words for a match of `pattern`, or None to leave it alone.

    `needs` is a character class without which the pattern cannot match; most texts lack it, which
    is what makes thirty rules cheap.
    """

    needs: re.Pattern[str]
    pattern: re.Pattern[str]
    say: Callable[[re.Match[str]], str | None]


def alternatives(keys: Iterable[str]) -> str:
    """A regular expression for any of the keys, longer ones first."""
    return "|".join(re.escape(key) for key in sorted(keys, key=len, reverse=True))


def edits(text: str, rules: Sequence[Rule]) -> list[Edit]:
    """The edits that the rules make, in order; where two overlap, the earlier rule wins."""
    found: list[Edit] = []
    taken = bytearray(len(text))
    present: dict[str, bool] = {}
    for rule in rules:
        key = rule.needs.pattern
        if key not in present:
            present[key] = rule.needs.search(text) is not None
        if not present[key]:
            continue
        for match in rule.pattern.finditer(text):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            said = rule.say(match)
            if said is not None:
                taken[start:end] = b"\1" * (end - start)
                found.append((start, end, said))
    found.sort()
    return found


def parse_number(written: str, point: str) -> tuple[str, str]:
    """Whole and decimal digits of a number whose decimal separator is `point`."""
    whole, _, decimals = written.partition(point)
    return re.sub(r"\D", "", whole) or "0", re.sub(r"\D", "", decimals)


def spelled_address(address: str, dot: str, at: str) -> str:
    """A web or e-mail address as one says it: the host's name, or name at host."""
    if "@" in address:
        name, _, host = address.partition("@")
        return f"{_dotted(name, dot)} {at} {_dotted(host, dot)}"
    host = re.sub(r"^[a-zA-Z]+://", "", address)
    host = re.split(r"[/?#:]", host, maxsplit=1)[0].rpartition("@")[2]
    return _dotted(host.removeprefix("www."), dot)


def _dotted(name: str, dot: str) -> str:
    return " ".join(re.sub(r"\.+", f" {dot} ", re.sub(r"[_+-]", " ", name)).split())
