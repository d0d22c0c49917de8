"""Bounded streams, and closing what belongs to others."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.engine.broken import Unlucky
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import SpeechStarted
from vivavoce.engine.closing import CLOSE_S, closing, leased
from vivavoce.engine.failures import describe, first_error, unwrapped
from vivavoce.engine.listeners import Listener, Listeners
from vivavoce.engine.streams import Full, Statistics, Stream

pytestmark = pytest.mark.anyio


# --- streams ------------------------------------------------------------------------------------


async def test_items_come_out_in_order_until_the_stream_is_closed() -> None:
    stream: Stream[int] = Stream(3)
    for number in range(3):
        await stream.send(number)
    stream.close()
    assert [item async for item in stream] == [0, 1, 2]
    assert stream.statistics() == Statistics(load=0.0, bound=3, dropped=0, taken=3)


async def test_a_full_stream_makes_every_sender_wait() -> None:
    stream: Stream[int] = Stream(2)
    sent: list[int] = []

    async def send(number: int) -> None:
        await stream.send(number)
        sent.append(number)

    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(send, number)
        await anyio.sleep(1)
        assert sent == [0, 1]
        assert [await anext(stream) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert sorted(sent) == [0, 1, 2, 3, 4]


async def test_a_consumer_waits_for_the_next_item() -> None:
    stream: Stream[str] = Stream(1)
    async with anyio.create_task_group() as group:
        group.start_soon(stream.send, "late")
        assert await anext(stream) == "late"


async def test_a_closed_stream_takes_nothing() -> None:
    stream: Stream[int] = Stream(1)
    await stream.send(1)
    async with anyio.create_task_group() as group:

        async def send() -> None:
            with pytest.raises(TransportClosed):
                await stream.send(2)

        group.start_soon(send)
        await anyio.sleep(1)
        stream.close()
    assert not stream.put(3)
    assert [item async for item in stream] == [1]


async def test_the_oldest_are_dropped_and_counted_by_weight() -> None:
    stream: Stream[float] = Stream(1.0, Full.DROP_OLDEST, lambda item: item)
    assert stream.put(0.5)
    assert stream.put(0.5)
    assert not stream.put(0.75)
    assert stream.statistics() == Statistics(load=0.75, bound=1.0, dropped=2, taken=0)
    assert not stream.put(5.0)  # one item always fits into an empty stream
    assert await anext(stream) == 5.0


async def test_a_lossless_stream_is_closed_at_its_bound_and_says_so() -> None:
    stream: Stream[int] = Stream(1, Full.CLOSE)
    async with anyio.create_task_group() as group:
        group.start_soon(stream.overflowed)
        assert stream.put(1)
        assert not stream.put(2)
    assert stream.statistics().dropped == 1
    assert [item async for item in stream] == [1]


async def test_what_is_put_past_the_bound_of_a_waiting_stream_is_waited_for() -> None:
    stream: Stream[int] = Stream(1)
    assert stream.put(1)
    assert stream.put(2)
    settled = anyio.Event()

    async def wait() -> None:
        await stream.within_bound()
        settled.set()

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await anyio.sleep(1)
        assert not settled.is_set()
        await anext(stream)
        await settled.wait()


# --- listeners ----------------------------------------------------------------------------------


async def test_a_watcher_misses_the_oldest_and_a_ledger_nothing() -> None:
    listeners = Listeners()
    with listeners.listen() as watcher, listeners.listen(Listener.LEDGER) as ledger:
        for number in range(300):
            listeners.emit(SpeechStarted(number))
        listeners.close()
        assert [event.at async for event in watcher] == list(range(44, 300))
        assert watcher.statistics().dropped == 44
        assert [event.at async for event in ledger] == list(range(300))


async def test_a_ledger_that_is_behind_is_waited_for_and_a_watcher_is_not() -> None:
    listeners = Listeners()
    with listeners.listen() as watcher, listeners.listen(Listener.LEDGER) as ledger:
        for number in range(4097):
            listeners.emit(SpeechStarted(number))
        with anyio.move_on_after(1) as scope:
            await listeners.settled()
        assert scope.cancelled_caught
        await anext(ledger)
        await listeners.settled()
        assert watcher.statistics().load == 256


# --- closing ------------------------------------------------------------------------------------


class Log(list[str]):
    async def generate(self, clean_up: float = 0.0) -> AsyncIterator[int]:
        try:
            with anyio.CancelScope():  # a provider may hold scopes of its own
                yield 1
                yield 2
        finally:
            await anyio.sleep(clean_up)
            self.append("closed")

    @asynccontextmanager
    async def manage(self, clean_up: float = 0.0) -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await anyio.sleep(clean_up)
            self.append("closed")

    @asynccontextmanager
    async def manage_tasks(self) -> AsyncIterator[int]:
        async with anyio.create_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            yield 1
            group.cancel_scope.cancel()
        self.append("closed")


async def test_a_generator_is_closed_in_place_also_when_cancelled() -> None:
    log = Log()
    with anyio.move_on_after(1) as scope:
        async with closing(log.generate(clean_up=0.3)) as items:
            assert await anext(items) == 1
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert log == ["closed"]


async def test_what_is_no_generator_needs_no_closing() -> None:
    stream: Stream[int] = Stream(1)
    async with closing(aiter(stream)) as items:
        assert items is stream


async def test_a_lease_ends_with_the_task_group_inside_it() -> None:
    log = Log()
    async with leased(log.manage_tasks()) as value:
        assert value == 1
    assert log == ["closed"]
    with anyio.move_on_after(1) as scope:
        async with leased(log.manage_tasks()):
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_cancelled_lease_has_time_to_end() -> None:
    log = Log()
    with anyio.move_on_after(1) as scope:
        async with leased(log.manage(clean_up=0.3)):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert log == ["closed"]
    assert anyio.current_time() == pytest.approx(1.3)


async def test_a_provider_that_swallows_the_cancellation_does_not_stop_it() -> None:
    @asynccontextmanager
    async def swallowing() -> AsyncIterator[None]:
        try:
            yield
        except anyio.get_cancelled_exc_class():
            pass

    @asynccontextmanager
    async def forgiving() -> AsyncIterator[None]:
        with contextlib.suppress(Unlucky):
            yield

    async def fail() -> None:
        async with leased(forgiving()):
            raise Unlucky

    await fail()
    reached: list[str] = []
    with anyio.move_on_after(1):
        async with leased(swallowing()):
            await anyio.sleep_forever()
        reached.append("here")
    assert reached == []


async def test_a_close_that_hangs_is_given_up() -> None:
    log = Log()
    with anyio.move_on_after(1) as scope:
        async with leased(log.manage(clean_up=1e6)):
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert anyio.current_time() == pytest.approx(1 + CLOSE_S)
    async with leased(log.manage(clean_up=1e6)):
        pass
    assert anyio.current_time() == pytest.approx(1 + 2 * CLOSE_S)
    assert log == []


async def test_an_error_survives_a_close_that_hangs() -> None:
    async def fail() -> None:
        async with closing(Log().generate(clean_up=1e6)) as items:
            await anext(items)
            raise Unlucky

    with pytest.raises(Unlucky):
        await fail()


# --- errors -------------------------------------------------------------------------------------


def test_the_first_error_of_nested_groups_is_told_by_its_kind_alone() -> None:
    nested = ExceptionGroup("", [ExceptionGroup("", [ValueError("what the user said")])])
    assert isinstance(first_error(nested), ValueError)
    assert describe(nested) == "ValueError"
    assert describe(ExceptionGroup("", [TransportClosed("gone")])) == "gone"


def test_our_own_errors_are_raised_as_themselves_and_others_in_their_group() -> None:
    with pytest.raises(TransportClosed), unwrapped():
        raise ExceptionGroup("", [TransportClosed("gone")])
    with pytest.raises(ExceptionGroup), unwrapped():
        raise ExceptionGroup("", [ValueError()])
