"""`vivavoce run`: one complete spoken turn."""

from __future__ import annotations

import argparse
from importlib.resources import as_file, files
from pathlib import Path

from vivavoce.cli.ask import Asked, ask
from vivavoce.cli.options import add_settings, prepare, settings_from
from vivavoce.cli.report import turn_as_text
from vivavoce.core.errors import ConfigError, VivavoceError
from vivavoce.core.turn import Outcome, TurnRecord

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "-o", dest="answer", metavar="WAV", default="answer.wav", help="where the answer goes"
    )
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Ask the bundled question; raises VivavoceError when no answer was heard."""
    if options.answer == "-":
        raise ConfigError("the standard output takes what is told of the turn: give -o a file")
    settings = settings_from(options)
    choice = prepare(settings)
    print("the bundled question is asked by a synthetic voice; see vivavoce/data/README.md")
    print(f"heard by {choice.stt}, answered by {choice.llm}, spoken by {choice.tts}\n", flush=True)

    def show(record: TurnRecord) -> None:
        print(*turn_as_text(record), sep="\n", flush=True)

    asked = Asked(show)
    with as_file(files("vivavoce.data") / "question.wav") as question:
        ask(choice.in_force(settings), question, options.answer, asked, fast=False)
    if not any(record.outcome is Outcome.COMPLETED for record in asked.turns):
        raise VivavoceError("the bundled question got no answer; `vivavoce models verify` may help")
    print(f"\nthe answer, as it was heard: {Path(options.answer).resolve()}")
    return 0
