"""What remains of a connection that was lost, and what does not."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import numpy as np
import pytest
from websockets.asyncio.client import connect

from tests.server.loopback import parts, realtime
from tests.server.test_calls import until
from tests.server.test_connections import receive
from tests.transports.webrtc.client import Client

pytestmark = pytest.mark.anyio

LONG = "It will be sunny for the whole of this long week and the next one too."


def typed(text: str) -> str:
    return json.dumps({"type": "vivavoce.text", "text": text})


async def test_an_answer_that_was_lost_stands_in_nobodys_way() -> None:
    given, _ = parts([LONG, "Yes."])
    async with realtime(given) as port:
        url = f"ws://127.0.0.1:{port}/v1/realtime?extensions=vivavoce"
        async with connect(url) as socket:
            token = (await receive(socket, "vivavoce.session"))["resume_token"]
            await socket.send(typed("The weather?"))
            item: Any = (await receive(socket, "response.output_item.added"))["item"]["id"]
            for _ in range(60):
                await receive(socket, "response.output_audio.delta")
            odd = base64.b64encode(b"\1").decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": odd}))
            socket.transport.abort()
        async with connect(f"{url}&resume={token}") as socket:
            first = json.loads(await socket.recv())
            assert first["type"] == "session.created"
            about = {"type": "conversation.item.retrieve", "item_id": item}
            await socket.send(json.dumps(about))
            kept = (await receive(socket, "conversation.item.retrieved"))["item"]
            await socket.send(json.dumps({"type": "response.create"}))
            done = await receive(socket, "response.done")
    assert done["response"]["output"][0]["content"][0]["transcript"] == "Yes."
    heard = kept["content"][0]["transcript"]
    assert kept["status"] == "incomplete"
    assert given.asked(-1)[-1] == f"{heard}…"
    assert 0 < len(heard) < len(LONG)


async def test_a_call_goes_on_over_a_websocket_with_its_audio() -> None:
    given, speller = parts(["Blue."])
    async with realtime(given) as port, httpx2.AsyncClient() as http:
        client = Client()
        answer = await http.post(
            f"http://127.0.0.1:{port}/v1/realtime/calls?extensions=vivavoce",
            content=await client.offer(),
            headers={"Content-Type": "application/sdp"},
        )
        await client.accept(answer.text)
        token = (await until(client, "vivavoce.session"))["resume_token"]
        await client.close()
        async with connect(f"ws://127.0.0.1:{port}/v1/realtime?resume={token}") as socket:
            await socket.send(typed("The sky?"))
            audio = b""
            while (event := json.loads(await socket.recv()))["type"] != "response.done":
                if event["type"] == "response.output_audio.delta":
                    audio += base64.b64decode(event["delta"])
    words = speller.read(np.frombuffer(audio, np.int16), 24_000)
    assert [word.text for word in words] == ["Blue"]
