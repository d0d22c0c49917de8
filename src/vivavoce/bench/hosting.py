"""The server that is measured: the whole of `vivavoce serve` on scripted providers, in a process of
its own.

`python -m vivavoce.bench.hosting '{...}'` prints its port on one line, and then, for each line that
it reads, a census of itself. It ends with its input.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import anyio.abc
import msgspec
import uvicorn
from anyio.streams.buffered import BufferedByteReceiveStream
from starlette.applications import Starlette

from vivavoce.bench.answers import CHARACTERS_A_SECOND, AnsweringLLM, answer_speller
from vivavoce.bench.delays import FINAL_S, FIRST_BYTE_S, FIRST_TOKEN_S, TOKEN_S
from vivavoce.bench.load import processor_s, resident_bytes
from vivavoce.bench.report import percentile
from vivavoce.bench.serving import LEVEL_VAD, watch_loop
from vivavoce.build import Providers, parts_from
from vivavoce.core.audio import Samples
from vivavoce.core.errors import VivavoceError
from vivavoce.core.protocols import VAD, VADStream
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.providers.scripted import LevelVAD, ScriptedSTT, ScriptedTTS, Speller
from vivavoce.server.app import create_app
from vivavoce.server.guard import Door
from vivavoce.server.hub import Hub
from vivavoce.settings import Settings
from vivavoce.transports.webrtc import Peer

__all__ = [
    "AT_ONCE",
    "QUESTIONS",
    "Census",
    "Host",
    "Hosting",
    "Soak",
    "host",
    "hosted",
    "shared_speller",
    "soak",
]

QUESTIONS = (  # one for each of the answers, which differ in their first piece
    "what is the weather like today",
    "how long is the walk",
    "can I take the bus",
    "is the train late",
    "do I need a coat",
    "how far is it to the station",
)
AT_ONCE = 20  # sessions of a soak
_ROUNDS = 4  # of a soak, with a census after each
_LOOK_S, _LOOKS = 0.1, 150  # until all sessions of a round should have been forgotten
_CLEANING_S = 0.5  # after that, for what closes behind them
_FAREWELL_S = 10  # for what is still open when the process is to end


class Hosting(msgspec.Struct, frozen=True):
    """What is hosted: `vad` by provider name, at most `limit` sessions at a time."""

    vad: str
    limit: int


class Census(msgspec.Struct, frozen=True):
    """What the process holds now. `lags` are how late its event loop was (s) since the census
    before: p50, p95 and the longest, NaN as None."""

    sessions: int
    tasks: int
    descriptors: int
    memory: int
    lags: tuple[float | None, float | None, float | None]


def shared_speller() -> Speller:
    """A speller that gives the questions' and the answers' words the same values in every
    process."""
    speller = answer_speller()
    for question in QUESTIONS:
        speller.spell(question, 60.0, 1000)
    return speller


# --- in the process that is measured --------------------------------------------------------------


class _DecidedByLevel:
    """A detector that is asked for every window, and paid for; what counts is how loud it is.

    Spelled words are constants, in which a detector trained on voices rightly hears none.
    """

    def __init__(self, vad: VAD) -> None:
        self._vad = vad
        self.name = vad.name
        self.sample_rate = vad.sample_rate
        self.window_samples = vad.window_samples

    def stream(self) -> _StreamDecidedByLevel:
        """Voice activity of one more audio stream."""
        return _StreamDecidedByLevel(self._vad.stream())


class _StreamDecidedByLevel:
    def __init__(self, stream: VADStream) -> None:
        self._stream = stream
        self._level = LevelVAD()

    async def probability(self, window: Samples) -> float:
        """0.99 or 0.01, as soon as the detector has spoken too."""
        await self._stream.probability(window)
        return await self._level.probability(window)


async def host(hosting: Hosting) -> None:
    """Serve until the input ends."""
    Peer.load()
    async with (
        _parts(hosting) as parts,
        Hub(lambda: Session(parts), model="scripted", limit=hosting.limit) as hub,
        anyio.create_task_group() as group,
    ):
        app = create_app(hub, door=Door(rate=None), hosts=("127.0.0.1",))
        server = uvicorn.Server(_configuration(app))
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        group.start_soon(server.serve, [listening])  # which closes it
        _say(str(listening.getsockname()[1]))
        await _answer_questions(hub)
        server.should_exit = True


async def _answer_questions(hub: Hub) -> None:
    """A census for each line of the input, until it ends."""
    lags: list[float] = []
    async with anyio.create_task_group() as group:
        group.start_soon(watch_loop, lags)
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            if line.strip() == "collect":
                gc.collect()
            _say(msgspec.json.encode(_census(hub, lags)).decode())
            lags.clear()
        group.cancel_scope.cancel()


@asynccontextmanager
async def _parts(hosting: Hosting) -> AsyncIterator[Parts]:
    speller = shared_speller()
    level = hosting.vad == LEVEL_VAD
    providers = Providers(
        Settings(
            stt="scripted/stt",
            llm="scripted/llm",
            tts="scripted/tts",
            vad=hosting.vad,
            turn_detector="none",
        ),
        stt=ScriptedSTT(speller, final_delay=FINAL_S),
        llm=AnsweringLLM(first_token=FIRST_TOKEN_S, token_interval=TOKEN_S),
        tts=ScriptedTTS(speller, first_byte=FIRST_BYTE_S, characters_a_second=CHARACTERS_A_SECOND),
        vad=LevelVAD() if level else None,
    )
    async with providers:
        parts = parts_from(providers)
        yield parts if level else replace(parts, vad=_DecidedByLevel(parts.vad))


def _configuration(app: Starlette) -> uvicorn.Config:
    """As `vivavoce serve` has it."""
    return uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=4 << 20,
        timeout_graceful_shutdown=_FAREWELL_S,
    )


def _census(hub: Hub, lags: list[float]) -> Census:
    first, second, third = (percentile(lags, p) if lags else None for p in (50, 95, 100))
    return Census(
        len(hub),
        len(asyncio.all_tasks()),
        len(list(Path("/proc/self/fd").iterdir())),
        resident_bytes(os.getpid()),
        (first, second, third),
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# --- in the process that measures -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Host:
    """A process that hosts."""

    port: int
    _process: anyio.abc.Process
    _replies: BufferedByteReceiveStream

    async def census(self, *, collect: bool = False) -> Census:
        """What the process holds now; with `collect` after its garbage was collected."""
        assert self._process.stdin is not None
        await self._process.stdin.send(b"collect\n" if collect else b"census\n")
        return msgspec.json.decode(await _line(self._replies), type=Census)

    def processor_s(self) -> float:
        """Processor time that it has used (s)."""
        return processor_s(self._process.pid)

    def resident_bytes(self) -> int:
        """Resident memory."""
        return resident_bytes(self._process.pid)


@asynccontextmanager
async def hosted(hosting: Hosting, core: int) -> AsyncIterator[Host]:
    """A fresh process on a core of its own. Raises VivavoceError when it does not start."""
    program = [sys.executable, "-m", "vivavoce.bench.hosting"]
    async with await anyio.open_process(
        [*program, msgspec.json.encode(hosting).decode()], stderr=None
    ) as process:
        os.sched_setaffinity(process.pid, {core})  # before it has any threads, which inherit it
        assert process.stdin is not None
        assert process.stdout is not None
        replies = BufferedByteReceiveStream(process.stdout)
        try:
            yield Host(int(await _line(replies)), process, replies)
            await process.stdin.aclose()
            with anyio.move_on_after(2 * _FAREWELL_S):
                await process.wait()
        finally:
            if process.returncode is None:
                process.kill()


async def _line(replies: BufferedByteReceiveStream) -> bytes:
    try:
        return await replies.receive_until(b"\n", 1 << 16)
    except (anyio.EndOfStream, anyio.IncompleteRead) as error:
        raise VivavoceError("the server process failed; its message stands above") from error


# --- the soak -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Soak:
    """Sessions after the warm-up, and what the process held after the warm-up and each round."""

    sessions: int
    warm_up: int
    unanswered: int
    held: Sequence[Census]

    @property
    def tasks(self) -> int:
        """Left behind."""
        return self.held[-1].tasks - self.held[0].tasks

    @property
    def descriptors(self) -> int:
        """Left behind."""
        return self.held[-1].descriptors - self.held[0].descriptors

    @property
    def bytes_a_session(self) -> float:
        """By which resident memory grew in the soak's second half, when it should not any more."""
        middle = len(self.held) // 2
        since = self.sessions * (len(self.held) - 1 - middle) / (len(self.held) - 1)
        return (self.held[-1].memory - self.held[middle].memory) / since


async def soak(
    host: Host, visit: Callable[[int], Awaitable[str]], warm_up: int, sessions: int
) -> Soak:
    """Have sessions come and go; `visit` is one, on a port, and gives its answer."""
    unanswered = await _let_in(host.port, visit, warm_up)
    held = [await _emptied(host)]
    for index in range(_ROUNDS):
        share = sessions * (index + 1) // _ROUNDS - sessions * index // _ROUNDS
        unanswered += await _let_in(host.port, visit, share)
        held.append(await _emptied(host))
    return Soak(sessions, warm_up, unanswered, held)


async def _let_in(port: int, visit: Callable[[int], Awaitable[str]], count: int) -> int:
    """So many visits. How many of them were not answered."""
    left, unanswered = count, 0

    async def come() -> None:
        nonlocal left, unanswered
        while left:
            left -= 1
            if not await visit(port):
                unanswered += 1

    async with anyio.create_task_group() as group:
        for _ in range(min(AT_ONCE, count)):
            group.start_soon(come)
    return unanswered


async def _emptied(host: Host) -> Census:
    """What is held once all sessions are over."""
    for _ in range(_LOOKS):
        if not (await host.census()).sessions:
            break
        await anyio.sleep(_LOOK_S)
    await anyio.sleep(_CLEANING_S)
    return await host.census(collect=True)


if __name__ == "__main__":
    anyio.run(host, msgspec.json.decode(sys.argv[1], type=Hosting))
