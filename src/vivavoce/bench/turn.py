"""`vivavoce bench turn`: the configured stack answers recorded questions.

Each question is asked by voice in a conversation of its own; its gap runs from the annotated end of
the voice to the first voiced sample of the answer. A second recogniser transcribes the audio of the
answer, and the words that it hears otherwise are counted against what was meant to be said.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from vivavoce.assistant import Assistant
from vivavoce.audio.files import read_audio
from vivavoce.bench.questions import Question, load_questions
from vivavoce.bench.report import Report, Row, percentile
from vivavoce.build import recogniser
from vivavoce.cli.fetching import fetch_missing
from vivavoce.cli.options import add_settings, prepare, settings_from
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import BadReply
from vivavoce.core.events import Event, TurnEnded
from vivavoce.core.marks import GAP_BUDGET_S, Point, Stage
from vivavoce.core.protocols import STT, Control
from vivavoce.core.turn import Outcome, TurnRecord
from vivavoce.engine.clock import run_virtual
from vivavoce.engine.closing import closing
from vivavoce.settings import Settings
from vivavoce.text.compare import WordErrors, word_errors
from vivavoce.transports.file import FileTransport

__all__ = ["HELP", "configure", "run"]

HELP = "the configured stack on recorded questions: gap, stages, right answers, intelligibility"

_LISTENER = "local/whisper-base"  # the second recogniser; it never hears a question
_TARGET_S = 1.7
_STAGES = (Stage.STT, Stage.ENDPOINT, Stage.LLM, Stage.CLAUSE, Stage.TTS, Stage.PLAYOUT)


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    turn: TurnRecord | None
    gap: float | None
    errors: WordErrors

    @property
    def is_right(self) -> bool:
        return self.turn is not None and self.question.is_answered_by(self.turn.heard)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--questions", type=int, metavar="N", help="only the first N of thirty")
    parser.add_argument(
        "--fast", action="store_true", help="on the virtual clock, charged with measured computing"
    )
    add_settings(parser)


def run(args: argparse.Namespace) -> Report:
    """Ask all questions, then listen to all answers."""
    settings = settings_from(args)
    choice = prepare(settings)
    fetch_missing({"stt": _LISTENER})
    questions = load_questions(args.questions)
    with tempfile.TemporaryDirectory() as directory:
        runner = run_virtual if args.fast else anyio.run
        turns = runner(_ask_all, settings, questions, Path(directory))
        heard = [turn for turn, _ in turns]
        errors = anyio.run(_listen_to_all, heard, [q.name for q in questions], Path(directory))
    asked = [
        _Asked(question, turn, gap, missed)
        for question, (turn, gap), missed in zip(questions, turns, errors, strict=True)
    ]
    how = "virtual clock, measured computing" if args.fast else "real time"
    providers = f"heard by {choice.stt}, answered by {choice.llm}, said by {choice.tts}; {how}"
    return _report(asked, providers, choice.as_dict())


async def _ask_all(
    settings: Settings, questions: Sequence[Question], directory: Path
) -> list[tuple[TurnRecord | None, float | None]]:
    """Each question's turn, and its gap by the annotation (s)."""
    turns: list[tuple[TurnRecord | None, float | None]] = []
    async with Assistant(settings=settings) as assistant:
        for question in questions:
            heard: list[TurnRecord] = []

            def note(event: Event, heard: list[TurnRecord] = heard) -> None:
                if isinstance(event, TurnEnded) and event.record.outcome is Outcome.COMPLETED:
                    heard.append(event.record)

            transport = _Timed(question.recording, directory / f"{question.name}.wav")
            session = await assistant.run(transport, on_event=note)
            began = session.now() - (anyio.current_time() - transport.began)
            sounds = [turn.marks.points.get(Point.FIRST_SOUND) for turn in heard]
            if sounds and sounds[0] is not None:
                turns.append((heard[0], sounds[0] - began - question.speech_end))
            else:
                turns.append((None, None))
    return turns


class _Timed(FileTransport):
    """Notes when the recording began to play, by the loop's clock."""

    began = 0.0

    async def receive(self) -> AsyncGenerator[AudioFrame | Control, None]:
        self.began = anyio.current_time()
        async with closing(super().receive()) as items:
            async for item in items:
                yield item


async def _listen_to_all(
    turns: Sequence[TurnRecord | None], names: Sequence[str], directory: Path
) -> list[WordErrors]:
    errors = []
    async with recogniser(_LISTENER, "en") as stt:
        for name, turn in zip(names, turns, strict=True):
            said = "" if turn is None else await _transcribe(stt, directory / f"{name}.wav")
            errors.append(word_errors("" if turn is None else turn.heard, said))
    return errors


async def _transcribe(stt: STT, path: Path) -> str:
    rate = stt.capabilities.sample_rate
    async with stt.stream(language="en") as stream:
        for frame in read_audio(path, sample_rate=rate):
            await stream.send(frame)
        await stream.flush()
        async for transcript in stream:
            if transcript.is_final:
                return transcript.text
    raise BadReply(f"{stt.name} gave no final transcript", provider=stt.name, role="stt")


def _report(asked: Sequence[_Asked], providers: str, names: dict[str, str]) -> Report:
    gaps = [entry.gap for entry in asked if entry.gap is not None]
    errors = sum((entry.errors for entry in asked), start=WordErrors(0, 0, 0, 0))
    right = sum(entry.is_right for entry in asked)
    rows = [
        Row(
            entry.question.text,
            (
                entry.turn.heard if entry.turn else "(no answer)",
                "yes" if entry.is_right else "no",
                "" if entry.gap is None else f"{entry.gap * 1000:.0f}",
                *(_stage(entry, stage) for stage in _STAGES),
                str(entry.errors.total),
            ),
        )
        for entry in asked
    ]
    medians = [
        percentile([share for entry in asked if (share := _share(entry, stage)) is not None], 50)
        for stage in _STAGES
    ]
    rows.append(
        Row(
            "median",
            (
                "",
                f"{right}/{len(asked)}",
                f"{percentile(gaps, 50) * 1000:.0f}",
                *(f"{median * 1000:.0f}" for median in medians),
                f"{errors.rate:.1%}",
            ),
        )
    )
    return Report(
        title=f"bench turn: {providers}",
        heading=("answer", "right", "gap ms", *(stage.value for stage in _STAGES), "words wrong"),
        rows=rows,
        notes=(
            (
                f"gap p50 {percentile(gaps, 50):.2f} s, p95 {percentile(gaps, 95):.2f} s over "
                f"{len(gaps)} turns; target {_TARGET_S} s, aim {GAP_BUDGET_S} s"
            ),
            f"{right} of {len(asked)} answers are right",
            (
                f"words wrong: what {_LISTENER} hears in the answers' audio, pooled over "
                f"{errors.reference_words} words: {errors.rate:.1%}"
            ),
            "the questions are spoken by a synthetic voice other than the one that answers",
        ),
        data={
            "bench": "turn",
            "providers": names,
            "gap_p50_s": percentile(gaps, 50),
            "gap_p95_s": percentile(gaps, 95),
            "right": right,
            "word_error_rate": errors.rate,
            "stages_p50_s": dict(zip(_STAGES, medians, strict=True)),
            "turns": [_as_dict(entry) for entry in asked],
        },
    )


def _share(entry: _Asked, stage: Stage) -> float | None:
    if entry.turn is None:
        return None
    return next((s.duration for s in entry.turn.marks.waterfall() if s.stage is stage), None)


def _stage(entry: _Asked, stage: Stage) -> str:
    share = _share(entry, stage)
    return "" if share is None else f"{share * 1000:.0f}"


def _as_dict(entry: _Asked) -> dict[str, object]:
    turn = entry.turn
    return {
        "question": entry.question.text,
        "understood": turn.user_text if turn else None,
        "answer": turn.heard if turn else None,
        "right": entry.is_right,
        "gap_s": entry.gap,
        "stages_s": {s.stage.value: s.duration for s in turn.marks.waterfall()} if turn else {},
        "words_wrong": entry.errors.total,
        "words": entry.errors.reference_words,
    }
