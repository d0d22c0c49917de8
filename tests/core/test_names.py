"""`__all__` of core and floor is sorted and complete."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import vivavoce.core
import vivavoce.floor

MODULES = [
    f"{package.__name__}.{module.name}"
    for package in (vivavoce.core, vivavoce.floor)
    for module in pkgutil.iter_modules(package.__path__)
]


def rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name: the order the linter asks for."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def defined(module: str) -> set[str]:
    """The public names that a module's source makes."""
    file = importlib.import_module(module).__file__
    assert file is not None
    names: set[str] = set()
    for node in ast.parse(Path(file).read_text("utf-8")).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass  # states that are unpacked for short are named where they are made
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("module", MODULES)
def test_all_is_sorted_and_complete(module: str) -> None:
    names = importlib.import_module(module).__all__
    assert names == sorted(names, key=rank)
    assert set(names) == defined(module)


def test_the_floor_package_offers_what_a_session_needs() -> None:
    assert vivavoce.floor.__all__ == ["Depth", "Floor", "Mode", "Policy"]
