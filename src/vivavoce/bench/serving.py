"""The process that is measured: sessions of the real engine behind a loopback socket.

`python -m vivavoce.bench.serving '{...}'` prints its port on one line, serves until it is
terminated, and then prints how late its event loop was.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import anyio
import msgspec
from anyio.abc import TaskGroup

from vivavoce.bench.answers import CHARACTERS_A_SECOND, AnsweringLLM, answer_speller
from vivavoce.bench.delays import FINAL_S, FIRST_BYTE_S, FIRST_TOKEN_S, TOKEN_S
from vivavoce.bench.link import Link
from vivavoce.bench.recognition import RecordedSTT
from vivavoce.bench.recordings import load_utterances
from vivavoce.bench.report import percentile
from vivavoce.build import Providers, parts_from
from vivavoce.core.errors import TransportClosed
from vivavoce.core.messages import Message
from vivavoce.core.protocols import VAD
from vivavoce.engine.parts import Parts
from vivavoce.engine.session import Session
from vivavoce.providers.scripted import LevelVAD, ScriptedTTS
from vivavoce.settings import Settings

__all__ = ["LEVEL_VAD", "Serving", "serve", "watch_loop"]

LEVEL_VAD = "scripted/level"
_LAG_EVERY_S = 0.050


class Serving(msgspec.Struct, frozen=True):
    """What is served: `vad` and `turn_detector` by provider name, recordings as for the caller."""

    vad: str
    turn_detector: str
    recordings: str | None = None


async def serve(serving: Serving) -> None:
    """Serve until terminated."""
    utterances = load_utterances(Path(serving.recordings) if serving.recordings else None)
    vad: VAD | None = LevelVAD() if serving.vad == LEVEL_VAD else None
    speller = answer_speller()
    providers = Providers(
        Settings(
            stt="bench/recorded",
            llm="scripted/llm",
            tts="scripted/tts",
            vad=serving.vad,
            turn_detector=serving.turn_detector,
        ),
        stt=RecordedSTT(utterances, final_delay=FINAL_S),
        llm=AnsweringLLM(first_token=FIRST_TOKEN_S, token_interval=TOKEN_S),
        tts=ScriptedTTS(speller, first_byte=FIRST_BYTE_S, characters_a_second=CHARACTERS_A_SECOND),
        vad=vad,
    )
    lags: list[float] = []
    async with providers, anyio.create_task_group() as group:
        await _listen(parts_from(providers), group)
        group.start_soon(watch_loop, lags)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                group.cancel_scope.cancel()
                break
    _say(json.dumps({f"lag_p{percent}": percentile(lags, percent) for percent in (50, 95, 100)}))


async def _listen(parts: Parts, group: TaskGroup) -> None:
    def answer(link: Link) -> None:
        group.start_soon(_hold_session, parts, link)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Link(answer), "127.0.0.1", 0, backlog=256)
    _say(str(server.sockets[0].getsockname()[1]))


async def _hold_session(parts: Parts, link: Link) -> None:
    try:
        async with Session(parts) as session:
            zero = anyio.current_time() - session.now()
            await session.run(link)
            link.tell({"zero": zero, "said": _remembered(session)})
        await link.closed()
    except* TransportClosed:
        pass  # the caller hung up: nobody is left to be told


def _remembered(session: Session) -> list[tuple[str, str]]:
    """The assistant's messages: turn and text."""
    return [
        (item.turn, item.content.text)
        for item in session.conversation
        if isinstance(item.content, Message) and item.content.role == "assistant" and item.turn
    ]


async def watch_loop(lags: list[float]) -> None:
    """Note how late the event loop is (s), for ever."""
    while True:
        due = anyio.current_time() + _LAG_EVERY_S
        await anyio.sleep_until(due)
        lags.append(anyio.current_time() - due)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    anyio.run(serve, msgspec.json.decode(sys.argv[1], type=Serving))
