"""Every row of the table, by scenarios that a reader can follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.floor.scenarios import SCENARIOS
from tests.floor.scripts import play
from vivavoce.floor import Floor, Policy, machine
from vivavoce.floor import inputs as say
from vivavoce.floor.facts import Facts, State
from vivavoce.floor.table import TABLE, Row


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    policy, script = SCENARIOS[name]
    play(script, policy)


def test_every_row_is_taken_by_some_scenario(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: set[int] = set()

    def watched(row: Row) -> Row:
        def do(facts: Facts, given: say.Input) -> State:
            taken.add(TABLE.index(row))
            return row.do(facts, given)

        return replace(row, do=do)

    watching = {key: tuple(watched(row) for row in rows) for key, rows in machine.ROWS.items()}
    monkeypatch.setattr(machine, "ROWS", watching)
    for policy, script in SCENARIOS.values():
        play(script, policy)
    left = [row for index, row in enumerate(TABLE) if index not in taken]
    assert left == []


def test_a_rows_next_state_is_one_that_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of the docs' table are true of every scenario."""
    wrong: list[str] = []

    def watched(row: Row) -> Row:
        def do(facts: Facts, given: say.Input) -> State:
            before = facts.state
            after = row.do(facts, given)
            named = after.name in row.to or (after is before and "same" in row.to)
            if not named:
                wrong.append(f"{before.name} {given}: {after.name} is not in {row.to!r}")
            return after

        return replace(row, do=do)

    watching = {key: tuple(watched(row) for row in rows) for key, rows in machine.ROWS.items()}
    monkeypatch.setattr(machine, "ROWS", watching)
    for policy, script in SCENARIOS.values():
        play(script, policy)
    assert wrong == []


def test_the_table_in_words_names_every_state_and_input() -> None:
    rows = list(Floor.table())
    assert len(rows) == len(TABLE)
    assert ("any", "Typed") in {row[:2] for row in rows}
    assert ("USER, PAUSE", "DraftFailed") in {row[:2] for row in rows}
    states = {state for row in rows for state in row[0].split(", ")}
    assert states == {"any", *(state.name for state in State)}


def test_an_input_without_a_row_changes_nothing() -> None:
    floor = Floor(Policy())
    assert floor.feed(say.Tick(1.0)) == []
    assert floor.feed(say.TurnEnded(1.0, 7)) == []
    assert floor.state is State.IDLE
