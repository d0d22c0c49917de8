from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from random import Random

import anyio
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver

from tests.transports.webrtc.client import LOOPBACK, Client, Send, call, pitch, tone
from vivavoce.core.audio import AudioFrame
from vivavoce.core.errors import (
    ConfigError,
    LocalProtocolError,
    TransportClosed,
)
from vivavoce.transports.webrtc import Peer, aiortc_seams, pulse
from vivavoce.transports.webrtc.texts import MAX_WAITING

pytestmark = pytest.mark.anyio

RATE = 24_000


async def say(peer: Peer, samples: np.ndarray, turn: str = "turn") -> None:
    for at in range(0, len(samples), 480):
        await peer.play(turn, AudioFrame(samples[at : at + 480], RATE, at / RATE))


async def listen(peer: Peer, duration: float) -> list[AudioFrame]:
    frames: list[AudioFrame] = []
    async for frame in peer.audio():
        frames.append(frame)
        if frame.end >= duration:
            break
    return frames


async def test_audio_goes_both_ways() -> None:
    client = Client(tone(440, 1.5))
    async with call(client) as peer, anyio.create_task_group() as tasks:
        tasks.start_soon(say, peer, tone(880, 1.0, RATE))
        frames = await listen(peer, 1.0)
        await client.until(lambda: len(client.packets) >= 60)
    samples = np.concatenate([frame.samples for frame in frames])
    assert {frame.sample_rate for frame in frames} == {48_000}
    assert pitch(samples[9600:]) == pytest.approx(440, abs=3)
    assert pitch(client.heard()[14_400:43_200]) == pytest.approx(880, abs=3)


@pytest.mark.parametrize("label", ["oai-events", "chat"])
async def test_texts_go_both_ways_over_whatever_channel_there_is(label: str) -> None:
    client = Client(label=label)
    async with call(client) as peer:
        peer.send_text("early")
        client.channel.on("open", lambda: client.channel.send("hello"))
        async for text in peer.texts():
            assert text == "hello"
            break
        peer.send_text("é" * 1000)
        await client.until(lambda: len(client.texts) == 2)
        assert client.texts == ["early", "é" * 1000]
        with pytest.raises(LocalProtocolError):
            peer.send_text("x" * 1_000_000)


async def test_a_peer_that_reads_no_texts_is_given_up() -> None:
    client = Client()
    try:
        peer, _ = await Peer.answer(await client.offer(), hosts=LOOPBACK)
        async with peer:
            peer.send_text("x" * (MAX_WAITING // 2))
            with pytest.raises(TransportClosed):
                peer.send_text("x" * (MAX_WAITING // 2))
            assert "wait" in await peer.closed()
    finally:
        await client.close()


async def test_clear_is_silent_within_sixty_milliseconds_of_audio() -> None:
    client = Client()
    async with call(client) as peer, anyio.create_task_group() as tasks:
        tasks.start_soon(say, peer, tone(880, 10.0, RATE))
        await client.until(lambda: len(client.packets) >= 30)
        heard = len(client.packets)
        tasks.cancel_scope.cancel()
        cut = peer.clear()
        assert peer.ahead == 0
        await client.until(lambda: len(client.packets) >= heard + 20)
    assert cut is not None
    turn, position = cut
    assert turn == "turn"
    assert position == pytest.approx(heard * 0.02, abs=0.1)
    loud = np.abs(client.heard()[heard * 960 :]) > 300
    assert np.flatnonzero(loud)[-1] / 48_000 <= 0.060 if loud.any() else True


async def test_what_waits_to_be_played_is_never_more_than_two_hundred_milliseconds() -> None:
    client = Client()
    async with call(client) as peer, anyio.create_task_group() as tasks:
        tasks.start_soon(say, peer, tone(880, 1.0, RATE))
        most = 0.0
        while len(client.packets) < 60:
            await client.change()
            most = max(most, peer.ahead)
        assert 0.1 < most <= 0.2 + 1e-9
        assert peer.ahead == 0
        assert peer.position is not None
        assert peer.position[0] == "turn"
        assert 0 < peer.position[1] <= 1.0


async def test_a_frame_that_waits_when_the_rest_is_cleared_is_dropped_with_it() -> None:
    client = Client()
    try:
        peer, _ = await Peer.answer(await client.offer(), hosts=LOOPBACK)
        async with peer, anyio.create_task_group() as tasks:
            tasks.start_soon(say, peer, tone(880, 0.22, RATE))
            await anyio.wait_all_tasks_blocked()
            assert peer.ahead == pytest.approx(0.2)
            peer.clear()
            await anyio.wait_all_tasks_blocked()
            assert peer.ahead == 0
    finally:
        await client.close()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.10])
async def test_loss_does_not_make_the_peers_voice_later(share: float) -> None:
    chance = Random(3)  # noqa: S311  # a lossy line, not a secret
    lost = 0

    async def network(datagram: bytes, send: Send) -> None:
        nonlocal lost
        if client.microphone.taken > 5 and chance.random() < share:
            lost += 1
        else:
            await send(datagram)

    client = Client(tone(440, 10.0), pace=4.0, network=network)
    behind: list[float] = []
    ends: list[float] = [0.0]
    async with call(client) as peer:
        async for frame in peer.audio():
            assert frame.start == pytest.approx(ends[-1])
            ends.append(frame.end)
            behind.append(client.microphone.taken * 0.02 - frame.end)
            if frame.end > 6.0:
                break
        statistics = peer.statistics()
    assert (lost > 0) == (share > 0)
    assert statistics.concealed == pytest.approx(lost * 0.02, abs=0.1)
    # The least of many, because a slow machine delays some; a backlog would delay them all.
    assert min(behind[-50:]) <= min(behind[:50]) + 0.02
    assert min(behind[-50:]) <= 0.04


async def test_reordered_and_doubled_packets_are_put_right() -> None:
    count = 0
    kept: list[bytes] = []

    async def network(datagram: bytes, send: Send) -> None:
        nonlocal count
        count += 1
        if count % 10 == 5:
            kept.append(datagram)
            return
        await send(datagram)
        await send(datagram)
        while kept:
            await send(kept.pop())

    client = Client(tone(440, 10.0), pace=4.0, network=network)
    async with call(client) as peer:
        frames = await listen(peer, 3.0)
        statistics = peer.statistics()
    assert statistics.concealed <= 0.2  # a slow machine may take longer than the hold
    samples = np.concatenate([frame.samples for frame in frames])
    assert pitch(samples[9600:]) == pytest.approx(440, abs=3)


async def test_a_peer_that_hangs_up_ends_everything() -> None:
    client = Client(tone(440, 1.0))
    async with call(client) as peer, anyio.create_task_group() as tasks:
        refused = anyio.Event()

        async def speak() -> None:
            with pytest.raises(TransportClosed):
                await say(peer, tone(880, 60.0, RATE))
            refused.set()

        tasks.start_soon(speak)
        await listen(peer, 0.2)
        await client.close()
        assert "closed" in await peer.closed()
        await refused.wait()
        assert [text async for text in peer.texts()] == []
        async for _ in peer.audio():
            pass
        with pytest.raises(TransportClosed):
            peer.send_text("too late")
        with pytest.raises(TransportClosed):
            await peer.connected()


async def test_a_peer_that_vanishes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "LOST_S", 1)
    client = Client()
    async with call(client) as peer:
        vanish(client)
        assert "nothing came" in await peer.closed()


def vanish(client: Client) -> None:
    """Cut the wire: nothing of the client's leaves it any more."""

    async def nowhere(data: bytes) -> None:
        pass

    client.sender.transport.transport._send = nowhere


async def test_a_peer_that_never_comes_is_given_up() -> None:
    client = Client()
    try:
        peer, _ = await Peer.answer(await client.offer(), hosts=LOOPBACK)
        async with peer:
            with pytest.raises(TransportClosed, match="did not connect"):
                await peer.connected(within=0.05)
    finally:
        await client.close()


async def test_an_offer_without_candidates_connects() -> None:
    client = Client(tone(440, 1.0))
    try:
        offer = await client.offer()
        bare = "".join(f"{line}\r\n" for line in offer.splitlines() if "candidate" not in line)
        peer, answer = await Peer.answer(bare, hosts=LOOPBACK)
        async with peer:
            await client.accept(answer)
            await peer.connected()
            assert await listen(peer, 0.1)
    finally:
        await client.close()


async def test_audio_at_another_rate_is_the_callers_mistake() -> None:
    client = Client()
    try:
        peer, _ = await Peer.answer(await client.offer(), hosts=LOOPBACK, sample_rate=48_000)
        async with peer:
            await peer.play("turn", AudioFrame(tone(440, 0.02), 48_000, 0.0))
            with pytest.raises(LocalProtocolError):
                await peer.play("turn", AudioFrame(tone(440, 0.02, RATE), RATE, 0.0))
    finally:
        await client.close()


async def left_over(before: set[asyncio.Task[object]]) -> set[asyncio.Task[object]]:
    """Tasks that were not there before and do not end by themselves."""
    others = asyncio.all_tasks() - before
    if not others:
        return set()
    _, pending = await asyncio.wait(others, timeout=2)
    return pending


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("ending", ["ours", "theirs", "unanswered", "refused", "cancelled"])
async def test_nothing_is_left_of_a_connection(ending: str) -> None:
    await connect_and_end("ours")  # what is made once in a process
    tasks, files, threads = asyncio.all_tasks(), open_files(), threading.active_count()
    for _ in range(3):
        await connect_and_end(ending)
    assert await left_over(tasks) == set()
    assert open_files() == files
    assert threading.active_count() == threads


async def connect_and_end(ending: str) -> None:
    client = Client(tone(440, 1.0))
    match ending:
        case "ours" | "theirs":
            async with call(client) as peer:
                await listen(peer, 0.1)
                if ending == "theirs":
                    await client.close()
                    await peer.closed()
        case "unanswered":
            peer, _ = await Peer.answer(await client.offer(), hosts=LOOPBACK)
            await peer.close()
        case "refused":
            with pytest.raises(ConfigError):
                await Peer.answer(await client.offer(), hosts=("203.0.113.1",))
        case _:
            offer = await client.offer()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await Peer.answer(offer, hosts=LOOPBACK)
            assert scope.cancelled_caught
    await client.close()


@pytest.mark.parametrize("steps", range(0, 40, 3))
async def test_an_answer_cancelled_anywhere_leaves_nothing(steps: int) -> None:
    client = Client()
    offer = await client.offer()
    tasks, files = asyncio.all_tasks(), open_files()
    with anyio.CancelScope() as scope:
        loop = asyncio.get_running_loop()

        def later(left: int) -> None:
            if left:
                loop.call_soon(later, left - 1)
            else:
                scope.cancel()

        later(steps)
        peer, _ = await Peer.answer(offer, hosts=LOOPBACK)
        await peer.close()
    assert await left_over(tasks) == set()
    assert open_files() == files
    await client.close()


async def test_a_changed_aiortc_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = RTCPeerConnection()
    receiver: RTCRtpReceiver = connection.addTransceiver("audio").receiver
    try:
        with monkeypatch.context() as patch:
            patch.setattr(aiortc_seams, "_JITTER_BUFFER", "_renamed")
            with pytest.raises(ConfigError, match=r"aiortc 1\.16\.0"):
                aiortc_seams.intercept(receiver, lambda _: None)
        with monkeypatch.context() as patch:
            patch.setattr(aiortc_seams, "_GATHERER", "renamed")
            with pytest.raises(ConfigError, match=r"aioice 0\.13\.0"):
                aiortc_seams.choose_addresses(receiver, LOOPBACK)
    finally:
        await connection.close()


async def test_aiortc_is_loaded_when_asked_for_and_not_before() -> None:
    program = """
import sys
from vivavoce.transports.webrtc import Peer
assert not {"aiortc", "av"} & set(sys.modules)
Peer.load()
assert {"aiortc", "av"} <= set(sys.modules)
"""
    await anyio.run_process([sys.executable, "-c", program])
