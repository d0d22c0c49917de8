from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.core.errors import ConfigError
from vivavoce.server.keys import Grant, Keys, Kind, new_server_key
from vivavoce.server.refusals import Refusal

SERVER_KEY = "a-server-key-of-some-length"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(clock: Clock) -> Keys:
    return Keys(SERVER_KEY, most=3, clock=clock)


def test_the_server_key_opens_everything(keys: Keys) -> None:
    assert keys.check(SERVER_KEY) == Grant(Kind.SERVER)


@pytest.mark.parametrize("wrong", [None, "", "ek_", SERVER_KEY + "x", SERVER_KEY.upper(), "\udcff"])
def test_other_keys_open_nothing(keys: Keys, wrong: str | None) -> None:
    assert keys.check(wrong) is None


def test_without_a_server_key_no_text_is_one() -> None:
    keys = Keys()
    assert not keys.has_server_key
    assert keys.check("None") is None


def test_a_short_server_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="5 characters"):
        Keys("short")


def test_an_ephemeral_key_opens_the_session_it_was_made_for(keys: Keys) -> None:
    session: dict[str, object] = {"type": "realtime", "audio": {"output": {"voice": "marin"}}}
    minted = keys.mint(session, 60)
    assert minted.value.startswith("ek_")
    assert len(minted.value) == len("ek_") + 43  # 32 bytes, url-safe
    assert minted.expires_at == 1_800_000_060
    session["type"] = "changed after minting"
    grant = keys.check(minted.value)
    assert grant is not None
    assert grant.kind is Kind.EPHEMERAL
    assert grant.session == {"type": "realtime", "audio": {"output": {"voice": "marin"}}}


def test_a_grants_holder_cannot_change_the_key(keys: Keys) -> None:
    minted = keys.mint({"tools": []})
    grant = keys.check(minted.value)
    assert grant is not None
    tools = grant.session["tools"]
    assert isinstance(tools, list)
    tools.append("more")
    again = keys.check(minted.value)
    assert again is not None
    assert again.session == {"tools": []}


def test_a_key_serves_again_until_it_expires(keys: Keys, clock: Clock) -> None:
    minted = keys.mint({}, 10)
    clock.now += 9
    assert keys.check(minted.value)
    assert keys.check(minted.value)
    clock.now = minted.expires_at
    assert keys.check(minted.value) is None
    assert len(keys) == 0


def test_a_revoked_key_is_worthless(keys: Keys) -> None:
    minted = keys.mint({})
    assert keys.revoke(minted.value)
    assert keys.check(minted.value) is None
    assert not keys.revoke(minted.value)


@pytest.mark.parametrize("seconds", [-1, 0, 9, 7201])
def test_a_life_out_of_bounds_is_refused(keys: Keys, seconds: int) -> None:
    with pytest.raises(Refusal, match="10 to 7200") as refused:
        keys.mint({}, seconds)
    assert refused.value.status == 400
    assert refused.value.param == "expires_after.seconds"


def test_too_many_keys_are_refused_until_one_expires(keys: Keys, clock: Clock) -> None:
    for _ in range(3):
        keys.mint({}, 20)
    with pytest.raises(Refusal) as refused:
        keys.mint({}, 20)
    assert refused.value.response().headers["retry-after"] == "20"
    clock.now += 20
    keys.mint({}, 20)
    assert len(keys) == 1


@pytest.mark.parametrize("session", [{"a": object()}, {"a": float("nan")}, {"a": "x" * 70_000}])
def test_a_session_that_cannot_be_kept_is_refused(keys: Keys, session: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        keys.mint(session)
    assert len(keys) == 0


def test_no_key_is_kept_as_text(keys: Keys) -> None:
    minted = keys.mint({"instructions": "hello"})
    assert minted.value not in repr(minted)
    assert "hello" in repr(vars(keys))  # so all that is kept is seen
    assert minted.value not in repr(vars(keys))
    assert SERVER_KEY not in repr(vars(keys))


@given(st.text())
def test_no_guess_opens_anything(guess: str) -> None:
    keys = Keys(SERVER_KEY)
    keys.mint({})
    assert guess == SERVER_KEY or keys.check(guess) is None


def test_new_server_keys_differ_and_are_long_enough() -> None:
    first, second = new_server_key(), new_server_key()
    assert first != second
    assert Keys(first).check(first) == Grant(Kind.SERVER)
