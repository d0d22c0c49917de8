"""Lanes: work in threads that can be left at any time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager

import anyio
import pytest

from vivavoce.core.errors import ProviderUnavailable
from vivavoce.providers.local.runtime import Lane, Runtime, Threads

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lane() -> AsyncIterator[Lane]:
    lane = Lane("test")
    yield lane
    assert await lane.aclose()


class Gate:
    """A call that waits, in its thread, until it is let through."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def pass_through(self, value: int) -> int:
        self.entered.set()
        assert self.open.wait(10)
        return value

    async def wait_until_entered(self) -> None:
        assert await anyio.to_thread.run_sync(self.entered.wait, 10)


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.lowlevel.checkpoint()


async def test_run_returns_what_the_function_returns(lane: Lane) -> None:
    assert await lane.run(divmod, 7, 3) == (2, 1)
    assert lane.statistics().jobs == 1


async def test_run_raises_what_the_function_raises(lane: Lane) -> None:
    with pytest.raises(ZeroDivisionError):
        await lane.run(divmod, 7, 0)
    assert not lane.busy


async def test_cancelling_returns_while_the_thread_still_works(lane: Lane) -> None:
    gate = Gate()
    async with anyio.create_task_group() as group:
        group.start_soon(lane.run, gate.pass_through, 1)
        await gate.wait_until_entered()
        group.cancel_scope.cancel()
    assert lane.busy  # the block was left, the thread was not
    gate.open.set()
    await until(lambda: not lane.busy)


async def test_the_place_is_free_only_when_the_abandoned_thread_is_done(lane: Lane) -> None:
    gate, after = Gate(), threading.Event()
    async with anyio.create_task_group() as abandoned:
        abandoned.start_soon(lane.run, gate.pass_through, 1)
        await gate.wait_until_entered()
        abandoned.cancel_scope.cancel()
    async with anyio.create_task_group() as group:
        group.start_soon(lane.run, after.set)
        await until(lambda: lane.statistics().queued == 1)
        assert not after.is_set()
        gate.open.set()
    assert after.is_set()


async def test_work_cancelled_while_it_queues_never_runs(lane: Lane) -> None:
    gate, ran = Gate(), threading.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(lane.run, gate.pass_through, 1)
        await gate.wait_until_entered()
        async with anyio.create_task_group() as queued:
            queued.start_soon(lane.run, ran.set)
            await until(lambda: lane.statistics().queued == 1)
            queued.cancel_scope.cancel()
        gate.open.set()
    await lane.run(int)  # it would have run before this
    assert not ran.is_set()


async def test_a_cancelled_scope_submits_nothing(lane: Lane) -> None:
    with anyio.CancelScope() as scope:
        scope.cancel()
        await lane.run(int)
    assert lane.statistics().jobs == 0


async def test_closing_fails_what_queues_and_waits_for_what_runs() -> None:
    lane, gate = Lane("test"), Gate()
    results: list[object] = []

    async def queued() -> None:
        with pytest.raises(ProviderUnavailable):
            await lane.run(int)
        results.append("refused")

    async def running() -> None:
        results.append(await lane.run(gate.pass_through, 1))

    async with anyio.create_task_group() as group:
        group.start_soon(running)
        await gate.wait_until_entered()
        group.start_soon(queued)
        await until(lambda: lane.statistics().queued == 1)
        assert not await lane.aclose(within=0)
        gate.open.set()
        assert await lane.aclose()
    assert results == [1, "refused"]
    with pytest.raises(ProviderUnavailable):
        await lane.run(int)


async def test_a_lane_serves_one_event_loop_after_another() -> None:
    lane = Lane("test")

    def in_a_loop_of_its_own() -> int:
        return asyncio.run(lane.run(abs, -1))

    assert await anyio.to_thread.run_sync(in_a_loop_of_its_own) == 1
    assert await lane.run(abs, -2) == 2
    await lane.aclose()


# --- streams --------------------------------------------------------------------------------------


def count(emit: Callable[[int], None], stopped: Callable[[], bool]) -> None:
    """All numbers, until nobody listens."""
    number = 0
    while not stopped():
        emit(number)
        number += 1


async def test_a_stream_gives_items_in_order_and_ends(lane: Lane) -> None:
    def produce(emit: Callable[[int], None], _: Callable[[], bool]) -> None:
        for number in range(1000):
            emit(number)

    async with lane.stream(produce, bound=3) as items:
        assert [item async for item in items] == list(range(1000))


async def test_a_stream_raises_after_the_items_that_came_before(lane: Lane) -> None:
    def produce(emit: Callable[[int], None], _: Callable[[], bool]) -> None:
        emit(1)
        raise ZeroDivisionError

    async with lane.stream(produce) as items:
        assert await anext(items) == 1
        with pytest.raises(ZeroDivisionError):
            await anext(items)


async def test_leaving_a_stream_early_stops_a_producer_that_waits(lane: Lane) -> None:
    async with lane.stream(count, bound=2) as items:
        async for item in items:
            if item == 5:
                break
    await until(lambda: not lane.busy)


async def test_leaving_a_stream_does_not_wait_for_its_thread(lane: Lane) -> None:
    gate = Gate()

    def produce(emit: Callable[[int], None], _: Callable[[], bool]) -> None:
        emit(gate.pass_through(1))

    async with lane.stream(produce):
        await gate.wait_until_entered()
    assert lane.busy
    gate.open.set()
    await until(lambda: not lane.busy)


@pytest.mark.parametrize("steps", range(12))
async def test_a_stream_cancelled_after_any_step_frees_the_lane(lane: Lane, steps: int) -> None:
    async def consume() -> None:
        async with lane.stream(count, bound=1) as items:
            async for _ in items:
                await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(consume)
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    await until(lambda: not lane.busy)


async def test_closing_a_lane_stops_its_streams() -> None:
    lane = Lane("test")
    async with lane.stream(count, bound=1) as items:
        assert await anext(aiter(items)) == 0
        assert await lane.aclose()


# --- virtual time ---------------------------------------------------------------------------------


class CountingLoop(asyncio.SelectorEventLoop):
    """A loop that notes whether somebody computes."""

    depth = 0
    entered = 0

    @contextmanager
    def computing(self) -> Iterator[None]:
        self.depth += 1
        self.entered += 1
        try:
            yield
        finally:
            self.depth -= 1


def run_on(
    loop: CountingLoop, main: Callable[[CountingLoop, Lane], Coroutine[object, object, None]]
) -> None:
    lane = Lane("test")

    async def body() -> None:
        await main(loop, lane)
        await lane.aclose()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(body())


def test_a_call_is_charged_from_submission_to_completion() -> None:
    async def main(loop: CountingLoop, lane: Lane) -> None:
        gate = Gate()
        async with anyio.create_task_group() as group:
            group.start_soon(lane.run, gate.pass_through, 1)
            await gate.wait_until_entered()
            assert loop.depth == 1
            gate.open.set()
        assert loop.depth == 0

    run_on(CountingLoop(), main)


def test_a_stream_is_not_charged_while_it_waits_for_its_reader() -> None:
    async def main(loop: CountingLoop, lane: Lane) -> None:
        async with lane.stream(count, bound=2) as items:
            reader = aiter(items)
            for expected in range(20):
                await until(lambda: loop.depth == 0)  # full: the producer waits
                assert await anext(reader) == expected
        assert loop.depth == 0
        assert loop.entered > 1

    run_on(CountingLoop(), main)


# --- runtime --------------------------------------------------------------------------------------


async def test_a_model_is_loaded_once_for_all_who_ask() -> None:
    loads = []

    def load() -> object:
        loads.append(1)
        return object()

    async with Runtime(2) as runtime:
        found: list[object] = []

        async def ask() -> None:
            found.append(await runtime.load("key", load))

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)
    assert len(loads) == 1
    assert len(set(map(id, found))) == 1


async def test_cancelling_one_who_waits_for_a_model_does_not_stop_the_others() -> None:
    gate = Gate()
    async with Runtime(2) as runtime:
        found = []

        async def ask() -> None:
            found.append(await runtime.load("key", lambda: gate.pass_through(7)))

        async with anyio.create_task_group() as group:
            async with anyio.create_task_group() as hasty:
                hasty.start_soon(ask)
                await gate.wait_until_entered()
                group.start_soon(ask)
                hasty.cancel_scope.cancel()
            gate.open.set()
    assert found == [7]


async def test_a_load_that_failed_is_tried_again() -> None:
    answers = iter((ZeroDivisionError(), 7))

    def load() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with Runtime(2) as runtime:
        with pytest.raises(ZeroDivisionError):
            await runtime.load("key", load)
        assert await runtime.load("key", load) == 7


async def test_closing_the_runtime_frees_its_models() -> None:
    freed: list[int] = []
    async with Runtime(2) as runtime:
        await runtime.load("key", lambda: 7, freed.append)
        assert not freed
    assert freed == [7]


def test_two_cores_leave_both_to_the_language_model_and_one_to_each_other() -> None:
    assert Threads.for_cores(2) == Threads(stt=1, llm=2, tts=1, onnx=1)
    assert Threads.for_cores(1) == Threads(stt=1, llm=1, tts=1, onnx=1)
