"""`vivavoce ask`: the questions in a recording, asked as if live."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec

from vivavoce.assistant import Assistant
from vivavoce.audio.files import Source, probe
from vivavoce.cli.options import add_settings, prepare, settings_from
from vivavoce.cli.report import turn_as_json, turn_as_text
from vivavoce.core.errors import AudioError, ConfigError
from vivavoce.core.events import Event, Failed, TurnEnded
from vivavoce.core.turn import Outcome, TurnRecord
from vivavoce.engine.clock import run_virtual
from vivavoce.settings import Settings
from vivavoce.transports.file import FileTransport

__all__ = ["Asked", "ask", "configure", "run"]

Show = Callable[[TurnRecord], None]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("question", metavar="FILE", help="any audio file; - for standard input")
    parser.add_argument(
        "-o", dest="answer", metavar="WAV", help="write what was heard; - to stdout"
    )
    parser.add_argument(
        "--fast",
        action="store_true",
        help="as fast as the models allow; time is counted in audio and measured computing",
    )
    parser.add_argument(
        "--output", choices=("audio", "text"), default="audio", help="text: no voice"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    add_settings(parser)


def run(options: argparse.Namespace) -> int:
    """Do it: 1 when nothing was said or an answer failed."""
    settings = settings_from(options)
    if options.output == "text":
        if options.answer is not None:
            raise ConfigError("--output text has no voice: leave out -o, or --output")
        settings = msgspec.structs.replace(settings, tts="none")
    if options.answer == "-" and not options.json:
        out = sys.stderr
    elif options.answer == "-":
        raise ConfigError("-o - and --json both want the standard output: give -o a file")
    else:
        out = sys.stdout
    source = "-" if options.question == "-" else Path(options.question)
    if isinstance(source, Path):
        _check(source, options.answer)
    choice = prepare(settings)

    def show(record: TurnRecord) -> None:
        if not options.json:
            print(*turn_as_text(record), sep="\n", end="\n\n", file=out, flush=True)

    asked = Asked(show)
    try:
        ask(choice.in_force(settings), source, options.answer, asked, fast=options.fast)
    finally:
        if options.json:
            turns = [turn_as_json(record) for record in asked.turns]
            document = {"version": 1, "providers": choice.as_dict(), "turns": turns}
            print(json.dumps(document, ensure_ascii=False, indent=2))
    if not asked.turns:
        name = "the standard input" if source == "-" else source
        raise AudioError(f"no words were found in {name}: is it silent, or without speech?")
    return int(any(record.outcome is Outcome.FAILED for record in asked.turns))


def _check(question: Path, answer: str | None) -> None:
    """Tell a wrong file at once, before models are loaded. A pipe can be read only once."""
    if not question.is_fifo():
        probe(question)
    target = Path(answer or "-")
    if target.exists() and question.is_file() and question.samefile(target):
        raise ConfigError(f"-o {answer} would replace the question: give it another name")


class Asked:
    """Takes the events of a conversation and keeps its turns; each is shown when it ends."""

    def __init__(self, show: Show = lambda _: None) -> None:
        self.turns: list[TurnRecord] = []
        self._show = show

    def __call__(self, event: Event) -> None:
        """Take an event."""
        match event:
            case TurnEnded(record=record) if record.outcome is not Outcome.SUPERSEDED:
                self.turns.append(record)
                self._show(record)
            case Failed(role=role, message=message):
                print(f"vivavoce: {role}: {message}", file=sys.stderr)
            case _:
                pass


def ask(
    settings: Settings, source: Source, answer: str | None, asked: Asked, *, fast: bool
) -> None:
    """Hold the conversation with a recording. Raises VivavoceError."""

    async def talk() -> None:
        transport = FileTransport(source, answer)
        async with Assistant(settings=settings) as assistant:
            await assistant.run(transport, on_event=asked)
        for warning in transport.warnings:
            print(f"vivavoce: {warning}", file=sys.stderr)

    if fast:
        run_virtual(talk)
    else:
        anyio.run(talk)
