"""A provider whose work is a thread's: what is cancelled in mid-decode ends by itself, unheard."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import anyio
import pytest

from tests.engine.stage import Stage
from vivavoce.core.events import TurnEnded
from vivavoce.core.messages import ChatItem, LLMDelta, TextDelta, ToolSpec
from vivavoce.core.turn import Outcome
from vivavoce.providers.local.lane import Lane
from vivavoce.testing import ScriptedLLM

REAL_S = 20.0  # for a thread that never comes back


class Decoder(ScriptedLLM):
    """Decodes in a thread, which a test holds up until it lets go."""

    def __init__(self, lane: Lane) -> None:
        super().__init__([""])
        self.lane = lane
        self.decoding = threading.Event()
        self.let_go = threading.Event()
        self.decoded = 0

    async def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        self.open_replies += 1
        try:
            yield TextDelta(await self.lane.run(self.decode))
        finally:
            self.open_replies -= 1

    def decode(self) -> str:
        self.decoding.set()
        assert self.let_go.wait(REAL_S)
        self.decoded += 1
        return f"Answer number {self.decoded}."


@pytest.mark.parametrize("how", ["stopped", "session left"])
def test_nobody_waits_for_a_thread_in_mid_decode(how: str) -> None:
    lane = Lane("llm")
    llm = Decoder(lane)
    stage = Stage(change=lambda parts: replace(parts, llm=llm))

    async def person(stage: Stage) -> None:
        stage.session.type("one")
        assert await anyio.to_thread.run_sync(llm.decoding.wait, REAL_S)
        if how == "session left":
            stage.transport.lose()
            await anyio.sleep_forever()
        with stage.session.events() as events:
            stage.session.stop()
            while not isinstance(await anext(events), TurnEnded):
                pass
        assert lane.statistics().running == 1
        stage.session.type("two")
        await stage.wait(0.05)
        assert lane.statistics().queued == 1
        llm.let_go.set()
        await stage.wait(2.0)

    stage.play(person)
    llm.let_go.set()
    assert anyio.run(lane.aclose)
    assert not stage.leaks
    assert llm.open_replies == 0
    first, *rest = stage.records
    assert first.outcome is Outcome.INTERRUPTED
    assert first.reply == ""
    assert [record.heard for record in rest] == ([] if rest == [] else ["Answer number 2."])
    assert len(rest) == (how == "stopped")
