"""What a client is told when it does not get what it asked for: the body that OpenAI clients read.

{"error": {"message": …, "type": …, "param": …, "code": …}}
"""

from __future__ import annotations

import http
import json
from collections.abc import Awaitable, Callable, Mapping
from math import ceil

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from vivavoce.core.errors import (
    AudioError,
    ConfigError,
    ProviderError,
    ProviderTimeout,
    ProviderUnavailable,
    VivavoceError,
)

__all__ = ["Refusal", "exception_handlers", "refusal_of"]

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "request_too_large"}

_OURS: tuple[tuple[type[VivavoceError], int, str], ...] = (
    (AudioError, 400, "invalid_value"),
    (ConfigError, 400, "invalid_value"),
    (ProviderUnavailable, 503, "provider_unavailable"),
    (ProviderTimeout, 504, "provider_timeout"),
    (ProviderError, 502, "provider_error"),
)
_RETRY_S = 5  # a provider's connection or process is back within seconds, or not soon


class Refusal(VivavoceError):
    """A request is answered with an error. `retry_after` is in seconds."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = "invalid_value",
        param: str | None = None,
        retry_after: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after
        self._headers = dict(headers or {})

    @property
    def body(self) -> dict[str, object]:
        """The error as JSON-able data."""
        kind = _TYPES.get(self.status)
        kind = kind or ("server_error" if self.status >= 500 else "invalid_request_error")
        error = {"message": str(self), "type": kind, "param": self.param, "code": self.code}
        return {"error": error}

    def response(self) -> Response:
        """The error as an HTTP response."""
        headers = dict(self._headers)
        if self.retry_after is not None:  # RFC 9110 section 10.2.3: whole seconds
            headers["retry-after"] = str(max(1, ceil(self.retry_after)))
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        text = json.dumps(self.body, ensure_ascii=False)
        return Response(text, self.status, headers, media_type="application/json")


def refusal_of(error: VivavoceError) -> Refusal:
    """The refusal that tells a client of one of our errors, whose words hold no personal data."""
    if isinstance(error, Refusal):
        return error
    for kind, status, code in _OURS:
        if isinstance(error, kind):
            param = "file" if kind is AudioError else None
            retry_after = _RETRY_S if status == 503 else None
            return Refusal(
                str(error), status=status, code=code, param=param, retry_after=retry_after
            )
    return Refusal(type(error).__name__, status=500, code="internal_error")


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    message = error.detail
    if message == http.HTTPStatus(status).phrase:
        message = f"{message}: {request.method} {request.url.path}"
    code = _CODES.get(status, "invalid_value" if status == 400 else None)
    return Refusal(message, status=status, code=code, headers=error.headers).response()


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, VivavoceError)
    return refusal_of(error).response()


async def _on_exception(request: Request, error: Exception) -> Response:
    message = "the server failed; its log says how"
    return Refusal(message, status=500, code="internal_error").response()


Handler = Callable[[Request, Exception], Awaitable[Response]]

exception_handlers: Mapping[type[Exception], Handler] = {
    HTTPException: _on_http_exception,
    VivavoceError: _on_refusal,
    Exception: _on_exception,
}
"""For Starlette: every error in OpenAI's form, and no trace to a client."""
