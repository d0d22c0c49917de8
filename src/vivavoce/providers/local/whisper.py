"""Whisper as a streaming recogniser, by decoding again and again while the speaker goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np

from vivavoce.core.errors import ConfigError
from vivavoce.core.protocols import STTCapabilities, STTStream
from vivavoce.providers.local.log_mel import SAMPLE_RATE
from vivavoce.providers.local.runtime import Runtime
from vivavoce.providers.local.whisper_model import WhisperModel
from vivavoce.providers.local.whisper_stream import WhisperStream

__all__ = ["Whisper"]


class Whisper:
    """A speech-to-text provider over Whisper weights in CTranslate2's format.

    `directory` holds `model.bin`, `config.json`, `tokenizer.json` and `vocabulary.txt`. `name` is
    "local/" and the directory's name. English-only weights hear every language as English, and
    invent sentences where they hear another one; noise gives no words.
    """

    def __init__(self, runtime: Runtime, directory: Path, *, name: str = "") -> None:
        self.name = name or f"local/{directory.name}"
        self.capabilities = STTCapabilities(SAMPLE_RATE, partials=True)
        self._runtime = runtime
        self._directory = directory

    @asynccontextmanager
    async def stream(self, *, language: str | None = None) -> AsyncIterator[STTStream]:
        """Open a stream; the first one loads the weights.

        Raises ConfigError for a language that the weights do not know, ProviderUnavailable when
        they cannot be loaded.
        """
        model = await self._load()
        if language is not None and not model.knows(language):
            raise ConfigError(
                f"{self.name} does not know the language {language!r}; "
                "local/whisper-base knows 99 languages"
            )
        stream = WhisperStream(self._runtime, model, language, self.name)
        try:
            yield stream
        finally:
            stream.close()

    async def warm(self) -> None:
        """Load the weights and decode a second of nothing, so that no user waits for either."""
        model = await self._load()
        lane = self._runtime.lane("stt_final")
        await lane.run(model.decode, np.zeros(SAMPLE_RATE, np.int16), "en")

    async def _load(self) -> WhisperModel:
        load = partial(WhisperModel, self._directory, threads=self._runtime.threads.stt)
        return await self._runtime.load(("whisper", self._directory), load)
