"""`vivavoce bench serve`: what the server adds to the engine, what a session costs over each
transport, and what a thousand sessions leave behind.

The whole server in a process on one core, real clients on another, in real time. Gaps are read off
what the clients receive.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import anyio
import anyio.abc

from vivavoce.bench.answers import more_tokens
from vivavoce.bench.delays import FIRST_BYTE_S, FIRST_TOKEN_S, SCRIPTED_S, TOKEN_S
from vivavoce.bench.load import pinned
from vivavoce.bench.report import Report, Row, percentile, spread
from vivavoce.bench.serving import LEVEL_VAD
from vivavoce.core.errors import ConfigError, ProviderUnavailable
from vivavoce.engine.failures import unwrapped

if TYPE_CHECKING:
    from vivavoce.bench.hosting import Census, Host, Soak
    from vivavoce.bench.visitors import Notes

__all__ = ["HELP", "WEBRTC", "WEBSOCKET", "Cost", "configure", "report", "run"]

HELP = "what the server adds to the engine, a session's cost by transport, and a soak"

WEBSOCKET = "WebSocket"
WEBRTC = "WebRTC"
_SCRIPTED_S = {WEBSOCKET: SCRIPTED_S, WEBRTC: FIRST_TOKEN_S + FIRST_BYTE_S}
_PHASE_S = 4.0  # within which clients begin, so that no two are in step
_HANG_UP_S = 30.0  # after the clients should stop; past it a session hangs
_WARM_UP = 200  # sessions, before which a process still grows


@dataclass(frozen=True, slots=True)
class _Plan:
    websocket: Sequence[int] = (1, 10, 50)
    webrtc: Sequence[int] = (1, 10, 20)
    seconds: float = 30.0
    warm_up: int = _WARM_UP
    soak: int = 1000


_QUICK = _Plan((2,), (1,), 2.0, 10, 20)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run found. Times in seconds, memory in bytes; `core_share` is the server's processor
    time per second, over all its sessions. `overheads` are what the gaps exceed the providers by.

    `lost` questions were never answered, `cut` answers not completed, `hung` sessions never ended.
    """

    transport: str
    sessions: int
    gaps: Sequence[float]
    overheads: Sequence[float]
    core_share: float
    memory: int
    loop_lags: Sequence[float | None]
    send_lags: Sequence[float] = ()
    client_share: float = 0.0
    lost: int = 0
    cut: int = 0
    early: int = 0
    hung: int = 0
    errors: Sequence[str] = ()


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    plan = _Plan()
    for name, counts in (("websocket", plan.websocket), ("webrtc", plan.webrtc)):
        parser.add_argument(
            f"--{name}",
            type=_numbers,
            default=tuple(counts),
            metavar="N,N",
            help=f"sessions at a time, one run each; 0: none "
            f"(default: {','.join(map(str, counts))})",
        )
    parser.add_argument(
        "--seconds", type=float, default=plan.seconds, help="measured in a run (default 30)"
    )
    parser.add_argument(
        "--soak",
        type=int,
        default=plan.soak,
        metavar="N",
        help=f"sessions one after the other behind {_WARM_UP} of warm-up; 0: none (default 1000)",
    )
    parser.add_argument("--quick", action="store_true", help="few sessions for a few seconds")
    parser.add_argument(
        "--vad",
        default="local/silero",
        help=f"voice activity detector (default: local/silero; {LEVEL_VAD} needs no model)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of everything random (default: 1)")


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if min(numbers) < 0:
        raise ValueError(text)
    return tuple(number for number in numbers if number)


def run(args: argparse.Namespace) -> Report:
    """Measure, and put the table together. Raises ConfigError, ModelError, VivavoceError."""
    if sys.platform != "linux":
        raise ConfigError("this benchmark assigns cores and reads /proc, so it needs Linux")
    plan = _Plan(args.websocket, args.webrtc, args.seconds, _WARM_UP, args.soak)
    plan = _QUICK if args.quick else plan
    if args.vad != LEVEL_VAD:
        from vivavoce.cli.fetching import fetch_missing

        fetch_missing({"vad": args.vad})
    cores = sorted(os.sched_getaffinity(0))
    with pinned(cores[0]), unwrapped():
        costs, soak = anyio.run(_measure_all, plan, args.vad, cores[-1], args.seed)
    return report(costs, soak, args.vad, plan.seconds)


# --- measuring ------------------------------------------------------------------------------------


async def _measure_all(
    plan: _Plan, vad: str, core: int, seed: int
) -> tuple[list[Cost], Soak | None]:
    try:
        from vivavoce.bench.hosting import AT_ONCE, Hosting, hosted, soak
        from vivavoce.bench.visitors import drop_in
    except ImportError as error:
        raise ProviderUnavailable(
            f"serving needs more packages: pip install 'vivavoce[server]' ({error})"
        ) from error
    costs = []
    for transport, counts in ((WEBSOCKET, plan.websocket), (WEBRTC, plan.webrtc)):
        for count in counts:
            async with hosted(Hosting(vad, count), core) as host:
                costs.append(await _cost(host, transport, count, plan.seconds, seed))
    if not plan.soak:
        return costs, None
    async with hosted(Hosting(LEVEL_VAD, 4 * AT_ONCE), core) as host:
        return costs, await soak(host, drop_in, plan.warm_up, plan.soak)


async def _cost(host: Host, transport: str, count: int, seconds: float, seed: int) -> Cost:
    from vivavoce.bench.hosting import shared_speller
    from vivavoce.bench.visitors import Caller, Notes, Peer, spoken_questions

    notes, stop = Notes(), anyio.Event()
    phase = min(_PHASE_S, seconds / 4)
    questions = spoken_questions(shared_speller())
    ended = 0

    async with anyio.create_task_group() as group:

        async def hold(client: Caller | Peer, *, task_status: anyio.abc.TaskStatus[None]) -> None:
            nonlocal ended
            await client.run(host.port, task_status=task_status)
            ended += 1

        for index in range(count):
            random = Random(f"{seed} {count} {index}")  # noqa: S311  (no secret)
            await group.start(
                hold,
                Caller(questions, random, phase, stop, notes)
                if transport == WEBSOCKET
                else Peer(random, phase, stop, notes),
            )
        await anyio.sleep(phase)
        await host.census()
        began, used = anyio.current_time(), host.processor_s()
        busy = time.process_time()
        await anyio.sleep(seconds)
        share = (host.processor_s() - used) / (anyio.current_time() - began)
        client_share = (time.process_time() - busy) / (anyio.current_time() - began)
        census = await host.census()
        stop.set()
        group.cancel_scope.deadline = anyio.current_time() + _HANG_UP_S
    return _found(transport, count, notes, (share, client_share), census, count - ended)


def _found(
    transport: str, count: int, notes: Notes, shares: tuple[float, float], census: Census, hung: int
) -> Cost:
    heard = [
        (asked, asked.sounded - asked.at) for asked in notes.asked if asked.sounded is not None
    ]
    return Cost(
        transport,
        count,
        [gap for _, gap in heard],
        [
            gap - _SCRIPTED_S[transport] - more_tokens(asked.reply) * TOKEN_S
            for asked, gap in heard
            if asked.reply
        ],
        shares[0],
        census.memory,
        census.lags,
        notes.lags,
        shares[1],
        lost=len(notes.asked) - len(heard),
        cut=sum(not asked.completed for asked, _ in heard),
        early=notes.early,
        hung=hung,
        errors=notes.errors,
    )


# --- the table ------------------------------------------------------------------------------------


def _ms(values: Sequence[float], *percents: float) -> str:
    if not values:
        return ""
    return " / ".join(f"{1000 * percentile(values, percent):.0f}" for percent in percents)


def _core_share(found: Cost, least: Cost) -> float:
    """Processor share of one more session: beyond the smallest run, or of all in that."""
    more = found.sessions - least.sessions
    if not more:
        return found.core_share / found.sessions
    return (found.core_share - least.core_share) / more


def _memory(found: Cost, least: Cost) -> float | None:
    """Bytes of one more session; None for the smallest run."""
    more = found.sessions - least.sessions
    return (found.memory - least.memory) / more if more else None


def _fitting(found: Cost, least: Cost) -> float:
    """Sessions that use a core up, if each more costs the same."""
    each = _core_share(found, least)
    return found.sessions + (1 - found.core_share) / each if each > 0 else float("inf")


def _memory_cell(found: Cost, least: Cost) -> str:
    more = _memory(found, least)
    return f"({found.memory / 1e6:.0f} in all)" if more is None else f"{more / 1e6:.2f}"


def _fitting_cell(found: Cost, least: Cost) -> str:
    return "" if found is least else f"{_fitting(found, least):.0f}"


def _loop_cell(found: Cost, _: Cost) -> str:
    return " / ".join("" if lag is None else f"{1000 * lag:.0f}" for lag in found.loop_lags)


_Cell = Callable[[Cost, Cost], str]  # of a run, beside the one with fewest sessions
_LINES: Sequence[tuple[str, _Cell, str]] = (
    ("questions", lambda found, _: str(len(found.gaps) + found.lost), ""),
    ("gap, p50 / p95 (ms)", lambda found, _: _ms(found.gaps, 50, 95), ""),
    ("overhead, p50 / p95 (ms)", lambda found, _: _ms(found.overheads, 50, 95), "WebSocket 25"),
    (
        "processor a session (% of a core)",
        lambda found, least: f"{100 * _core_share(found, least):.2f}",
        "",
    ),
    ("memory a session (MB)", _memory_cell, ""),
    ("core in use (%)", lambda found, _: f"{100 * found.core_share:.0f}", ""),
    ("sessions that fill a core", _fitting_cell, "50; WebRTC 20"),
    ("event loop late, p50 / p95 / max (ms)", _loop_cell, ""),
    ("clients' core in use (%)", lambda found, _: f"{100 * found.client_share:.0f}", ""),
    ("client late, p95 / max (ms)", lambda found, _: _ms(found.send_lags, 95, 100), ""),
    ("questions without an answer", lambda found, _: str(found.lost), "0"),
    ("answers cut short", lambda found, _: str(found.cut), "0"),
    ("answers that began too early", lambda found, _: str(found.early), "0"),
    ("errors told", lambda found, _: str(len(found.errors)), "0"),
    ("sessions that hung", lambda found, _: str(found.hung), "0"),
)
_SOAK_LINES: Sequence[tuple[str, Callable[[Soak], str], str]] = (
    ("sessions that dropped in", lambda soak: str(soak.sessions), ""),
    ("· unanswered", lambda soak: str(soak.unanswered), "0"),
    ("· tasks left", lambda soak: f"{soak.tasks:+d}", "0"),
    ("· descriptors left", lambda soak: f"{soak.descriptors:+d}", "0"),
    (
        "· memory before, after each quarter (MB)",
        lambda soak: " ".join(f"{census.memory / 1e6:.1f}" for census in soak.held),
        "",
    ),
    (
        "· rise in the second half (bytes a session)",
        lambda soak: f"{soak.bytes_a_session:.0f}",
        "0",
    ),
)

_NOTES = (
    f"""WebSocket: spelled speech, pcm16 at 24 kHz in 20 ms frames in real time, compression offered
as browsers do. Gap: from the end of speech as sent to the first audio delta received; overhead:
what it exceeds {1000 * SCRIPTED_S:.0f} ms by (recogniser, first token, first byte) and
{1000 * TOKEN_S:.0f} ms for each further token of the first piece. The engine's own is 20
(`vivavoce bench engine`).""",
    f"""WebRTC: asked in writing on the data channel, beside an open microphone. Gap: from the
sending to the first loud packet decoded; overhead: beyond {_SCRIPTED_S[WEBRTC] * 1000:.0f} ms and
those tokens. It has the clock of the packets in it: 0 to 20 ms.""",
    "Processor and memory of a session: of one more, beyond those of the smallest run.",
    """The detector is asked for every window; what counts is the level, as spelled words are no
voice. The scripted recogniser's own reading of the samples is in the processor's share.""",
    """Where the client was late for long, this machine was busy with something else: such a run
counts for nothing.""",
)


def report(costs: Sequence[Cost], soak: Soak | None, vad: str, seconds: float) -> Report:
    """The table and the data."""
    least = {
        transport: min(
            (cost for cost in costs if cost.transport == transport), key=lambda cost: cost.sessions
        )
        for transport in {cost.transport for cost in costs}
    }
    rows = [
        Row(label, [*(cell(cost, least[cost.transport]) for cost in costs), "", target])
        for label, cell, target in _LINES
        if costs
    ]
    if soak is not None:
        empty = [""] * len(costs)
        rows += [Row(label, [*empty, cell(soak), target]) for label, cell, target in _SOAK_LINES]
    return Report(
        "vivavoce bench serve",
        [*(f"{cost.transport} {cost.sessions}" for cost in costs), "soak", "target"],
        rows,
        (
            f"VAD {vad}; {seconds:g} s in each run; server on one core, clients on another.",
            *(" ".join(note.split()) for note in _NOTES),
        ),
        {
            "bench": "serve",
            "vad": vad,
            "seconds": seconds,
            "runs": [_as_dict(cost, least[cost.transport]) for cost in costs],
            "soak": None if soak is None else _soak_as_dict(soak),
        },
    )


def _as_dict(found: Cost, least: Cost) -> dict[str, object]:
    """A run as data; times in milliseconds."""
    memory = _memory(found, least)
    lags = (None if lag is None else 1000 * lag for lag in found.loop_lags)
    return {
        "transport": found.transport,
        "sessions": found.sessions,
        "gap_ms": spread(found.gaps),
        "overhead_ms": spread(found.overheads),
        "core_percent": 100 * found.core_share,
        "core_percent_a_session": 100 * _core_share(found, least),
        "client_core_percent": 100 * found.client_share,
        "memory_mb": found.memory / 1e6,
        "memory_mb_a_session": None if memory is None else memory / 1e6,
        "loop_lag_ms": dict(zip(("p50", "p95", "max"), lags, strict=True)),
        "client_lag_ms": spread(found.send_lags),
        "unanswered": found.lost,
        "cut_answers": found.cut,
        "early": found.early,
        "errors": list(found.errors),
        "hung": found.hung,
    }


def _soak_as_dict(soak: Soak) -> dict[str, object]:
    return {
        "sessions": soak.sessions,
        "warm_up": soak.warm_up,
        "unanswered": soak.unanswered,
        "tasks_left": soak.tasks,
        "descriptors_left": soak.descriptors,
        "bytes_a_session": soak.bytes_a_session,
        "memory_mb": [census.memory / 1e6 for census in soak.held],
        "tasks": [census.tasks for census in soak.held],
        "descriptors": [census.descriptors for census in soak.held],
    }
