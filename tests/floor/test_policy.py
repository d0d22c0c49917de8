"""Thresholds as data with bounds."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from vivavoce.core.errors import ConfigError
from vivavoce.floor import Mode, Policy
from vivavoce.floor.policy import BOUNDS


def test_every_number_has_bounds_that_hold_its_default() -> None:
    numbers = {field.name for field in fields(Policy) if field.type.startswith(("float", "tuple"))}
    assert numbers == set(BOUNDS)
    Policy()


@pytest.mark.parametrize("name", sorted(set(BOUNDS) - {"waits", "scores"}))
def test_a_number_beyond_its_bounds_is_refused_by_name(name: str) -> None:
    low, high = BOUNDS[name]
    for number in (low - 0.01, high + 0.01, float("nan")):
        wrong: dict[str, Any] = {name: number}
        with pytest.raises(ConfigError, match=f"floor.{name} is"):
            replace(Policy(), **wrong)
    right: dict[str, Any] = {name: high}
    assert getattr(replace(Policy(), **right), name) == high


def test_waits_and_scores_are_bound_each_and_ordered() -> None:
    with pytest.raises(ConfigError, match=r"floor.waits is 6"):
        Policy(waits=(0.2, 0.4, 0.8, 6.0))
    with pytest.raises(ConfigError, match="must rise"):
        Policy(waits=(0.4, 0.2, 0.8, 1.5))
    with pytest.raises(ConfigError, match="must fall"):
        Policy(scores=(0.2, 0.45, 0.75))


def test_what_is_no_number_has_no_bounds() -> None:
    assert Policy(mode=Mode.MANUAL, interruptions=False).mode is Mode.MANUAL
