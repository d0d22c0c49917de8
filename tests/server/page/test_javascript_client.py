"""`@openai/agents-realtime`, the official JavaScript client: in Node over a WebSocket, and in
Chromium over WebRTC."""

from __future__ import annotations

import subprocess
from pathlib import Path

import playwright
import pytest
from playwright.sync_api import Browser

from tests.server.page.conversations import address, asking

__all__ = ["address", "asking"]

BUNDLE = Path(__file__).resolve().parents[3] / ".venv" / "clients" / "package" / "dist" / "bundle"
NODE = Path(playwright.__file__).parent / "driver" / "node"

pytestmark = pytest.mark.timeout(180)

IN_NODE = """
const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket, tool } = await import(BUNDLE);
const base = ADDRESS;
const secret = await (await fetch(`${base}/v1/realtime/client_secrets`, { method: "POST" })).json();
const url = `${base.replace("http", "ws")}/v1/realtime?model=any`;
const transport = new OpenAIRealtimeWebSocket({ url });
const agent = new RealtimeAgent({ name: "Assistant", instructions: "Be brief." });
const session = new RealtimeSession(agent, { transport });
let bytes = 0;
let ended = 0;
session.on("audio", (event) => { bytes += event.data.byteLength; });
session.on("error", (event) => { console.log(JSON.stringify(event)); process.exit(2); });
session.on("agent_end", (context, agent, text) => {
  ended += 1;
  console.log(JSON.stringify({ text, bytes }));
  if (ended === 2) process.exit(0);
  session.sendMessage("And what colour is grass?");
});
await session.connect({ apiKey: secret.value });
session.sendMessage("What colour is the sky?");
"""

IN_BROWSER = """async () => {
  const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC } = window.OpenAIAgentsRealtime;
  const secret = await (await fetch("/v1/realtime/client_secrets", { method: "POST" })).json();
  const transport = new OpenAIRealtimeWebRTC({ baseUrl: `${location.origin}/v1/realtime/calls` });
  const agent = new RealtimeAgent({ name: "Assistant", instructions: "Be brief." });
  const session = new RealtimeSession(agent, { transport });
  window.seen = [];
  for (const name of ["error", "agent_end", "audio_interrupted"]) {
    session.on(name, (event) => window.seen.push([name, JSON.stringify(event.error ?? null)]));
  }
  session.on("history_updated", (history) => { window.told = history.length; });
  await session.connect({ apiKey: secret.value });
}"""


def test_it_talks_in_node_over_a_websocket(address: str, tmp_path: Path) -> None:
    bundle = (BUNDLE / "openai-realtime-agents.mjs").as_uri()
    script = tmp_path / "talk.mjs"
    script.write_text(IN_NODE.replace("BUNDLE", f'"{bundle}"').replace("ADDRESS", f'"{address}"'))
    done = subprocess.run(
        [str(NODE), str(script)], capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = done.stdout.strip().splitlines()
    assert '"text":' in first
    assert '"bytes":0' not in second


def test_it_talks_in_chromium_over_webrtc(asking: Browser, address: str) -> None:
    context = asking.new_context(permissions=["microphone"], bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    page.add_script_tag(path=BUNDLE / "openai-realtime-agents.umd.js")
    page.evaluate(IN_BROWSER)
    page.wait_for_function(
        "() => window.seen.some(([name]) => name === 'agent_end')", timeout=60_000
    )
    seen = page.evaluate("window.seen")
    assert not [event for event in seen if event[0] == "error"], seen
    assert page.evaluate("window.told") >= 2
    context.close()
