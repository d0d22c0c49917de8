"""espeak-ng behind pipes: what words sound like, and a robotic voice for any language."""

from __future__ import annotations

import ctypes.util
import importlib.util
import json
import logging
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Self

import numpy as np

from vivavoce.core.audio import Samples
from vivavoce.core.errors import BadReply, ProviderTimeout, ProviderUnavailable

__all__ = ["SAMPLE_RATE", "EspeakProcess", "SpokenWord", "Utterance"]

SAMPLE_RATE = 22050  # Hz, of every espeak-ng voice
DEADLINE_S = 5.0  # for one request: a sentence takes 1 ms to read and about 10 ms to speak
PROGRAM = Path(__file__).with_name("espeak_program.py")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """`text[at : at + length]` begins `start` seconds into the utterance."""

    at: int
    length: int
    start: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech of espeak-ng: int16 `(n,)` at 22050 Hz, and its words."""

    samples: Samples
    words: tuple[SpokenWord, ...]


def find_library() -> tuple[str, str]:
    """The path of libespeak-ng and the folder that holds `espeak-ng-data` ("" is built in).

    The wheel's, whose version is pinned, before the system's. Raises ProviderUnavailable when there
    is neither.
    """
    wheel = importlib.util.find_spec("espeakng_loader")
    if wheel is not None and wheel.origin is not None:
        folder = Path(wheel.origin).parent
        library = folder / "libespeak-ng.so"
        if library.exists():
            return str(library), str(folder)
    if name := ctypes.util.find_library("espeak-ng"):
        return name, ""
    raise ProviderUnavailable(
        "espeak-ng is not installed: pip install espeakng-loader, or apt-get install libespeak-ng1",
        provider="local/espeak",
        role="tts",
    )


class EspeakProcess:
    """One espeak-ng program, started at first use and again when it has died.

    Calls wait for one another; use it from worker threads. Text travels through stdin only, so it
    shows in no process list. Raises ProviderUnavailable when the program cannot be started or dies
    twice over one request, ProviderTimeout when it hangs, BadReply when it refuses the text.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def phonemes(self, texts: list[str], voice: str) -> list[str]:
        """The IPA of each text, its words apart by spaces (espeak joins some: "of the")."""
        reply, _ = self._ask({"do": "phonemes", "voice": voice, "texts": texts})
        found = reply.get("phonemes")
        if not isinstance(found, list) or len(found) != len(texts):
            raise self._bad(f"{len(texts)} texts gave no {len(texts)} phoneme strings")
        return [str(phonemes) for phonemes in found]

    def speak(self, text: str, voice: str) -> Utterance:
        """Synthesise a text of some sentences at most; the whole is computed before it returns."""
        reply, audio = self._ask({"do": "speak", "voice": voice, "text": text})
        words = reply.get("words")
        if not isinstance(words, list):
            raise self._bad("the speech came without its words")
        spoken = tuple(SpokenWord(at, length, ms / 1000) for at, length, ms in words)
        return Utterance(np.frombuffer(audio, np.int16), spoken)

    def languages(self) -> frozenset[str]:
        """The languages it can speak, in its own names ("en-us", "cmn")."""
        reply, _ = self._ask({"do": "languages"})
        found = reply.get("languages")
        if not isinstance(found, list):
            raise self._bad("the list of languages did not come")
        return frozenset(str(name) for name in found)

    def close(self) -> None:
        """End the program and reap it; nothing can be asked any more. May be called twice."""
        with self._lock:
            self._closed = True
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _ask(self, request: Mapping[str, object]) -> tuple[dict[str, object], bytes]:
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            for attempt in (1, 2):
                try:
                    reply, audio = self._exchange(self._started(), line)
                    break
                except (BrokenPipeError, EOFError):
                    logger.warning("espeak-ng ended by itself (attempt %d of 2)", attempt)
                    self._end()
                except BaseException:
                    self._end()  # half an answer may be left in the pipe
                    raise
            else:
                raise ProviderUnavailable(
                    "espeak-ng ends whenever it is asked this", provider="local/espeak", role="tts"
                )
        if "error" in reply:
            raise self._bad(str(reply["error"]))
        return reply, audio

    def _started(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise ProviderUnavailable("espeak-ng is closed", provider="local/espeak", role="tts")
        if self._process is None:
            library, data = find_library()
            # -I and -S: no site packages, so that it starts in some 20 ms and holds little.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(PROGRAM), library, data],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _exchange(
        self, process: subprocess.Popen[bytes], line: bytes
    ) -> tuple[dict[str, object], bytes]:
        requests, replies = process.stdin, process.stdout
        if requests is None or replies is None:  # never: both were asked for
            raise EOFError
        requests.write(line)
        requests.flush()
        deadline = time.monotonic() + DEADLINE_S
        received = bytearray()
        while b"\n" not in received:
            received += self._read(replies.fileno(), deadline)
        head, _, audio = received.partition(b"\n")
        reply = json.loads(head)
        if not isinstance(reply, dict):
            raise self._bad("its answer is no JSON object")
        while len(audio) < reply.get("bytes", 0):
            audio += self._read(replies.fileno(), deadline)
        return reply, bytes(audio)

    def _read(self, descriptor: int, deadline: float) -> bytes:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            raise ProviderTimeout(
                f"espeak-ng gave no answer within {DEADLINE_S:g} s",
                provider="local/espeak",
                role="tts",
                retryable=True,
            )
        data = os.read(descriptor, 1 << 16)
        if not data:
            raise EOFError
        return data

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    logger.debug("espeak-ng left a request unread")

    @staticmethod
    def _bad(what: str) -> BadReply:
        return BadReply(f"espeak-ng: {what}", provider="local/espeak", role="tts")
