"""Write the parts of the docs that are generated from the code; `--check` only compares.

Needs the project's environment; `make docs` calls it.
"""

import json
import sys
from pathlib import Path

from vivavoce.config import describe
from vivavoce.floor import Floor

ROOT = Path(__file__).resolve().parents[1]


def floor_table() -> str:
    """The floor's rules."""
    rows = ["| state | input | condition | actions | next state |", "|---|---|---|---|---|"]
    rows += [f"| {' | '.join(cells)} |" for cells in Floor.table()]
    return "\n".join(rows)


def settings_table() -> str:
    """Every setting."""
    rows = ["| setting | default | what it does |", "|---|---|---|"]
    for name, default, text in describe():
        shown = json.dumps(default, ensure_ascii=False)
        rows.append(f"| `{name}` | `{shown}` | {text} |")
    return "\n".join(rows)


PARTS = (
    ("docs/architecture.md", "floor table", floor_table()),
    ("docs/configuration.md", "settings", settings_table()),
)


def main(*, check: bool) -> int:
    """Returns 1 if a page was behind the code and `check` is set."""
    behind = []
    for file, name, made in PARTS:
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        new = f"{before}{start}{made}\n{end}{after}"
        if new != text:
            behind.append(file)
            if not check:
                path.write_text(new, encoding="utf-8")
    if behind and check:
        print(f"{', '.join(behind)}: behind the code; run `make docs`", file=sys.stderr)
    return int(check and bool(behind))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv))
