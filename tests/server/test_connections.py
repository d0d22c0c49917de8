"""Refused, lost and resumed connections, and what a client must not be able to do."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import anyio
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.server.loopback import parts, realtime, serving
from vivavoce.engine.session import Session
from vivavoce.server.app import create_app
from vivavoce.server.hub import Hub
from vivavoce.transports.realtime import Realtime
from vivavoce.transports.realtime.config import new_session

pytestmark = pytest.mark.anyio


async def receive(socket: ClientConnection, kind: str) -> Any:
    with anyio.fail_after(10):
        while True:
            event = json.loads(await socket.recv())
            if event["type"] == kind:
                return event


async def test_past_its_limit_a_session_is_refused_with_a_hint() -> None:
    given_parts, _ = parts()
    async with realtime(given_parts, limit=1) as port:
        url = f"ws://127.0.0.1:{port}/v1/realtime"
        async with connect(url) as first:
            await receive(first, "session.created")
            async with connect(url) as second:
                error = (await receive(second, "error"))["error"]
                with pytest.raises(ConnectionClosed):
                    await second.recv()
                assert (second.close_code, error["code"]) == (1013, "server_full")
                assert "try again in 5 seconds" in error["message"]
        await anyio.sleep(0.2)
        async with connect(url) as third:
            await receive(third, "session.created")


async def test_a_client_that_was_lost_comes_back_to_its_conversation() -> None:
    given_parts, _ = parts(["Blue.", "It was blue."])
    async with realtime(given_parts) as port:
        url = f"ws://127.0.0.1:{port}/v1/realtime?extensions=vivavoce"
        async with connect(url) as socket:
            created = await receive(socket, "session.created")
            known = await receive(socket, "vivavoce.session")
            await socket.send(json.dumps({"type": "vivavoce.text", "text": "What colour is it?"}))
            await receive(socket, "vivavoce.turn")
            socket.transport.abort()
        async with connect(f"{url}&resume={known['resume_token']}") as socket:
            again = await receive(socket, "session.created")
            assert again["session"]["id"] == created["session"]["id"]
            await socket.send(json.dumps({"type": "vivavoce.text", "text": "What was it?"}))
            await receive(socket, "vivavoce.turn")
        assert given_parts.asked(-1) == ["What colour is it?", "Blue.", "What was it?"]


async def test_whoever_comes_back_takes_over_from_a_connection_that_only_looks_alive() -> None:
    given_parts, _ = parts()
    async with realtime(given_parts) as port:
        url = f"ws://127.0.0.1:{port}/v1/realtime?extensions=vivavoce"
        async with connect(url) as old:
            token = (await receive(old, "vivavoce.session"))["resume_token"]
            async with connect(f"{url}&resume={token}") as new:
                await receive(new, "session.created")
                with pytest.raises(ConnectionClosed):
                    await old.recv()
                await new.send(json.dumps({"type": "vivavoce.text", "text": "Hello."}))
                await receive(new, "vivavoce.turn")


async def test_a_shutdown_is_told_lets_the_answer_end_and_refuses_who_comes() -> None:
    given_parts, _ = parts(["It will be sunny today."])

    def new() -> Session:
        return Session(given_parts.parts)

    async with (
        Hub(new, model="scripted", limit=5) as hub,
        serving(create_app(hub)) as port,
        connect(f"ws://127.0.0.1:{port}/v1/realtime") as socket,
    ):
        await socket.send(json.dumps({"type": "vivavoce.text", "text": "The weather?"}))
        await receive(socket, "response.created")
        async with anyio.create_task_group() as group:
            group.start_soon(hub.finish, 10.0)
            assert (await receive(socket, "error"))["error"]["code"] == "server_shutting_down"
            async with connect(f"ws://127.0.0.1:{port}/v1/realtime") as late:
                assert (await receive(late, "error"))["error"]["code"] == "server_full"
            done = await receive(socket, "response.done")
            assert done["response"]["status"] == "completed"
            with pytest.raises(ConnectionClosed):
                await receive(socket, "what never comes")
        assert socket.close_code == 1001


async def test_a_conversation_waits_only_so_long() -> None:
    given_parts, _ = parts()
    async with realtime(given_parts, resume=0.1) as port:
        url = f"ws://127.0.0.1:{port}/v1/realtime?extensions=vivavoce"
        async with connect(url) as socket:
            token = (await receive(socket, "vivavoce.session"))["resume_token"]
            socket.transport.abort()
        await anyio.sleep(0.5)
        async with connect(f"{url}&resume={token}") as late:
            assert (await receive(late, "error"))["error"]["code"] == "resume_expired"
        async with httpx2.AsyncClient() as client:
            health = (await client.get(f"http://127.0.0.1:{port}/health")).json()
        assert health["sessions"] == 0


@pytest.mark.parametrize(
    ("sent", "code", "param"),
    [
        ("{", "invalid_json", None),
        ("[1]", "invalid_event", None),
        ('{"type": "session.drop", "event_id": "e1"}', "invalid_value", "type"),
        ('{"type": "input_audio_buffer.append"}', "missing_required_parameter", None),
        ('{"type": "input_audio_buffer.append", "audio": "§"}', "invalid_value", "audio"),
        ('{"type": "input_audio_buffer.append", "audio": 5}', "invalid_value", "audio"),
        (
            '{"type": "session.update", "session": {"audio": {"input": {"format": {"type": 1}}}}}',
            "invalid_value",
            "session.audio.input.format.type",
        ),
        ('{"type": "response.cancel"}', "response_cancel_not_active", None),
        ('{"type": "conversation.item.delete", "item_id": "x"}', "item_not_found", "item_id"),
        (
            '{"type": "conversation.item.truncate", "item_id": "x", "audio_end_ms": 1}',
            "item_not_found",
            "item_id",
        ),
        ('{"type": "input_audio_buffer.commit"}', "input_audio_buffer_commit_empty", None),
    ],
)
def test_what_cannot_be_taken_is_told_with_its_place(
    sent: str, code: str, param: str | None
) -> None:
    protocol = Realtime(new_session("s", "m", "", 0))
    assert protocol.receive(sent) == []
    (event,) = protocol.outgoing
    assert (event["type"], event["error"]["code"]) == ("error", code)
    assert event["error"]["param"] == param


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(
                [
                    "type",
                    "session",
                    "audio",
                    "item",
                    "item_id",
                    "response",
                    "input",
                    "role",
                    "content",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
kinds = some.sampled_from(
    [
        "session.update",
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "input_audio_buffer.clear",
        "output_audio_buffer.clear",
        "conversation.item.create",
        "conversation.item.retrieve",
        "conversation.item.delete",
        "conversation.item.truncate",
        "response.create",
        "response.cancel",
        "vivavoce.played",
    ]
)
fields = some.dictionaries(
    some.sampled_from(
        ["session", "audio", "item", "item_id", "response", "audio_end_ms", "previous_item_id"]
    ),
    values,
    max_size=4,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(some.tuples(kinds, fields), max_size=6))
def test_nothing_that_a_client_sends_breaks_the_protocol(
    events: list[tuple[str, dict[str, object]]],
) -> None:
    protocol = Realtime(new_session("s", "m", "", 0))
    for kind, rest in events:
        protocol.receive(json.dumps({**rest, "type": kind}))
    for event in protocol.outgoing:
        assert isinstance(event["event_id"], str)
        json.dumps(event)


async def test_a_client_that_reads_nothing_is_given_up() -> None:
    given_parts, _ = parts(["word " * 3000])
    async with realtime(given_parts) as port:
        with suppress(ConnectionClosed):
            async with connect(f"ws://127.0.0.1:{port}/v1/realtime", max_queue=1) as socket:
                for _ in range(20):
                    await socket.send(json.dumps({"type": "vivavoce.text", "text": "Go on."}))
                await anyio.sleep(0.5)
        async with httpx2.AsyncClient() as client:
            health = await client.get(f"http://127.0.0.1:{port}/health")
        assert health.json()["status"] == "ok"
