"""`vivavoce serve` on embedded models, and a browser whose microphone hears a question."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Playwright

from tests.server.page.conftest import FLAGS
from vivavoce.audio.files import read_audio
from vivavoce.core.audio import Samples

QUESTION = Path(__file__).resolve().parents[3] / "src" / "vivavoce" / "data" / "question.wav"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """`vivavoce serve` on embedded models."""
    command = [sys.executable, "-m", "vivavoce", "serve", "--no-browser", "--port", "0"]
    environ = {**os.environ, "VIVAVOCE_LLM": "local/smollm2-135m", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as server:
        assert server.stdout is not None
        found = None
        for line in server.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                break
        assert found, "the server did not start"
        yield found[0]
        server.terminate()
        assert server.wait(20) == 0


@pytest.fixture(scope="module")
def asking(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears the bundled question after two seconds, once."""
    file = tmp_path_factory.mktemp("voice") / "question.wav"
    with read_audio(QUESTION, 48_000) as reader:
        question = np.concatenate([frame.samples for frame in reader])
    silence = np.zeros(96_000, np.int16)
    file.write_bytes(as_wav(np.concatenate([silence, question, *[silence] * 30]), 48_000))
    flags = (
        *FLAGS,
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}%noloop",
        "--allow-loopback-in-peer-connection",
    )
    browser = playwright.chromium.launch(
        executable_path="/usr/bin/chromium", args=list(flags), ignore_default_args=["--mute-audio"]
    )
    yield browser
    browser.close()


def as_wav(samples: Samples, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return file.getvalue()
