"""Benchmarks: each prints a table with machine and date, and can be run by whoever installed us.

A benchmark is a module with `HELP`, `configure(parser)` and `run(args) -> Report`. It is imported
when it is asked for.
"""

__all__ = ["BENCHES"]

BENCHES: dict[str, str] = {
    "engine": "vivavoce.bench.engine",
    "serve": "vivavoce.bench.serve",
    "turn": "vivavoce.bench.turn",
}
