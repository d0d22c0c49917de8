"""Whole conversations in Chromium with the embedded models: a recorded voice is its microphone."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.server.page.conftest import FLAGS
from vivavoce.audio.files import read_audio
from vivavoce.core.audio import Samples

QUESTION = Path(__file__).resolve().parents[3] / "src" / "vivavoce" / "data" / "question.wav"

pytestmark = pytest.mark.timeout(180)

# What tutorials have, with only the host changed, and a recorder of what is heard.
SNIPPET = """async () => {
  const secret = await (await fetch("/api/realtime-ephemeral")).json();
  const peer = new RTCPeerConnection();
  const audio = new Audio();
  const context = new AudioContext({ sampleRate: 16000 });
  window.heard = [];
  peer.ontrack = (event) => {
    audio.srcObject = event.streams[0];
    audio.play();
    const source = context.createMediaStreamSource(event.streams[0]);
    const tap = context.createScriptProcessor(4096, 1, 1);
    tap.onaudioprocess = (block) => window.heard.push(...block.inputBuffer.getChannelData(0));
    source.connect(tap);
    tap.connect(context.destination);
  };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  peer.addTrack(stream.getTracks()[0], stream);
  const channel = peer.createDataChannel("oai-events");
  window.events = [];
  channel.onmessage = (event) => window.events.push(JSON.parse(event.data));
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch("/v1/realtime/calls?model=gpt-realtime", {
    method: "POST",
    body: peer.localDescription.sdp,
    headers: {
      Authorization: `Bearer ${secret.client_secret.value}`,
      "Content-Type": "application/sdp",
    },
  });
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
}"""


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


@pytest.fixture
def page(asking: Browser, address: str) -> Iterator[Page]:
    context = asking.new_context(permissions=["microphone"])
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()


def as_wav(samples: Samples, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def test_the_widely_copied_snippet_holds_a_conversation(page: Page, address: str) -> None:
    page.evaluate(SNIPPET)
    page.wait_for_function(
        "() => window.events.some((event) => event.type === 'response.done')", timeout=60_000
    )
    page.wait_for_timeout(500)
    events: list[dict[str, Any]] = page.evaluate("window.events")
    heard = np.array(page.evaluate("window.heard"), np.float32)
    (said,) = [
        event["transcript"]
        for event in events
        if event["type"] == "response.output_audio_transcript.done"
    ]
    assert not [event for event in events if event["type"] == "error"]
    recording = as_wav((heard * 32767).astype(np.int16), 16_000)
    answer = httpx2.post(
        f"{address}/v1/audio/transcriptions",
        data={"model": "any"},
        files={"file": ("heard.wav", recording)},
        timeout=60,
    )
    understood = answer.json()["text"]
    assert len(words(said) & words(understood)) >= len(words(said)) / 2, (said, understood)


def test_the_page_hears_and_answers_over_webrtc(page: Page) -> None:
    page.locator("#talk").click()
    expect(page.get_by_text("Why is the sky blue?", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("WebRTC", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"^\d\.\d\d s$"))).to_be_visible(timeout=60_000)
