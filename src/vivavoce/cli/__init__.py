"""The command line: one file a command, loaded when it is called."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Protocol

from vivavoce import __version__
from vivavoce.core.errors import VivavoceError
from vivavoce.engine.failures import first_error

__all__ = ["main"]

# In the order in which a newcomer needs them; described here, so that --help loads nothing.
COMMANDS = {
    "run": "answer the bundled question aloud: the proof that everything works",
    "serve": "hold conversations: the page and the Realtime API, until a signal",
    "ask": "answer the questions in a recording, as if they were asked live",
    "models": "list, fetch and verify the embedded models",
    "bench": "measure, and print a table",
}

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class _Command(Protocol):
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="vivavoce", description="A real-time speech-to-speech assistant."
    )
    parser.add_argument("--version", action="version", version=f"vivavoce {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    wanted = next((word for word in given if word in COMMANDS), None)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if name == wanted:
            module: _Command = import_module(f"vivavoce.cli.{name}")
            module.configure(command)
            command.set_defaults(command=module.run)
    options = parser.parse_args(given)
    if isinstance(sys.stdout, io.TextIOWrapper):  # what a terminal cannot show must end no talk
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code: int = options.command(options)
        sys.stdout.flush()
    except VivavoceError as error:
        print(f"vivavoce: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BrokenPipeError, ExceptionGroup) as error:
        if not isinstance(first_error(error), BrokenPipeError):
            raise
        # Whoever read our output has gone; nothing more is to be written, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code
