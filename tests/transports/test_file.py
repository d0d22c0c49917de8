"""The file transport, on a clock that jumps."""

from __future__ import annotations

import io
import resource
import sys
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import pytest

from vivavoce.audio.wav import WavWriter
from vivavoce.core.audio import FRAME_S, AudioFrame, Samples
from vivavoce.core.errors import AudioError, LocalProtocolError, TransportClosed
from vivavoce.core.events import SpeechStarted
from vivavoce.core.protocols import Control, InputClosed, Played, Transport
from vivavoce.transports.file import FileTransport

pytestmark = pytest.mark.anyio

RATE = 24000
FRAME = round(FRAME_S * RATE)
NOTHING = bytes.fromhex(  # a WAV header, and no sample behind it
    "524946462400000057415645666d7420100000000100010080bb000000770100020010006461746100000000"
)


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """One second of a rising ramp at 16 kHz."""
    path = tmp_path / "question.wav"
    with WavWriter(path, 16000) as writer:
        writer.write(np.arange(16000, dtype=np.int16))
    return path


def speech(seconds: float, value: int = 1000, start: float = 0.0) -> list[AudioFrame]:
    """Frames of 20 ms of one loudness, positions counted from `start`."""
    samples = np.full(FRAME, value, np.int16)
    return [
        AudioFrame(samples, RATE, start + index * FRAME_S)
        for index in range(round(seconds / FRAME_S))
    ]


def heard_in(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert file.getframerate() == RATE
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def parts_in(folder: Path) -> list[Path]:
    return list(folder.glob("*.part"))


class Listener:
    """Everything a transport gave, with the time at which it did."""

    def __init__(self, transport: FileTransport) -> None:
        self.transport = transport
        self.frames: list[tuple[float, AudioFrame]] = []
        self.played: list[tuple[float, Played]] = []
        self.closed: list[float] = []
        self.done = anyio.Event()

    async def listen(self) -> None:
        started = anyio.current_time()
        async for item in self.transport.receive():
            now = anyio.current_time() - started
            match item:
                case AudioFrame():
                    self.frames.append((now, item))
                case Played():
                    self.played.append((now, item))
                case InputClosed():
                    self.closed.append(now)
                case _:
                    pytest.fail(f"unexpected {item}")
        self.done.set()


async def send_all(transport: FileTransport, turn: str, frames: list[AudioFrame]) -> None:
    for frame in frames:
        await transport.send(turn, frame)


def is_final(report: Played, turn: str, position: float) -> bool:
    return report == Played(turn, report.position, final=True) and (
        report.position == pytest.approx(position, abs=1e-3)
    )


def as_transport(transport: FileTransport) -> Transport:
    return transport


async def test_each_frame_comes_when_its_last_sample_is_spoken(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await anyio.sleep(3)
        tasks.cancel_scope.cancel()
    assert [at for at, _ in listener.frames] == pytest.approx(
        [FRAME_S * (index + 1) for index in range(50)], abs=1e-6
    )
    assert np.concatenate([frame.samples for _, frame in listener.frames]).tolist() == list(
        range(16000)
    )
    assert listener.closed == [pytest.approx(1.0)]


async def test_a_long_source_comes_whole_in_order_and_in_time(tmp_path: Path) -> None:
    samples = np.arange(16 * 16000, dtype=np.uint16).view(np.int16)
    with WavWriter(tmp_path / "long.wav", 16000) as writer:
        writer.write(samples)
    async with (
        FileTransport(tmp_path / "long.wav") as transport,
        anyio.create_task_group() as tasks,
    ):
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await anyio.sleep(17)
        tasks.cancel_scope.cancel()
    received = np.concatenate([frame.samples for _, frame in listener.frames])
    assert received.tolist() == samples.tolist()
    # Reading ahead takes real time, which this clock then follows, but no frame waits for it.
    assert [at - frame.end for at, frame in listener.frames] == pytest.approx([0] * 800, abs=0.01)
    assert listener.closed == [pytest.approx(16, abs=0.01)]


async def test_a_pipe_is_spoken_as_it_comes(
    question: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = io.BufferedReader(io.BytesIO(await anyio.Path(question).read_bytes()))
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
    async with FileTransport("-") as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await anyio.sleep(2)
        tasks.cancel_scope.cancel()
    assert len(listener.frames) == 50
    assert listener.closed
    assert not pipe.closed


async def test_a_pipe_without_samples_fails_when_received(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BufferedReader(io.BytesIO(NOTHING))
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
    async with FileTransport("-") as transport:
        with pytest.raises(AudioError, match="holds no audio"):
            await anext(transport.receive())


async def test_receiving_ends_when_the_transport_closes(question: Path) -> None:
    async with anyio.create_task_group() as tasks:
        async with FileTransport(question) as transport:
            listener = Listener(transport)
            tasks.start_soon(listener.listen)
            await anyio.sleep(1.5)
            assert listener.closed
            assert not listener.done.is_set()
        with anyio.fail_after(1):
            await listener.done.wait()
    with pytest.raises(TransportClosed):
        await transport.send("t1", speech(0.02)[0])


async def test_what_was_played_is_reported_at_least_ten_times_a_second(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await anyio.sleep(0.513)
        await send_all(transport, "t1", speech(1.0))
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
    times = [at for at, _ in listener.played]
    assert times[0] <= 0.62
    assert max(np.diff(times)) <= 0.1 + 1e-6
    assert [report.final for _, report in listener.played] == [False] * (len(times) - 1) + [True]
    at, last = listener.played[-1]
    assert last.position == pytest.approx(1.0)
    assert at == pytest.approx(1.513)
    for at, report in listener.played:
        assert report.position == pytest.approx(at - 0.513, abs=1e-4)


async def test_reports_do_not_delay_frames(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await anyio.sleep(0.137)
        await send_all(transport, "t1", speech(0.5))
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
    assert max(at - frame.end for at, frame in listener.frames) < 1e-6
    assert len(listener.frames) == 50


async def test_sending_runs_at_most_200_ms_ahead(question: Path) -> None:
    async with FileTransport(question) as transport:
        started = anyio.current_time()
        ahead = []
        for index, frame in enumerate(speech(1.0)):
            await transport.send("t1", frame)
            ahead.append((index + 1) * FRAME_S - (anyio.current_time() - started))
        assert max(ahead) == pytest.approx(0.2)
        assert anyio.current_time() - started == pytest.approx(0.8)


async def test_a_frame_longer_than_the_queue_waits_for_silence(question: Path) -> None:
    long = AudioFrame(np.ones(RATE, np.int16), RATE, 0.02)
    async with FileTransport(question) as transport:
        await transport.send("t1", speech(0.02)[0])
        started = anyio.current_time()
        await transport.send("t1", long)
        assert anyio.current_time() - started == pytest.approx(0.02)


async def test_clearing_silences_at_once_and_says_what_was_heard(
    question: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.wav"
    async with FileTransport(question, answer) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await send_all(transport, "t1", speech(0.4))
        await anyio.sleep(0.05)  # 0.25 s have sounded
        await transport.clear()
        await anyio.sleep(0.01)
        assert is_final(listener.played[-1][1], "t1", 0.25)
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
    assert len(heard_in(answer)) == pytest.approx(0.25 * RATE, abs=1)


async def test_clearing_wakes_a_sender_that_waits(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        await send_all(transport, "t1", speech(0.2))
        tasks.start_soon(transport.send, "t2", speech(0.02)[0])
        await anyio.wait_all_tasks_blocked()
        await transport.clear()
        with anyio.fail_after(0.001):
            await anyio.wait_all_tasks_blocked()
        assert not tasks.cancel_scope.cancel_called


async def test_clearing_repeats_the_last_word_when_nothing_is_left(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await transport.clear()
        await transport.send("t1", speech(0.02)[0])
        await anyio.sleep(1)
        await transport.clear()
        await anyio.sleep(1)
        tasks.cancel_scope.cancel()
    assert [report.final for _, report in listener.played] == [True, True]
    assert is_final(listener.played[1][1], "t1", 0.02)


async def test_clearing_what_was_never_heard_reports_its_beginning(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await transport.send("t1", speech(0.02)[0])
        await transport.send("t2", speech(0.02, start=3.5)[0])
        await transport.clear()
        await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()
    assert [report for _, report in listener.played] == [
        Played("t2", 3.5, final=True),
        Played("t1", 0.0, final=True),
    ]


async def test_a_turn_that_starves_goes_on_when_more_of_it_comes(question: Path) -> None:
    async with FileTransport(question) as transport, anyio.create_task_group() as tasks:
        listener = Listener(transport)
        tasks.start_soon(listener.listen)
        await transport.send("t1", speech(0.02)[0])
        await anyio.sleep(0.5)
        await transport.send("t1", speech(0.02, start=0.02)[0])
        await anyio.sleep(0.5)
        tasks.cancel_scope.cancel()
    finals = [report.position for _, report in listener.played if report.final]
    assert finals == pytest.approx([0.02, 0.04])


async def test_the_answer_holds_what_was_heard_with_short_pauses_between_turns(
    question: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.wav"
    async with FileTransport(question, answer) as transport:
        await anyio.sleep(2)
        await send_all(transport, "t1", speech(0.1, 1))
        await anyio.sleep(1.1)  # 1 s of silence within the turn
        await send_all(transport, "t1", speech(0.1, 2, start=0.1))
        await anyio.sleep(5)
        await send_all(transport, "t2", speech(0.1, 3))
        await anyio.sleep(0.2)
        await send_all(transport, "t3", speech(0.1, 4))
        await anyio.sleep(0.1)
    heard = heard_in(answer)
    runs = np.flatnonzero(np.diff(heard)) + 1
    parts = [(int(part[0]), len(part) / RATE) for part in np.split(heard, runs)]
    assert [value for value, _ in parts] == [1, 0, 2, 0, 3, 0, 4]
    assert [length for _, length in parts] == pytest.approx(
        [0.1, 1.0, 0.1, 0.5, 0.1, 0.1, 0.1], abs=1e-3
    )


async def test_a_long_answer_reaches_the_disk_before_the_end(
    question: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.wav"
    async with FileTransport(question, answer) as transport:
        await send_all(transport, "t1", speech(5.0))
        part = tmp_path / "answer.wav.part"
        assert len(heard_in(part)) >= 4 * RATE
        assert not answer.exists()
    assert len(heard_in(answer)) >= 4.7 * RATE
    assert not part.exists()


async def test_a_disk_that_is_full_already_is_told_at_once(question: Path, tmp_path: Path) -> None:
    (tmp_path / "answer.wav.part").symlink_to("/dev/full")
    with pytest.raises(AudioError, match="no space left"):
        async with FileTransport(question, tmp_path / "answer.wav"):
            pytest.fail("the header already has no place")


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process grows past 100 kB; 2 s of answer are 96 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
async def test_a_disk_that_fills_up_is_told_at_the_end(question: Path, tmp_path: Path) -> None:
    reached = False

    async def talk() -> None:
        nonlocal reached
        async with FileTransport(question, tmp_path / "answer.wav") as transport:
            await send_all(transport, "t1", speech(9.0))
            reached = True

    with pytest.raises(AudioError, match="File too large"):
        await talk()
    assert reached
    assert len(heard_in(tmp_path / "answer.wav.part"))


@pytest.mark.usefixtures("small_disk")
async def test_a_full_disk_does_not_hide_what_else_failed(question: Path, tmp_path: Path) -> None:
    async def talk() -> None:
        async with FileTransport(question, tmp_path / "answer.wav") as transport:
            await send_all(transport, "t1", speech(9.0))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await talk()


async def test_the_bodys_own_error_comes_out_as_it_is(question: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"

    async def talk() -> None:
        async with FileTransport(question, answer) as transport:
            await send_all(transport, "t1", speech(0.3))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await talk()
    assert len(heard_in(answer)) / RATE == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"no sound" * 40, "not audio in a known format"),
        (NOTHING, "holds no audio"),
    ],
)
async def test_a_source_that_is_not_audio_cannot_be_opened(content: bytes, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        async with FileTransport(content):
            pytest.fail("opened")


async def test_an_answer_that_cannot_be_written_is_told_at_once(
    question: Path, tmp_path: Path
) -> None:
    with pytest.raises(AudioError, match="No such file or directory"):
        async with FileTransport(question, tmp_path / "missing" / "answer.wav"):
            pytest.fail("opened")


async def test_another_sample_rate_is_the_senders_mistake(question: Path) -> None:
    async with FileTransport(question) as transport:
        with pytest.raises(LocalProtocolError, match="16000"):
            await transport.send("t1", AudioFrame(np.zeros(320, np.int16), 16000, 0.0))


async def test_events_are_taken_and_ignored(question: Path) -> None:
    async with FileTransport(question) as transport:
        await as_transport(transport).notify(SpeechStarted(0.0))
        assert transport.capabilities.reports_played
        assert transport.warnings == []


async def test_a_slow_listener_gets_merged_reports_and_all_frames(question: Path) -> None:
    async with FileTransport(question) as transport:
        source: AsyncIterator[AudioFrame | Control] = transport.receive()
        await anext(source)
        await send_all(transport, "t1", speech(0.5))
        await anyio.sleep(3)
        rest = [await anext(source) for _ in range(51)]
    assert isinstance(rest[0], Played)
    assert is_final(rest[0], "t1", 0.5)
    assert all(isinstance(item, AudioFrame) for item in rest[1:50])
    assert isinstance(rest[50], InputClosed)


async def converse(question: Path, answer: Path, patience: float) -> None:
    """A short talk with an interruption, cancelled so long after it began."""
    with anyio.CancelScope() as scope:
        async with FileTransport(question, answer) as transport, anyio.create_task_group() as tasks:
            scope.deadline = anyio.current_time() + patience
            tasks.start_soon(Listener(transport).listen)
            await send_all(transport, "t1", speech(2.5))
            await transport.clear()
            await send_all(transport, "t2", speech(0.3))
            await anyio.sleep(0.3)
            tasks.cancel_scope.cancel()


async def test_cancelling_at_any_moment_keeps_all_that_was_heard(
    question: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.wav"
    for index in range(60):
        await converse(question, answer, index * 0.05)
        # The queue runs dry at 2.6 s, and nothing else is awaited in real time.
        assert len(heard_in(answer)) / RATE == pytest.approx(min(index * 0.05, 2.6), abs=0.02)
    assert not parts_in(tmp_path)


async def step_limited(steps: int, action: Callable[[], Any]) -> None:
    """Run the action, and cancel it after so many turns of the loop."""

    async def cancel() -> None:
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancel)
        await action()
        tasks.cancel_scope.cancel()


async def test_cancelling_while_it_opens_or_closes_leaks_nothing(
    question: Path, tmp_path: Path
) -> None:
    async def open_and_close() -> None:
        async with FileTransport(question, tmp_path / "answer.wav"):
            pass

    for steps in range(60):
        await step_limited(steps, open_and_close)
    assert not parts_in(tmp_path)
