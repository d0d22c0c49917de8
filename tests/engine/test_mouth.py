"""The mouth: never far ahead, silent at once, and on from the word that was cut."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import anyio
import numpy as np
import pytest

from vivavoce.core.audio import FRAME_S, AudioFrame
from vivavoce.core.protocols import Played, TransportCapabilities
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Word
from vivavoce.engine.mouth import AHEAD_S, Mouth
from vivavoce.engine.timeline import Timeline
from vivavoce.engine.track import Track
from vivavoce.testing import MemoryTransport

pytestmark = pytest.mark.anyio
RATE = 24000
PLAIN = TransportCapabilities()


class Scene(MemoryTransport):
    """A mouth on a transport, and what it told."""

    def __init__(self, capabilities: TransportCapabilities = PLAIN, **delays: float) -> None:
        super().__init__(capabilities, **delays)
        self.told: list[str] = []
        self.positions: list[float] = []
        self.most_ahead = 0.0

    async def send(self, turn: str, frame: AudioFrame) -> None:
        await super().send(turn, frame)
        self.most_ahead = max(self.most_ahead, self._playout.ahead(anyio.current_time()))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Mouth]:
        mouth = Mouth(
            self,
            Timeline(),
            sounded=lambda _, at: self.told.append(f"sounded at {at:.2f}"),
            progressed=lambda _, position: self.positions.append(position),
            finished=lambda _: self.told.append(f"finished at {anyio.current_time():.2f}"),
        )

        async def hear() -> None:
            async for item in self.receive():
                if isinstance(item, Played):
                    mouth.report(self.track, item.position, final=item.final)

        async with self, anyio.create_task_group() as group:
            group.start_soon(mouth.run)
            group.start_soon(hear)
            yield mouth
            group.cancel_scope.cancel()

    def answer(self, duration: float, lead: float = 0.0, *, finish: bool = True) -> Track:
        """A track of words of half a second each."""
        track = self.track = Track("turn", RATE)
        samples = np.full(round(duration * RATE), 3000, np.int16)
        samples[: round(lead * RATE)] = 0
        words = [Word(f"w{n}", n / 2, n / 2 + 0.5) for n in range(round(duration * 2))]
        text = " ".join(word.text for word in words)
        track.add(Speech(samples, RATE, text, tuple(words), ends=True))
        if finish:
            track.finish()
        return track

    @property
    def ends(self) -> list[float]:
        """Where each stretch of sound begins and ends."""
        self._settle()
        edges: list[float] = []
        for piece in self.heard:
            if not edges or abs(edges[-1] - piece.at) > 1e-6:
                edges += [piece.at, piece.at]
            edges[-1] = piece.at + len(piece.samples) / RATE
        return [round(edge, 3) for edge in edges]


@pytest.mark.parametrize(
    "capabilities",
    [PLAIN, replace(PLAIN, reports_played=True), replace(PLAIN, latency=0.1)],
    ids=["plain", "reports", "latency"],
)
async def test_an_answer_is_played_without_a_pause_and_never_far_ahead(
    capabilities: TransportCapabilities,
) -> None:
    scene = Scene(capabilities)
    async with scene.open() as mouth:
        mouth.open(scene.answer(3.0, lead=0.1))
        await anyio.sleep(5)
        late = capabilities.latency
        assert scene.ends == [late, 3.0 + late]
        assert scene.most_ahead <= AHEAD_S + FRAME_S + late + 1e-6
        assert scene.told == [f"sounded at {0.1 + late:.2f}", f"finished at {3.0 + late:.2f}"]
        assert min(np.diff(scene.positions)) > -0.001
        assert mouth.position() == 0.0


async def test_nothing_is_heard_before_the_valve_opens() -> None:
    scene = Scene()
    async with scene.open() as mouth:
        track = scene.answer(1.0)
        await anyio.sleep(1)
        assert scene.ends == []
        mouth.shut()
        assert mouth.stop(track) == 0.0
        assert mouth.position() == 0.0


async def test_a_shut_mouth_is_silent_within_a_frame_and_goes_on_with_the_word_that_was_cut() -> (
    None
):
    scene = Scene()
    async with scene.open() as mouth:
        track = scene.answer(3.0)
        mouth.open(track)
        mouth.open(track)  # twice is once
        await anyio.sleep(1.2)
        mouth.shut()
        await anyio.sleep(1.0)
        assert mouth.position() == pytest.approx(1.2)
        assert scene.ends == [0.0, 1.2]
        mouth.open(track)
        await anyio.sleep(3.0)
        assert scene.ends == [0.0, 1.2, 2.2, 4.2]
        assert [p.position for p in scene.heard if p.at == pytest.approx(2.2)] == [1.0]
        faded = next(p.samples for p in scene.heard if p.at == pytest.approx(2.2))
        assert faded[0] == 0
        assert faded[round(0.006 * RATE)] == 3000


async def test_shut_and_opened_again_at_once_the_transport_is_cleared_before_it_gets_more() -> None:
    scene = Scene()
    async with scene.open() as mouth:
        track = scene.answer(2.0)
        mouth.open(track)
        await anyio.sleep(0.7)
        mouth.shut()
        mouth.open(track)
        await anyio.sleep(3.0)
        positions = [piece.position for piece in scene.heard]
        assert scene.ends == [0.0, 0.7 + 1.5]
        assert sum(position == 0.5 for position in positions) == 2  # the cut word, from its start


async def test_a_stopped_answer_is_silent_within_a_frame_and_tells_how_far_it_was_heard() -> None:
    scene = Scene()
    async with scene.open() as mouth:
        track = scene.answer(3.0)
        mouth.open(track)
        await anyio.sleep(1.23)
        assert mouth.stop(track) == pytest.approx(1.23)
        await anyio.sleep(1.0)
        assert scene.ends == [0.0, 1.23]
        assert mouth.stop(track) == 0.0
        assert not [line for line in scene.told if line.startswith("finished")]


async def test_what_cannot_be_taken_back_counts_as_heard() -> None:
    scene = Scene(replace(PLAIN, clear=False))
    async with scene.open() as mouth:
        track = scene.answer(3.0)
        mouth.open(track)
        await anyio.sleep(1.0)
        stopped = mouth.stop(track)
        await anyio.sleep(1.0)
        assert scene.ends == [0.0, pytest.approx(stopped)]


async def test_a_client_that_owns_its_playback_is_not_cleared_by_a_pause_but_by_the_end() -> None:
    scene = Scene(replace(PLAIN, client_owned=True))
    async with scene.open() as mouth:
        track = scene.answer(3.0)
        mouth.open(track)
        await anyio.sleep(1.0)
        mouth.shut()
        await anyio.sleep(0.05)
        assert mouth.position() == pytest.approx(1.05)
        assert mouth.stop(track) == pytest.approx(1.05)
        await anyio.sleep(1.0)
        assert scene.ends == [0.0, 1.05]


async def test_where_speech_comes_late_the_answer_pauses_and_nothing_is_heard_before_it_is() -> (
    None
):
    scene = Scene(replace(PLAIN, reports_played=True))
    async with scene.open() as mouth:
        track = scene.answer(1.0, finish=False)
        mouth.open(track)
        await anyio.sleep(2.0)
        assert scene.ends == [0.0, 1.0]
        track.add(Speech(np.full(RATE, 3000, np.int16), RATE, " more", ends=True))
        await anyio.sleep(0.05)
        assert mouth.position() == pytest.approx(1.05)  # not 1.2, which was handed over
        track.finish()
        await anyio.sleep(2.0)
        assert scene.ends == [0.0, 1.0, 2.0, 3.0]
        assert scene.told[-1] == "finished at 3.00"


async def test_an_answer_in_many_parts_is_followed_to_its_end() -> None:
    scene = Scene()
    async with scene.open() as mouth:
        track = scene.answer(0.5, finish=False)
        mouth.open(track)
        for _ in range(4):
            await anyio.sleep(1.0)
            track.add(Speech(np.full(12000, 3000, np.int16), RATE, "", ends=True))
        await anyio.sleep(0.25)
        assert mouth.position() == pytest.approx(2.25)
        track.finish()
        await anyio.sleep(1.0)
        assert scene.told[-1] == "finished at 4.50"


async def test_a_transport_that_should_report_and_does_not_is_not_waited_for_long() -> None:
    class Quiet(Scene):
        def _report(self, *, final: bool) -> None:
            pass

    scene = Quiet(replace(PLAIN, reports_played=True))
    async with scene.open() as mouth:
        mouth.open(scene.answer(1.0))
        await anyio.sleep(5.0)
        assert scene.told[-1] == "finished at 2.00"


async def test_an_empty_answer_is_over_at_once() -> None:
    scene = Scene()
    async with scene.open() as mouth:
        mouth.open(scene.answer(0.0))
        await anyio.sleep(0.1)
        assert scene.told == ["finished at 0.00"]


async def test_a_transport_may_end_the_answer_while_it_takes_audio() -> None:
    class Hanging(Scene):
        async def send(self, turn: str, frame: AudioFrame) -> None:
            await super().send(turn, frame)
            await anyio.sleep(0.01)

    scene = Hanging()
    async with scene.open() as mouth:
        track = scene.answer(1.0)
        mouth.open(track)
        await anyio.sleep(0.005)
        mouth.stop(track)
        await anyio.sleep(1.0)
        assert scene.ends == [0.0, pytest.approx(0.01)]


async def test_what_the_answer_s_listener_does_may_stop_it() -> None:
    scene = Scene()
    async with scene.open() as mouth:
        track = scene.answer(1.0)
        mouth._progressed = lambda *_: mouth.shut()
        mouth.open(track)
        await anyio.sleep(1.0)
        assert scene.told == ["sounded at 0.00"]
        assert scene.ends == []
