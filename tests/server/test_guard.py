from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from vivavoce.core.errors import ConfigError
from vivavoce.server.guard import Door, Guard, grant_of
from vivavoce.server.keys import Keys
from vivavoce.server.origins import Names, host_name
from vivavoce.server.rate import Rate, TokenBuckets
from vivavoce.server.refusals import exception_handlers

SOCKET = "ws://localhost:8080/v1/realtime"
SERVER_KEY = "a-server-key-of-some-length"
LAN = Names(loopback=False, hosts=frozenset({"living-room.local"}))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


async def who(request: Request) -> Response:
    grant = grant_of(request)
    return JSONResponse({"who": grant.kind.value if grant else None})


async def page(request: Request) -> Response:
    return HTMLResponse("<p>hello")


async def swallow(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def crash(request: Request) -> Response:
    raise RuntimeError("secret-in-a-trace")


async def talk(socket: WebSocket) -> None:
    await socket.accept(subprotocol="realtime")
    grant = grant_of(socket)
    await socket.send_json(dict(grant.session) if grant else {"grant": None})
    await socket.close()


def app(keys: Keys, door: Door, clock: Clock | None = None) -> Guard:
    routes = [
        Route("/", page),
        Route("/v1/models", who),
        Route("/v1/realtime/calls", who, methods=["POST"]),
        Route("/v1/realtime/client_secrets", who, methods=["POST"]),
        Route("/v1/audio/transcriptions", swallow, methods=["POST"]),
        Route("/v1/swallow", swallow, methods=["POST"]),
        Route("/v1/crash", crash),
        WebSocketRoute("/v1/realtime", talk),
    ]
    inner = Starlette(routes=routes, exception_handlers=dict(exception_handlers))
    return Guard(inner, keys=keys, door=door, clock=clock or Clock())


def client(
    server_key: str | None = None, door: Door | None = None, *, clock: Clock | None = None
) -> TestClient:
    made = app(Keys(server_key), door or Door(), clock)
    return TestClient(made, "http://localhost:8080", raise_server_exceptions=False)


def refused_socket(http: TestClient, headers: dict[str, str]) -> WebSocketDenialResponse:
    """What comes in place of the handshake."""
    connection = http.websocket_connect(SOCKET, headers=headers)
    with pytest.raises(WebSocketDenialResponse) as denied:
        connection.__enter__()
    return denied.value


@pytest.fixture
def local() -> Iterator[TestClient]:
    with client() as found:
        yield found


# --- keys ---------------------------------------------------------------------------------------


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_loopback_without_a_key_lets_everyone_in(local: TestClient) -> None:
    assert local.get("/v1/models").json() == {"who": None}
    assert local.get("/v1/models", headers=bearer("sk-anything")).status_code == 200


def test_a_server_that_others_reach_needs_a_key() -> None:
    with pytest.raises(ConfigError, match="needs a key"):
        app(Keys(), Door(names=LAN))


@pytest.mark.parametrize("names", [Names(), LAN])
def test_with_a_key_nobody_comes_in_without(names: Names) -> None:
    http = client(SERVER_KEY, Door(names=names))
    missing = http.get("/v1/models")
    assert missing.status_code == 401
    assert missing.headers["www-authenticate"] == "Bearer"
    assert missing.json()["error"]["code"] == "invalid_api_key"
    assert "needs a key" in missing.json()["error"]["message"]
    wrong = http.get("/v1/models", headers=bearer("wrong-key"))
    assert wrong.status_code == 401
    assert "wrong-key" not in wrong.text
    assert http.get("/v1/models", headers=bearer(SERVER_KEY)).json() == {"who": "server"}


def test_the_page_itself_needs_no_key() -> None:
    http = client(SERVER_KEY)
    assert http.get("/").status_code == 200
    assert http.get("/static/none.js").status_code == 404
    assert http.get("/staticky").status_code == 401


def test_an_ephemeral_key_opens_sessions_and_nothing_else() -> None:
    keys = Keys(SERVER_KEY)
    key = keys.mint({"type": "realtime"}).value
    http = TestClient(app(keys, Door()), "http://localhost:8080")
    assert http.post("/v1/realtime/calls", headers=bearer(key)).json() == {"who": "ephemeral"}
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/realtime/client_secrets")):
        refused = http.request(method, path, headers=bearer(key))
        assert refused.status_code == 403
        assert refused.json()["error"]["type"] == "permission_error"


def test_a_revoked_ephemeral_key_is_refused_even_where_none_is_needed() -> None:
    keys = Keys()
    key = keys.mint({}).value
    keys.revoke(key)
    http = TestClient(app(keys, Door()), "http://localhost:8080")
    assert http.post("/v1/realtime/calls", headers=bearer(key)).status_code == 401


def test_a_browsers_socket_brings_its_key_as_a_subprotocol() -> None:
    keys = Keys(SERVER_KEY)
    key = keys.mint({"voice": "marin"}).value
    http = TestClient(app(keys, Door()), "http://localhost:8080")
    protocols = ["realtime", f"openai-insecure-api-key.{key}", "openai-agents-sdk.1"]
    with http.websocket_connect(SOCKET, subprotocols=protocols) as socket:
        assert vars(socket)["accepted_subprotocol"] == "realtime"
        assert socket.receive_json() == {"voice": "marin"}


def test_a_socket_without_a_key_is_told_why_in_place_of_the_handshake() -> None:
    http = client(SERVER_KEY)
    denied = refused_socket(http, {})
    assert denied.status_code == 401
    assert denied.json()["error"]["code"] == "invalid_api_key"


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "a b", "[::1", "x" * 300]
)
def test_a_name_that_is_not_ours_is_refused(local: TestClient, host: str) -> None:
    refused = local.get("/", headers={"Host": host})
    assert refused.status_code == 421
    assert refused.json()["error"]["code"] == "host_not_allowed"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:80", "[::1]:80", "a.localhost"]
)
def test_loopbacks_names_are_ours(local: TestClient, host: str) -> None:
    assert local.get("/", headers={"Host": host}).status_code == 200


def test_in_a_network_addresses_and_listed_names_are_ours() -> None:
    assert LAN.is_host_ours("192.168.1.7:8080")
    assert LAN.is_host_ours("[fd00::7]:8080")
    assert LAN.is_host_ours("Living-Room.local:8080")
    assert not LAN.is_host_ours("rebound.example:8080")
    assert not Names().is_host_ours("192.168.1.7:8080")


@given(st.text(max_size=300))
def test_any_host_header_is_judged(host: str) -> None:
    assert Names().is_host_ours(host) in {True, False}
    name = host_name(host)
    assert name is None or name == name.lower()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8080", True),
        ("http://localhost:3000", True),
        ("https://127.0.0.1", True),
        ("https://example.org", False),
        ("https://localhost.evil.example", False),
        ("https://localhost@evil.example", False),
        ("null", False),
        ("file://", False),
        ("http://[", False),
    ],
)
def test_only_own_pages_may_use_the_server(local: TestClient, origin: str, allowed: bool) -> None:
    answer = local.get("/v1/models", headers={"Origin": origin})
    assert answer.status_code == (200 if allowed else 403)
    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    if not allowed:
        assert answer.json()["error"]["code"] == "origin_not_allowed"


def test_a_foreign_pages_socket_is_refused(local: TestClient) -> None:
    assert refused_socket(local, {"Origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize("listed", ["https://example.org", "*"])
def test_a_listed_origin_may_use_the_server(listed: str) -> None:
    http = client(door=Door(names=Names(origins=frozenset({listed}))))
    assert http.get("/v1/models", headers={"Origin": "https://example.org"}).status_code == 200


# --- cors ---------------------------------------------------------------------------------------


def test_the_agents_sdks_preflight_is_answered_without_a_key() -> None:
    answer = client(SERVER_KEY).options(
        "/v1/realtime/calls",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": (
                "authorization,x-openai-agents-sdk,x-stainless-os,x-evil"
            ),
        },
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"content-type", "authorization", "x-openai-agents-sdk", "x-stainless-os"} == set(
        allowed
    )
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_page_may_read_where_its_call_is(local: TestClient) -> None:
    answer = local.post("/v1/realtime/calls", headers={"Origin": "http://localhost:3000"})
    assert "Location" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


def test_an_error_can_be_read_by_the_page_too() -> None:
    refused = client(SERVER_KEY).get("/v1/models", headers={"Origin": "http://localhost:3000"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "http://localhost:3000"


# --- headers ------------------------------------------------------------------------------------


def test_the_page_may_load_from_here_alone(local: TestClient) -> None:
    headers = local.get("/").headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://localhost:8080 wss://localhost:8080"
    assert policy["media-src"] == "'self' blob: mediastream:"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["permissions-policy"].startswith("microphone=(self)")


@pytest.mark.parametrize("path", ["/v1/models", "/none", "/v1/crash"])
def test_data_may_do_nothing_in_a_browser(local: TestClient, path: str) -> None:
    headers = local.get(path).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"


# --- limits -------------------------------------------------------------------------------------


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    clock = Clock()
    http = client(door=Door(rate=Rate(per_second=0.5, burst=2)), clock=clock)
    assert [http.get("/v1/models").status_code for _ in range(3)] == [200, 200, 429]
    refused = http.get("/v1/models")
    assert refused.headers["retry-after"] == "2"
    assert refused.json()["error"]["type"] == "rate_limit_error"
    clock.now += 1.9
    assert http.get("/v1/models").status_code == 429
    clock.now += 0.1
    assert http.get("/v1/models").status_code == 200


def test_guessing_keys_is_slower_than_using_one() -> None:
    http = client(SERVER_KEY, Door(rate=Rate(per_second=1, burst=30)))
    codes = [http.get("/v1/models", headers=bearer(f"guess-{n}")).status_code for n in range(4)]
    assert codes == [401, 401, 401, 429]


def test_each_client_has_its_own_bucket() -> None:
    clock = Clock()
    buckets = TokenBuckets(Rate(1, 1), clock=clock)
    buckets.take("192.168.1.7")
    assert buckets.wait("192.168.1.7") == 1
    assert buckets.wait("::ffff:192.168.1.7") == 1  # the same one, through an IPv6 socket
    assert buckets.wait("192.168.1.8") == 0
    buckets.take("2001:db8::1")
    assert buckets.wait("2001:db8::2") == 1  # the same /64
    assert buckets.wait("2001:db8:0:1::1") == 0


def test_buckets_are_bounded() -> None:
    buckets = TokenBuckets(Rate(1, 1), clock=Clock(), most_clients=3)
    for n in range(5):
        buckets.take(f"10.0.0.{n}")
    assert len(buckets) == 3
    assert buckets.wait("10.0.0.0") == 0
    assert buckets.wait("10.0.0.4") == 1


@given(st.lists(st.floats(0, 10), max_size=50), st.integers(1, 5))
def test_no_pattern_of_asking_beats_the_rate(pauses: list[float], burst: int) -> None:
    clock, served = Clock(), 0
    buckets = TokenBuckets(Rate(2.0, burst), clock=clock)
    start = clock.now
    for pause in pauses:
        clock.now += pause
        if not buckets.wait("one"):
            buckets.take("one")
            served += 1
    assert served <= burst + 2 * (clock.now - start) + 1e-6


@pytest.mark.parametrize("path", ["/v1/swallow", "/v1/audio/transcriptions"])
def test_a_body_past_its_limit_is_refused(path: str) -> None:
    http = client(door=Door(most_bytes=10, most_upload_bytes=20))
    limit = 10 if path == "/v1/swallow" else 20
    assert http.post(path, content=b"x" * limit).text == str(limit)
    declared = http.post(path, content=b"x" * (limit + 1))
    assert declared.status_code == 413
    assert declared.json()["error"]["code"] == "request_too_large"
    chunked = http.post(path, content=iter([b"x" * limit, b"x"]))
    assert chunked.status_code == 413


# --- errors -------------------------------------------------------------------------------------


def test_no_trace_reaches_a_client(local: TestClient) -> None:
    answer = local.get("/v1/crash")
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "code"), [("GET", "/none", 404), ("PUT", "/v1/models", 405)]
)
def test_what_is_not_there_is_said_in_the_same_form(
    local: TestClient, method: str, path: str, code: int
) -> None:
    answer = local.request(method, path)
    assert answer.status_code == code
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert path in answer.json()["error"]["message"]
