"""Whole conversations in Chromium with the embedded models: a recorded voice is its microphone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.page.conversations import address, as_wav, asking

__all__ = ["address", "asking"]

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


@pytest.fixture
def page(asking: Browser, address: str) -> Iterator[Page]:
    context = asking.new_context(permissions=["microphone"])
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()


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
