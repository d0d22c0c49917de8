"""`POST /v1/realtime/client_secrets`: ephemeral keys for browsers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import JSONResponse

from vivavoce.server.keys import DEFAULT_SECONDS, Keys
from vivavoce.server.refusals import Refusal
from vivavoce.transports.realtime import wire
from vivavoce.transports.realtime.config import merged, new_session, view
from vivavoce.transports.realtime.wire import WireError

__all__ = ["client_secret", "ephemeral"]


class _Expiry(msgspec.Struct):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Meta(ge=10, le=7200)] = DEFAULT_SECONDS


class _Wanted(msgspec.Struct):
    expires_after: _Expiry = msgspec.field(default_factory=_Expiry)
    session: dict[str, Any] = msgspec.field(default_factory=dict)


async def client_secret(request: Request, keys: Keys, model: str) -> JSONResponse:
    """A key for sessions of the configuration that is asked for. Raises Refusal."""
    value, expires_at, session = await _mint(request, keys, model)
    return JSONResponse({"value": value, "expires_at": expires_at, "session": session})


async def ephemeral(request: Request, keys: Keys, model: str) -> JSONResponse:
    """The same in the two forms that widely copied snippets read."""
    value, expires_at, session = await _mint(request, keys, model)
    secret = {"value": value, "expires_at": expires_at}
    return JSONResponse({**secret, "client_secret": secret, "session": session})


async def _mint(request: Request, keys: Keys, model: str) -> tuple[str, int, dict[str, Any]]:
    body = await request.body()
    try:
        wanted = msgspec.json.decode(body or b"{}", type=_Wanted)
        plain = new_session("", model, "", 0)
        told = view(merged(plain, wire.patch(wanted.session)))
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Refusal(str(error)) from error
    except WireError as error:
        raise Refusal(str(error), code=error.code, param=error.param) from error
    minted = keys.mint(wanted.session, wanted.expires_after.seconds)
    session = {**told, "expires_at": minted.expires_at}
    return minted.value, minted.expires_at, session
