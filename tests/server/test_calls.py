"""The Realtime API over WebRTC: offers, answers, events on the data channel, audio on the track."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx2
import numpy as np
import pytest
from openai import AsyncOpenAI

from tests.server.loopback import parts, realtime, serving
from tests.transports.webrtc.client import Client
from vivavoce.engine.session import Session
from vivavoce.server.app import create_app
from vivavoce.server.hub import Hub
from vivavoce.server.keys import Keys

pytestmark = pytest.mark.anyio

REPLY = "It will be sunny for the whole of this long week and the next."


async def until(client: Client, kind: str) -> Any:
    def found() -> list[Any]:
        return [event for event in map(json.loads, client.texts) if event["type"] == kind]

    with anyio.fail_after(15):
        await client.until(lambda: bool(found()))
    return found()[0]


async def test_a_typed_question_is_answered_on_the_track() -> None:
    given, _ = parts([REPLY])
    async with realtime(given) as port:
        openai = AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="sk-none")
        client = Client()
        offer = await client.offer()
        answer = await openai.realtime.calls.create(
            sdp=offer, session={"type": "realtime", "instructions": "Be brief."}
        )
        assert answer.response.status_code == 201
        location = answer.response.headers["Location"]
        assert location.startswith("/v1/realtime/calls/rtc_")
        await client.accept(answer.text)
        created = await until(client, "session.created")
        assert created["session"]["instructions"] == "Be brief."
        client.channel.send(json.dumps({"type": "vivavoce.text", "text": "The weather?"}))
        await until(client, "output_audio_buffer.started")
        done = await until(client, "response.done")
        await until(client, "output_audio_buffer.stopped")
        await openai.realtime.calls.hangup(location.rpartition("/")[2])
        await client.close()
        await openai.close()
    assert done["response"]["output"][0]["content"][0]["transcript"] == REPLY
    assert "response.output_audio.delta" not in {json.loads(text)["type"] for text in client.texts}
    assert np.abs(client.heard().astype(int)).max() > 300


@pytest.mark.parametrize("path", ["/v1/realtime/calls", "/v1/realtime?model=x"])
async def test_a_raw_offer_is_answered_and_a_bad_one_refused(path: str) -> None:
    given, _ = parts()
    async with realtime(given) as port, httpx2.AsyncClient() as http:
        url = f"http://127.0.0.1:{port}{path}"
        headers = {"Content-Type": "application/sdp"}
        client = Client()
        answer = await http.post(url, content=await client.offer(), headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/sdp")
        await client.close()
        for offer in ("", "v=0", "no offer at all"):
            refused = await http.post(url, content=offer, headers=headers)
            assert refused.status_code == 400
            assert refused.json()["error"]["code"] == "invalid_offer"
        health = await http.get(f"http://127.0.0.1:{port}/health")
        assert health.json()["sessions"] <= 1


async def test_past_the_limit_an_offer_is_refused_with_a_hint() -> None:
    given, _ = parts()
    async with realtime(given, limit=0) as port, httpx2.AsyncClient() as http:
        client = Client()
        refused = await http.post(
            f"http://127.0.0.1:{port}/v1/realtime/calls",
            content=await client.offer(),
            headers={"Content-Type": "application/sdp"},
        )
        await client.close()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.json()["error"]["code"] == "server_full"


async def test_an_ephemeral_key_opens_sessions_of_its_configuration() -> None:
    given, _ = parts()
    async with realtime(given) as port, httpx2.AsyncClient() as http:
        url = f"http://127.0.0.1:{port}"
        body = {
            "expires_after": {"anchor": "created_at", "seconds": 60},
            "session": {"type": "realtime", "instructions": "Be kind."},
        }
        secret = (await http.post(f"{url}/v1/realtime/client_secrets", json=body)).json()
        assert secret["value"].startswith("ek_")
        assert secret["session"]["instructions"] == "Be kind."
        snippet = (await http.post(f"{url}/api/realtime-ephemeral")).json()
        assert snippet["client_secret"]["value"].startswith("ek_")
        client = Client()
        answer = await http.post(
            f"{url}/v1/realtime/calls",
            content=await client.offer(),
            headers={
                "Content-Type": "application/sdp",
                "Authorization": f"Bearer {secret['value']}",
            },
        )
        await client.accept(answer.text)
        created = await until(client, "session.created")
        await client.close()
    assert created["session"]["instructions"] == "Be kind."


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"expires_after": {"seconds": 5}}, None),
        ({"session": {"audio": {"output": {"speed": 9}}}}, "audio.output.speed"),
        ({"session": 5}, None),
    ],
)
async def test_a_key_that_cannot_be_made_is_refused(
    body: dict[str, object], param: str | None
) -> None:
    given, _ = parts()
    async with realtime(given) as port, httpx2.AsyncClient() as http:
        url = f"http://127.0.0.1:{port}/v1/realtime/client_secrets"
        refused = await http.post(url, json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param


async def test_a_server_with_a_key_lets_nobody_in_without_it() -> None:
    given, _ = parts()

    def new() -> Session:
        return Session(given.parts)

    key = "a-key-of-sixteen-or-more"
    async with (
        Hub(new, model="scripted", limit=2) as hub,
        serving(create_app(hub, keys=Keys(key), hosts=("127.0.0.1",))) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        for presented, status in ((None, 401), ("another-key-of-that-length", 401), (key, 200)):
            headers = {} if presented is None else {"Authorization": f"Bearer {presented}"}
            answer = await http.post("/v1/realtime/client_secrets", headers=headers)
            assert answer.status_code == status
        assert (await http.get("/")).status_code == 200
