"""A session that lasts."""

from __future__ import annotations

import gc

import anyio
import pytest

from tests.engine.stage import REPORTING
from vivavoce.core.events import Event
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.testing import (
    LevelVAD,
    MemoryTransport,
    ScriptedLLM,
    ScriptedSTT,
    ScriptedTTS,
    Speller,
    run_virtual,
)


@pytest.mark.timeout(120)
def test_three_hours_of_talk_take_no_more_memory_than_one() -> None:
    """The conversation is compacted; nothing else grows with it."""

    class Forgetful(MemoryTransport):
        async def notify(self, event: Event) -> None:
            pass

        def _settle(self) -> None:
            super()._settle()
            self.heard.clear()

    async def main() -> list[int]:
        speller = Speller()
        given = Parts(
            stt=ScriptedSTT(speller),
            llm=ScriptedLLM(["It is sunny."], context_tokens=150),
            tts=ScriptedTTS(speller),
            vad=LevelVAD(),
            language="en",
        )
        requests = given.llm.requests  # type: ignore[attr-defined]
        prefills = given.llm.prefills  # type: ignore[attr-defined]
        transport = Forgetful(REPORTING)
        sizes: list[int] = []
        samples, _ = speller.spell("what is the weather", 1.0, 16000)
        async with Session(given) as session, anyio.create_task_group() as group:
            group.start_soon(session.run, transport)
            for _ in range(3):
                for _ in range(20):
                    transport.push(samples)
                    await anyio.sleep(0.1)
                    await transport.stay_silent(4.0)
                    await anyio.sleep(175.9)
                    requests.clear()
                    prefills.clear()
                gc.collect()
                sizes.append(len(gc.get_objects()))
            assert session.conversation.summary
            assert len(session.conversation) < 60
            transport.close()
        return sizes

    first, second, third = run_virtual(main)
    assert third - second < 500, (first, second, third)
