"""`vivavoce bench engine`: what the engine adds to its providers, and what a session costs.

Real sessions on scripted providers, called by recorded voices in real time over a socket. Nothing
is taken from the engine's own clocks: gaps and silences are read off the audio that comes out, and
words off its samples.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from vivavoce.bench.answers import answer_speller
from vivavoce.bench.caller import Caller
from vivavoce.bench.delays import SCRIPTED_S, TOKEN_S
from vivavoce.bench.findings import Findings, find
from vivavoce.bench.load import apply_load
from vivavoce.bench.recordings import Utterance, load_utterances
from vivavoce.bench.report import Report, Row, percentile, spread
from vivavoce.bench.serving import LEVEL_VAD, Serving
from vivavoce.core.errors import ConfigError

__all__ = ["HELP", "configure", "run"]

HELP = "what the engine adds to its providers, and what a session costs"

_QUICK_SESSIONS = (2,)
_QUICK_S = 10.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--sessions",
        type=_numbers,
        default=(1, 10, 50, 100),
        metavar="N,N",
        help="sessions at a time in one process, one run each (default: 1,10,50,100)",
    )
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="how long new turns begin in a run (default 30)"
    )
    parser.add_argument("--quick", action="store_true", help="two sessions for ten seconds")
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIRECTORY",
        help="what the callers say, with an index.json (default: the package's questions)",
    )
    parser.add_argument(
        "--vad",
        default="local/silero",
        help=f"voice activity detector (default: local/silero; {LEVEL_VAD} needs no model)",
    )
    parser.add_argument(
        "--turn-detector",
        default="none",
        help="audio end-of-turn model, such as local/smart-turn (default: none)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if min(numbers) < 1:
        raise ValueError(text)
    return numbers


def run(args: argparse.Namespace) -> Report:
    """Measure, and put the table together. Raises ConfigError, ModelError, AudioError."""
    sessions: Sequence[int] = _QUICK_SESSIONS if args.quick else args.sessions
    seconds: float = _QUICK_S if args.quick else args.seconds
    utterances = load_utterances(args.recordings)
    if not utterances:
        raise ConfigError(f"{args.recordings} lists no recording of a single utterance")
    directory = str(args.recordings.resolve()) if args.recordings else None
    serving = Serving(args.vad, args.turn_detector, directory)
    findings = [_measure(count, seconds, utterances, serving, args.seed) for count in sessions]
    source = args.recordings or "the package's questions"
    return _report(findings, serving, f"{len(utterances)} recordings from {source}", seconds)


def _measure(
    count: int, seconds: float, utterances: Sequence[Utterance], serving: Serving, seed: int
) -> Findings:
    callers = [
        Caller(utterances, Random(f"{seed} {count} {index}"), seconds)  # noqa: S311  (no secret)
        for index in range(count)
    ]
    return find(callers, apply_load(callers, serving), answer_speller())


# --- the table ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    cell: Callable[[Findings, Findings], str]  # of a run, beside the one with fewest sessions
    target: str = ""
    pipecat: str = ""
    livekit: str = ""


def _ms(values: Sequence[float], *percents: float) -> str:
    return " / ".join(f"{1000 * percentile(values, percent):.0f}" for percent in percents)


def _core_share(found: Findings, least: Findings) -> float:
    """Processor share of one more session: beyond the smallest run, or of all in that."""
    more = found.sessions - least.sessions
    if not more:
        return found.load.core_share / found.sessions
    return (found.load.core_share - least.load.core_share) / more


def _memory(found: Findings, least: Findings) -> float | None:
    """Bytes of one more session; None for the smallest run."""
    more = found.sessions - least.sessions
    return (found.load.memory - least.load.memory) / more if more else None


def _memory_cell(found: Findings, least: Findings) -> str:
    more = _memory(found, least)
    return f"({found.load.memory / 1e6:.0f} in all)" if more is None else f"{more / 1e6:.2f}"


def _loop_lags(found: Findings) -> tuple[float, float, float]:
    return found.load.loop_lag_p50, found.load.loop_lag_p95, found.load.loop_lag_max


_LINES = (
    _Line("utterances", lambda found, _: str(found.utterances)),
    _Line("turn gap, p50 / p95 (ms)", lambda found, _: _ms(found.gaps, 50, 95)),
    _Line(
        f"beyond {1000 * SCRIPTED_S:.0f}, p50 / p95 (ms)",
        lambda found, _: _ms([gap - SCRIPTED_S for gap in found.gaps], 50, 95),
    ),
    _Line(
        "overhead, p50 / p95 (ms)",
        lambda found, _: _ms(found.overheads, 50, 95),
        "30 / 60",
        "97 / 247",
        "105 / 178",
    ),
    _Line("wait where unclear, p50 / max (ms)", lambda found, _: _ms(found.waits, 50, 100), "1500"),
    _Line(
        "barge-in to silence, p50 / p95 (ms)",
        lambda found, _: _ms(found.silences, 50, 95),
        "250",
        "267",
        "545",
    ),
    _Line("answers cut short", lambda found, _: str(found.cut_answers)),
    _Line(
        "words wrongly remembered, of all heard",
        lambda found, _: f"{found.wrong_words} of {found.words}",
        "0",
    ),
    _Line(
        "processor a session (% of a core)",
        lambda found, least: f"{100 * _core_share(found, least):.2f}",
        "1",
        "8",
        "3.9",
    ),
    _Line("memory a session (MB)", _memory_cell, "5", "50-60"),
    _Line("core in use (%)", lambda found, _: f"{100 * found.load.core_share:.0f}"),
    _Line(
        "event loop late, p50 / p95 / max (ms)",
        lambda found, _: " / ".join(f"{1000 * lag:.0f}" for lag in _loop_lags(found)),
    ),
    _Line("caller late, p95 / max (ms)", lambda found, _: _ms(found.load.send_lags, 95, 100)),
    _Line("answers with a stutter in them", lambda found, _: str(found.stutters), "0"),
    _Line("answers that began too early", lambda found, _: str(found.early)),
    _Line("utterances without an answer", lambda found, _: str(found.lost), "0"),
    _Line("sessions that hung", lambda found, _: str(found.load.unfinished), "0"),
)

_NOTES = (
    f"""Turn gap: from the annotated end of speech, as sent, to the first voiced sample as played.
Overhead: what it exceeds {1000 * SCRIPTED_S:.0f} ms by (recogniser, first token, first byte) and
{1000 * TOKEN_S:.0f} ms for each further token of the first piece; complete utterances only.""",
    """Every fourth recording is transcribed as if it went on; how long the floor then waits is read
off the audio too.""",
    """Barge-in: from the annotated onset over an answer to the last sample of it that was not
silent.""",
    "Processor and memory of a session: of one more, beyond those of the smallest run.",
    """Where the caller was late for long, this machine was busy with something else: such a run
counts for nothing.""",
    """Pipecat, LiveKit: their figures at one session, on 2 shared cores of this kind, as published
in this project's requirements; not measured in this run. They collapse at 10 and 25 sessions.""",
)


def _report(findings: Sequence[Findings], serving: Serving, source: str, seconds: float) -> Report:
    least = min(findings, key=lambda found: found.sessions)
    heading = [_plural(found.sessions) for found in findings]
    rows = [
        Row(
            line.label,
            [
                *(line.cell(found, least) for found in findings),
                line.target,
                line.pipecat,
                line.livekit,
            ],
        )
        for line in _LINES
    ]
    parts = f"VAD {serving.vad}, end-of-turn model {serving.turn_detector}"
    return Report(
        "vivavoce bench engine",
        [*heading, "target", "Pipecat 1.14", "LiveKit 1.8.9"],
        rows,
        (
            f"{parts}; {source}; turns begin for {seconds:g} s in each run.",
            "One process on one core, the callers on another.",
            *(" ".join(note.split()) for note in _NOTES),
            *(_stages(found) for found in findings if found.stages),
        ),
        {
            "bench": "engine",
            "vad": serving.vad,
            "turn_detector": serving.turn_detector,
            "recordings": source,
            "seconds": seconds,
            "runs": [_as_dict(found, least) for found in findings],
        },
    )


def _plural(sessions: int) -> str:
    return "1 session" if sessions == 1 else f"{sessions} sessions"


def _stages(found: Findings) -> str:
    shares = ", ".join(f"{name} {_ms(spent, 50, 95)}" for name, spent in found.stages.items())
    return f"Overhead by stage, p50 / p95 (ms), {_plural(found.sessions)}: {shares}."


def _as_dict(found: Findings, least: Findings) -> dict[str, object]:
    """A run as data; times in milliseconds, NaN as null."""
    memory = _memory(found, least)
    return {
        "sessions": found.sessions,
        "utterances": found.utterances,
        "turn_gap_ms": spread(found.gaps),
        "over_scripted_ms": spread([gap - SCRIPTED_S for gap in found.gaps]),
        "overhead_ms": spread(found.overheads),
        "unclear_wait_ms": spread(found.waits),
        "barge_in_ms": spread(found.silences),
        "stages_ms": {name: spread(spent) for name, spent in found.stages.items()},
        "recordings_ms": {name: spread(spent) for name, spent in found.recordings.items()},
        "cut_answers": found.cut_answers,
        "words": found.words,
        "wrong_words": found.wrong_words,
        "mismatches": [
            {"remembered": " ".join(kept), "heard": " ".join(played)}
            for kept, played in found.mismatches
        ],
        "core_percent": 100 * found.load.core_share,
        "core_percent_a_session": 100 * _core_share(found, least),
        "memory_mb": found.load.memory / 1e6,
        "memory_mb_a_session": None if memory is None else memory / 1e6,
        "loop_lag_ms": dict(
            zip(("p50", "p95", "max"), (1000 * lag for lag in _loop_lags(found)), strict=True)
        ),
        "caller_lag_ms": spread(found.load.send_lags),
        "stutters": found.stutters,
        "early": found.early,
        "unanswered": found.lost,
        "hung": found.load.unfinished,
    }
