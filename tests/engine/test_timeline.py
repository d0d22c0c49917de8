"""Where audio's own clock and the loop's meet."""

from __future__ import annotations

from functools import partial

import anyio
import numpy as np
import pytest

from vivavoce.core.audio import AudioFrame
from vivavoce.engine.clock import VirtualClockLoop, computing, run_virtual
from vivavoce.engine.timeline import STALE_S, Timeline

pytestmark = pytest.mark.anyio


def frame(start: float, duration: float = 0.02) -> AudioFrame:
    return AudioFrame(np.zeros(round(duration * 16000), np.int16), 16000, start)


async def test_audio_is_placed_so_that_the_least_delayed_frame_ends_as_it_arrives() -> None:
    timeline = Timeline()
    await anyio.sleep_until(1.10)  # 80 ms late
    assert timeline.place(frame(0.00)).start == pytest.approx(1.08)
    await anyio.sleep_until(1.11)  # 70 ms late
    assert timeline.place(frame(0.02)).start == pytest.approx(1.10)  # never before what was
    await anyio.sleep_until(1.30)
    assert timeline.place(frame(0.04)).start == pytest.approx(
        1.12, abs=1e-3
    )  # jitter moves nothing
    assert timeline.heard_until == pytest.approx(1.14, abs=1e-3)


async def test_a_pause_of_the_source_moves_what_follows_it() -> None:
    timeline = Timeline()
    await anyio.sleep_until(1.0)
    timeline.place(frame(0.0))
    await anyio.sleep_until(3.0)
    assert timeline.place(frame(0.02)).end == pytest.approx(3.0)


async def test_a_source_that_runs_slow_is_followed() -> None:
    timeline = Timeline()
    for number in range(1, 5001):  # 100 s at half a thousandth too slow
        await anyio.sleep_until(number * 0.02 * 1.0005)
        timeline.place(frame((number - 1) * 0.02))
    assert timeline.heard_until == pytest.approx(timeline.now(), abs=0.002)


async def test_the_floor_s_time_is_the_audio_s_and_then_the_loop_s() -> None:
    timeline = Timeline()
    await anyio.sleep_until(1.0)
    timeline.place(frame(0.0))
    await anyio.sleep(STALE_S / 2)
    assert timeline.floor_time() == pytest.approx(1.0)
    await anyio.sleep(STALE_S)
    assert timeline.floor_time() == pytest.approx(timeline.now())


async def test_another_transport_has_another_clock_and_time_goes_on() -> None:
    timeline = Timeline()
    await anyio.sleep_until(5.0)
    timeline.place(frame(4.98))
    timeline.reset()
    await anyio.sleep_until(5.1)
    assert timeline.place(frame(0.0)).end == pytest.approx(5.1)


def test_virtual_time_costs_none_and_computing_is_charged() -> None:
    async def measure(compute: bool) -> float:
        start = anyio.current_time()
        await anyio.sleep(3600)
        with computing():
            if compute:
                await anyio.to_thread.run_sync(sum, range(10**5))
            with computing():
                pass
        return anyio.current_time() - start

    assert run_virtual(measure, False) == pytest.approx(3600, abs=1)
    assert run_virtual(measure, True) > 3600


async def test_where_time_is_real_computing_charges_nothing() -> None:
    def real() -> None:
        async def main() -> None:
            with computing():
                await anyio.lowlevel.checkpoint()

        anyio.run(main)

    await anyio.to_thread.run_sync(real)


def test_a_virtual_clock_waits_for_threads_without_moving() -> None:
    async def main() -> float:
        await anyio.to_thread.run_sync(partial(sum, range(10**5)))
        return anyio.current_time()

    assert run_virtual(main) == 0.0
    loop = VirtualClockLoop()
    loop.jump(-5.0)
    assert loop.time() == 0.0
    loop.close()
