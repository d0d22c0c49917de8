"""The load generator: many callers in one thread, and the process that they call.

A plain selector loop, not the event loop of the engine: what measures should be lighter than what
is measured.
"""

from __future__ import annotations

import gc
import heapq
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vivavoce.bench.caller import Caller
from vivavoce.bench.serving import Serving
from vivavoce.core.audio import FRAME_S
from vivavoce.core.errors import ConfigError, VivavoceError

__all__ = ["Load", "apply_load", "pinned", "processor_s", "resident_bytes"]

_SETTLED_S = 4.0  # by then every caller has begun; the processor time counts from there
_READ_BYTES = 1 << 16
_HANG_UP_S = 30.0  # after the callers should stop; past it a session hangs


@dataclass(frozen=True, slots=True)
class Load:
    """What the processes spent (s, bytes), and how late they were (s).

    `core_share` is the serving process's processor time per second, over all its sessions.
    """

    core_share: float
    memory: int
    loop_lag_p50: float
    loop_lag_p95: float
    loop_lag_max: float
    send_lags: Sequence[float]
    unfinished: int


def apply_load(callers: Sequence[Caller], serving: Serving) -> Load:
    """Let the callers talk to a fresh process, until they are done.

    The process has one core for itself where there are two. Raises ConfigError where cores cannot
    be assigned, VivavoceError when the process cannot serve.
    """
    if sys.platform != "linux":
        raise ConfigError("this benchmark assigns cores and reads /proc, so it needs Linux")
    cores = sorted(os.sched_getaffinity(0))
    with pinned(cores[0]), _process(serving, cores[-1]) as process:
        port = _first_line(process)
        lags, usage, unfinished = _Exchange(callers, port, process.pid).run()
        process.terminate()
        assert process.stdout is not None
        told = json.loads(process.stdout.readline() or "{}")
    if not told:
        raise VivavoceError("the serving process failed; its message stands above")
    return Load(*usage, told["lag_p50"], told["lag_p95"], told["lag_p100"], lags, unfinished)


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Runs this process on one core, without the pauses of the garbage collector."""
    before = os.sched_getaffinity(0)
    collects = gc.isenabled()
    os.sched_setaffinity(0, {core})
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
        if collects:
            gc.enable()


@contextmanager
def _process(serving: Serving, core: int) -> Iterator[subprocess.Popen[str]]:
    command = [
        sys.executable,
        "-m",
        "vivavoce.bench.serving",
        msgspec.json.encode(serving).decode(),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {core})  # before it has any threads, which inherit it
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _first_line(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise VivavoceError("the serving process did not start; its message stands above")
    return int(line)


class _Exchange:
    """Carries bytes between the callers and the port, each caller in its own rhythm."""

    def __init__(self, callers: Sequence[Caller], port: int, pid: int) -> None:
        self._callers = callers
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self._due: list[tuple[float, int]] = []
        self._pid = pid
        for index, caller in enumerate(callers):
            link = socket.create_connection(("127.0.0.1", port))
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.setblocking(False)
            self._sockets.append(link)
            self._selector.register(link, selectors.EVENT_READ, index)
            heapq.heappush(self._due, (caller.begin(time.monotonic()), index))

    def run(self) -> tuple[list[float], tuple[float, int], int]:
        """Until all have hung up: how late each frame was sent, usage, and sessions that hung."""
        lags: list[float] = []
        stop_at = min(caller.stop_at for caller in self._callers)
        open_until = stop_at + _HANG_UP_S
        begins_at = min(time.monotonic() + _SETTLED_S, stop_at - 1.0)
        began: tuple[float, float] | None = None
        usage: tuple[float, int] | None = None
        while self._selector.get_map() and (now := time.monotonic()) < open_until:
            if began is None and now >= begins_at:
                began = now, processor_s(self._pid)
            elif began is not None and usage is None and now >= stop_at:
                spent = processor_s(self._pid) - began[1]
                usage = spent / (now - began[0]), resident_bytes(self._pid)
            self._read(max(0.0, self._due[0][0] - now) if self._due else FRAME_S)
            self._send(lags)
        unfinished = len(self._selector.get_map())
        for link in self._sockets:
            link.close()
        self._selector.close()
        if usage is None:
            raise VivavoceError("the serving process lost its callers; its message stands above")
        return lags, usage, unfinished

    def _read(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            index: int = key.data
            link = self._sockets[index]
            try:
                data = link.recv(_READ_BYTES)
            except ConnectionError:
                data = b""
            caller = self._callers[index]
            back = caller.take(data, time.monotonic())
            if back:
                link.send(back)
            if not data or caller.conversation is not None:
                self._selector.unregister(link)
                link.close()

    def _send(self, lags: list[float]) -> None:
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            due, index = heapq.heappop(self._due)
            link = self._sockets[index]
            if link.fileno() < 0:
                continue
            data = self._callers[index].tick(due, now)
            if data and link.send(data) < len(data):
                raise VivavoceError("a session has not read its audio for many seconds")
            lags.append(time.monotonic() - due)
            heapq.heappush(self._due, (due + FRAME_S, index))
            now = time.monotonic()


def processor_s(pid: int) -> float:
    """Processor time of the process, all its threads, user and system (proc(5), fields 14, 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Resident bytes now (proc(5))."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
