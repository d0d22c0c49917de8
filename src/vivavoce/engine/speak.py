"""Speaking: pieces of text through the synthesiser onto a turn's track."""

from __future__ import annotations

import math
from collections.abc import Callable

import anyio
import numpy as np

from vivavoce.core.audio import Samples
from vivavoce.core.errors import BadReply, ProviderTimeout
from vivavoce.core.protocols import TTS, TTSStream
from vivavoce.core.speech import Speech
from vivavoce.engine.closing import closing, leased
from vivavoce.engine.streams import Stream
from vivavoce.engine.track import Track
from vivavoce.text.normalise import speakable

__all__ = ["earcon", "speak"]


async def speak(
    tts: TTS,
    pieces: Stream[str],
    track: Track,
    *,
    language: str | None,
    deadline: float,
    first_byte: Callable[[], None],
) -> None:
    """Say every piece; returns when all audio is on the track, which is then not yet finished.

    `deadline` bounds the wait for the next audio while there is text to say (s): ProviderTimeout.
    Text without any audio is a BadReply, and so is what is no audio.
    """
    async with (
        leased(tts.stream(language=language)) as stream,
        anyio.create_task_group() as group,
    ):
        debt, watch = _Debt(), _Watch(deadline)
        group.start_soon(_feed, stream, pieces, debt)
        group.start_soon(watch.run, tts.name, debt)
        said = await _collect(tts.name, stream, track, debt, watch, first_byte)
        silent = not track.voiced and speakable(said, language or "en").words
        if debt.texts > 0 or not debt.complete or silent:
            raise BadReply(f"{tts.name} left text unspoken", provider=tts.name, role="tts")
        group.cancel_scope.cancel()


class _Debt:
    """Text that was given and is not yet spoken."""

    def __init__(self) -> None:
        self.texts = 0
        self.complete = False
        self.changed = anyio.Event()

    def add(self, count: int) -> None:
        self.texts += count
        self.changed.set()
        self.changed = anyio.Event()


async def _feed(stream: TTSStream, pieces: Stream[str], debt: _Debt) -> None:
    async for piece in pieces:
        debt.add(1)
        await stream.say(piece)
    debt.complete = True
    await stream.finish()


async def _collect(
    name: str,
    stream: TTSStream,
    track: Track,
    debt: _Debt,
    watch: _Watch,
    first_byte: Callable[[], None],
) -> str:
    """Put all speech on the track; returns what was said."""
    said, sounded = "", False
    async with closing(aiter(stream)) as chunks:
        async for speech in chunks:
            watch.seen()
            if speech.samples.dtype != np.int16 or speech.samples.ndim != 1:
                raise BadReply(
                    f"{name} gave {speech.samples.dtype} {speech.samples.shape} as audio; speech "
                    "is int16 (n,)",
                    provider=name,
                    role="tts",
                )
            said += speech.text
            if len(speech.samples) and not sounded:
                sounded = True
                first_byte()
            if speech.ends:
                debt.add(-1)
            watch.rest()
            await track.put(speech)
            watch.seen()
    return said


_INSTANT_S = 1e-6  # a wait that is shorter may not move the clock


class _Watch:
    """Raises ProviderTimeout when text waits and no audio comes."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._last = anyio.current_time()

    def seen(self) -> None:
        self._last = anyio.current_time()

    def rest(self) -> None:
        """The audio waits for its listener: not the synthesiser's fault."""
        self._last = math.inf

    async def run(self, name: str, debt: _Debt) -> None:
        while True:
            while debt.texts <= 0:
                await debt.changed.wait()
                self.seen()
            left = min(self._last - anyio.current_time(), 0) + self._deadline
            if left <= _INSTANT_S:
                raise ProviderTimeout(
                    f"{name} gave no audio for {self._deadline:g} s",
                    provider=name,
                    role="tts",
                    retryable=True,
                )
            await anyio.sleep(left)


_EARCON_HZ = (660.0, 440.0)  # two falling tones, understood as "that did not work"
_EARCON_S = 0.12
_EARCON_LEVEL = 6000  # int16 peak: -15 dBFS


def earcon(sample_rate: int) -> Speech:
    """What is heard when no voice can say that something failed."""
    time = np.arange(round(_EARCON_S * sample_rate)) / sample_rate
    envelope = np.sin(np.pi * time / _EARCON_S)
    tones: list[Samples] = [
        (_EARCON_LEVEL * envelope * np.sin(2 * np.pi * hertz * time)).astype(np.int16)
        for hertz in _EARCON_HZ
    ]
    return Speech(np.concatenate(tones), sample_rate, ends=True)
