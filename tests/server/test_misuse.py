"""What no client may do to the others, nor to itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
import httpx2
import pytest
from websockets.asyncio.client import connect

from tests.server.loopback import parts, realtime
from tests.server.test_calls import until
from tests.server.test_connections import receive
from tests.transports.webrtc.client import Client
from vivavoce.core.errors import TransportClosed
from vivavoce.core.events import SessionEnded
from vivavoce.engine.session import Session
from vivavoce.server.conversation import RealtimeConversation
from vivavoce.server.hub import Hub
from vivavoce.transports.realtime import Realtime
from vivavoce.transports.realtime.config import new_session
from vivavoce.transports.realtime.transport import RealtimeTransport

pytestmark = pytest.mark.anyio


def message(text: str, **more: object) -> dict[str, object]:
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content, **more}
    return {"type": "conversation.item.create", "item": item}


def protocol() -> Realtime:
    return Realtime(new_session("s", "m", "", 0))


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


@pytest.mark.parametrize(
    "sent",
    [
        f'{{"type": "session.update", "session": {{"prompt": {nested(500)}}}}}',
        f'{{"type": "session.update", "session": {nested(100_000)}}}',
        json.dumps(
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call", "name": "f", "arguments": nested(100_000)},
            }
        ),
    ],
)
def test_what_is_nested_too_deep_is_refused(sent: str) -> None:
    one = protocol()
    assert one.receive(sent) == []
    assert [event["type"] for event in one.outgoing] == ["error"]


def test_an_error_repeats_little_of_what_was_sent() -> None:
    one = protocol()
    one.receive(json.dumps({"type": "x" * 100_000, "event_id": "y" * 100_000}))
    one.receive(json.dumps({"type": "conversation.item.delete", "item_id": "z" * 100_000}))
    assert all(len(json.dumps(event)) < 2_000 for event in one.outgoing)


def test_a_conversation_takes_so_much_and_after_deletions_again() -> None:
    one = protocol()
    for number in range(17):
        one.receive(json.dumps(message("x" * (1 << 20), id=f"i{number}")))
    assert one.outgoing[-1]["error"]["code"] == "too_many_items"
    one.receive(json.dumps({"type": "conversation.item.delete", "item_id": "i0"}))
    one.receive(json.dumps(message("x" * (1 << 20), id="again")))
    assert one.outgoing[-1]["type"] == "conversation.item.done"


def test_so_many_responses_out_of_band_are_made_at_a_time() -> None:
    one = protocol()
    asked = json.dumps({"type": "response.create", "response": {"conversation": "none"}})
    orders = [one.receive(asked) for _ in range(9)]
    assert [len(order) for order in orders] == [1] * 8 + [0]
    assert one.outgoing[-1]["error"]["code"] == "too_many_responses"


async def test_ids_of_the_conversations_own_do_no_harm() -> None:
    given, _ = parts(["Blue.", "Red."])
    async with realtime(given) as port, connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        await socket.send(json.dumps({"type": "vivavoce.text", "text": "Sky?"}))
        await receive(socket, "response.done")
        for number in (1, 2, 3):
            await socket.send(json.dumps(message("Rose?", id=f"item_{number:06d}")))
        output = {"type": "function_call_output", "call_id": "c", "output": "o", "id": "gave"}
        await socket.send(json.dumps({"type": "conversation.item.create", "item": output}))
        behind = {**message("Well?"), "previous_item_id": "gave"}
        await socket.send(json.dumps(behind))
        await socket.send(json.dumps({"type": "response.create"}))
        done = await receive(socket, "response.done")
    assert done["response"]["status"] == "completed"
    assert given.asked(-1) == ["Sky?", "Blue.", "Rose?", "Rose?", "Rose?", "Well?"]


async def test_a_client_that_reads_nothing_is_listened_to_no_more() -> None:
    taken = 0

    async def texts() -> Any:
        nonlocal taken
        while True:
            taken += 1
            yield "no event"

    async def never(text: str) -> None:
        await anyio.sleep_forever()

    one = RealtimeConversation(Session(parts()[0].parts), model="m", on_track=False, extended=False)
    transport = RealtimeTransport(one.protocol, texts(), never, one.carry_out, one.noticed)

    async def read() -> None:
        async for _ in transport.receive():
            pass

    async with transport, anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert taken < 2_000


async def test_a_token_that_is_no_ascii_is_unknown() -> None:
    given, _ = parts()
    async with Hub(lambda: Session(given.parts), model="m", limit=1) as hub:
        live = await hub.open(on_track=False, extended=True)
        assert hub.find("é") is None
        assert hub.find(live.token) is live


async def test_an_error_of_ours_ends_one_conversation_only() -> None:
    given, _ = parts()

    class Broken:
        capabilities = None

        async def __aenter__(self) -> Self:
            raise ZeroDivisionError

        async def __aexit__(self, *exc: object) -> None: ...

    async def broken() -> None:
        raise ZeroDivisionError

    async with Hub(lambda: Session(given.parts), model="m", limit=2) as hub:
        live = await hub.open(on_track=False, extended=True)
        other = await hub.open(on_track=False, extended=True)
        hub.start(broken)
        await hub.attend(live, Broken())  # type: ignore[arg-type]  # it is none
        assert live.failed
        await anyio.wait_all_tasks_blocked()
        assert (len(hub), other.over) == (1, False)


async def test_two_peers_with_one_token_follow_each_other() -> None:
    given, _ = parts(["Blue."])
    async with realtime(given) as port, httpx2.AsyncClient() as http:
        url = f"http://127.0.0.1:{port}/v1/realtime/calls?extensions=vivavoce"
        headers = {"Content-Type": "application/sdp"}
        first = Client()
        answer = await http.post(url, content=await first.offer(), headers=headers)
        await first.accept(answer.text)
        token = (await until(first, "vivavoce.session"))["resume_token"]
        bad = await http.post(f"{url}&resume={token}", content="no offer", headers=headers)
        assert bad.status_code == 400
        second, third = Client(), Client()
        for client in (second, third):
            offer = await client.offer()
            answer = await http.post(f"{url}&resume={token}", content=offer, headers=headers)
            assert answer.status_code == 201
            await client.accept(answer.text)
        await until(third, "vivavoce.session")
        third.channel.send(json.dumps({"type": "vivavoce.text", "text": "The sky?"}))
        await until(third, "response.done")
        health = (await http.get(f"http://127.0.0.1:{port}/health")).json()
        for client in (first, second, third):
            await client.close()
    assert (health["status"], health["sessions"]) == ("ok", 1)


async def test_an_event_that_a_peer_cannot_take_ends_its_call_only() -> None:
    given, _ = parts(["Blue."])
    async with realtime(given) as port, httpx2.AsyncClient() as http:
        url = f"http://127.0.0.1:{port}/v1/realtime/calls"
        headers = {"Content-Type": "application/sdp"}
        client = Client()
        answer = await http.post(url, content=await client.offer(), headers=headers)
        await client.accept(answer.text)
        await until(client, "session.created")
        for _ in range(2):
            long = {"instructions": "x" * 60_000, "prompt": {"id": "y" * 3_000}}
            client.channel.send(json.dumps({"type": "session.update", "session": long}))
            client.channel.send(json.dumps(message("z" * 60_000)))
            client.channel.send(json.dumps({"type": "vivavoce.text", "text": "w" * 19_000}))
        async with connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
            await receive(socket, "session.created")
            await socket.send(json.dumps({"type": "vivavoce.text", "text": "Sky?"}))
            await receive(socket, "response.done")
        await client.close()


async def test_a_session_that_ends_does_so_after_its_transport(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vivavoce.server.hub.LONGEST_S", 0.3)
    given, _ = parts()
    async with realtime(given) as port, connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket:
        assert (await receive(socket, "error"))["error"]["code"] == "session_expired"
        await socket.wait_closed()
        assert socket.close_code == 1001


async def test_a_hub_that_is_left_ends_the_calls_that_it_holds() -> None:
    given, _ = parts()
    client = Client()
    with anyio.fail_after(10):
        async with realtime(given) as port, httpx2.AsyncClient() as http:
            answer = await http.post(
                f"http://127.0.0.1:{port}/v1/realtime/calls",
                content=await client.offer(),
                headers={"Content-Type": "application/sdp"},
            )
            await client.accept(answer.text)
            await until(client, "session.created")
    await client.close()


@pytest.mark.parametrize(("query", "sessions"), [("", 0), ("?extensions=vivavoce", 1)])
async def test_only_who_can_come_back_is_waited_for(query: str, sessions: int) -> None:
    given, _ = parts()
    async with Hub(lambda: Session(given.parts), model="m", limit=2) as hub:
        live = await hub.open(on_track=False, extended=bool(query))

        conversation = live.conversation

        async def texts() -> AsyncIterator[str]:
            yield "{}"
            raise TransportClosed("lost")

        async def send(text: str) -> None: ...

        transport = RealtimeTransport(
            conversation.protocol, texts(), send, conversation.carry_out, conversation.noticed
        )
        with conversation.session.events() as events:
            await hub.attend(live, transport)
            await anyio.wait_all_tasks_blocked()
            assert len(hub) == sessions
            if not sessions:
                assert [event async for event in events if isinstance(event, SessionEnded)]
