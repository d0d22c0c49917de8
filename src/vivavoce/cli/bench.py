"""`vivavoce bench`: measure, and print a table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Protocol

from vivavoce.bench import BENCHES
from vivavoce.bench.report import Report

__all__ = ["configure", "run"]


class _Bench(Protocol):
    HELP: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], Report]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    names = parser.add_subparsers(metavar="NAME", required=True)
    for name, module in BENCHES.items():
        bench: _Bench = import_module(module)
        entry = names.add_parser(name, help=bench.HELP, description=bench.HELP)
        bench.configure(entry)
        entry.add_argument("--json", type=Path, metavar="FILE", help="write the data there as well")
        entry.set_defaults(bench=bench.run)


def run(args: argparse.Namespace) -> int:
    """Measure; the table goes to stdout."""
    report: Report = args.bench(args)
    print(report.text())
    if args.json is not None:
        args.json.write_text(json.dumps(report.as_dict(), indent=2) + "\n", encoding="utf-8")
    return 0
