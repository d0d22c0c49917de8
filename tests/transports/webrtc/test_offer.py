from __future__ import annotations

from random import Random

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.transports.webrtc.client import LOOPBACK, Client
from vivavoce.core.errors import ConfigError, RemoteProtocolError
from vivavoce.transports.webrtc import IceServer, Peer
from vivavoce.transports.webrtc.offer import MAX_OFFER, usable_offer

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=fingerprint:sha-256 00
a=candidate:1 1 udp 2113937151 0b5b1a0e-63a5.local 50000 typ host
a=candidate:2 1 udp 2113937151 192.168.1.7 50001 typ host
a=candidate:3 1 udp 2113937151 127.0.0.1 50002 typ host
a=candidate:4 1 udp 2113937151 ::1 50003 typ host
a=candidate:5
a=end-of-candidates
"""


def candidates(offer: str) -> list[str]:
    return [line.split()[4] for line in offer.splitlines() if line.startswith("a=candidate")]


def test_candidates_that_only_delay_the_answer_are_left_out() -> None:
    assert candidates(usable_offer(OFFER)) == ["192.168.1.7", "127.0.0.1", "::1"]
    assert "end-of-candidates" not in usable_offer(OFFER)


def test_a_loopback_server_leaves_other_machines_out() -> None:
    assert candidates(usable_offer(OFFER, loopback_only=True)) == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("offer", "complaint"),
    [
        ("", "must begin with v=0"),
        ("hello", "must begin with v=0"),
        ("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", "no audio"),
        ("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n", "fingerprint"),
        ("v=0\r\n" + "a=x\r\n" * MAX_OFFER, "characters"),
    ],
)
def test_an_offer_that_is_none_is_refused_with_the_reason(offer: str, complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        usable_offer(offer)


async def client_offer() -> str:
    client = Client()
    try:
        return await client.offer()
    finally:
        await client.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a=sendrecv", "a=sendonly"),
        ("a=sendrecv", "a=inactive"),
        ("opus/48000/2", "PCMU/8000"),
        ("a=ice-pwd:", "a=ice-nothing:"),
        ("a=rtcp-mux\r\n", ""),
        ("m=audio 50", "m=audio x50"),
        ("a=setup:actpass", "a=setup:nonsense"),
    ],
)
async def test_an_offer_that_cannot_be_answered_is_refused(before: str, after: str) -> None:
    offer = await client_offer()
    if before == "m=audio 50":
        offer = offer.replace("m=audio ", "m=audio x")
    else:
        assert before in offer
        offer = offer.replace(before, after)
    with pytest.raises(RemoteProtocolError):
        await Peer.answer(offer, hosts=LOOPBACK)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_a_damaged_offer_is_refused_or_answered(chance: Random) -> None:
    async def main() -> None:
        lines = (await client_offer()).splitlines()
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(1, len(lines))
            line = lines[at]
            cut = chance.randrange(len(line) + 1)
            lines[at] = chance.choice(
                [
                    "",
                    line[:cut],
                    line[cut:],
                    line + line,
                    line.replace(":", " ", 1),
                    line[:cut] + "\0",
                ]
            )
        try:
            peer, _ = await Peer.answer("\r\n".join(lines) + "\r\n", hosts=LOOPBACK)
        except RemoteProtocolError:
            return
        await peer.close()

    anyio.run(main)


@pytest.mark.anyio
async def test_video_and_a_second_microphone_are_declined() -> None:
    client = Client()
    client.connection.addTransceiver("audio")
    client.connection.addTransceiver("video")
    try:
        peer, answer = await Peer.answer(await client.offer(), hosts=LOOPBACK)
        await peer.close()
    finally:
        await client.close()
    directions = [line for line in answer.splitlines() if line in {"a=sendrecv", "a=inactive"}]
    assert directions == ["a=sendrecv", "a=inactive", "a=inactive"]


@pytest.mark.anyio
async def test_the_answer_names_the_chosen_addresses_only() -> None:
    peer, answer = await Peer.answer(await client_offer(), hosts=LOOPBACK)
    await peer.close()
    assert set(candidates(answer)) == {"127.0.0.1"}
    assert "opus/48000" in answer
    assert "PCMU" not in answer


@pytest.mark.anyio
async def test_what_this_side_configured_wrongly_is_no_fault_of_the_peer() -> None:
    offer = await client_offer()
    with pytest.raises(ConfigError, match="STUN or TURN"):
        await Peer.answer(offer, hosts=LOOPBACK, ice_servers=[IceServer(("http://x",))])
    with pytest.raises(ConfigError, match="no address among"):
        await Peer.answer(offer, hosts=("203.0.113.1",))
    with pytest.raises(ConfigError, match="44100"):
        await Peer.answer(offer, hosts=LOOPBACK, sample_rate=44_100)


@pytest.mark.anyio
async def test_stun_and_turn_servers_are_asked() -> None:
    asked = anyio.Event()
    async with (
        await anyio.create_udp_socket(local_host="127.0.0.1") as server,
        anyio.create_task_group() as tasks,
    ):
        port = server.extra_attributes[anyio.abc.SocketAttribute.local_port]()

        async def listen() -> None:
            await server.receive()
            asked.set()

        tasks.start_soon(listen)
        servers = [IceServer((f"stun:127.0.0.1:{port}",))]
        peer, _ = await Peer.answer(await client_offer(), hosts=LOOPBACK, ice_servers=servers)
        await asked.wait()
        await peer.close()


def test_a_credential_is_not_printed() -> None:
    assert "secret" not in repr(IceServer(("turn:x",), "user", "secret"))
