"""Headers of every answer: what browsers must not do with it, and who may read it."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

__all__ = ["ALLOWED_HEADERS", "allowed_headers", "cors_headers", "security_headers"]

# Content types a browser runs get the page's policy; everything else may do nothing at all.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; media-src 'self' blob: mediastream:; "
    "worker-src 'self' blob:; connect-src 'self'{sockets}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"

_ALWAYS = MappingProxyType(
    {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    }
)

# What the agents SDK and the openai package send from a browser.
ALLOWED_HEADERS = ("content-type", "authorization", "x-openai-agents-sdk")
_ALLOWED_PREFIXES = ("x-stainless-", "openai-")
_METHODS = "GET, POST, DELETE, OPTIONS"
_PREFLIGHT_S = 600


def security_headers(content_type: str, host: str) -> dict[str, str]:
    """Headers for an answer of that content type, reached by a Host that was checked.

    The page may open WebSockets to where it came from: not every browser's 'self' covers them.
    """
    if not content_type.startswith("text/html"):
        return {**_ALWAYS, "content-security-policy": _DATA_POLICY}
    sockets = f" ws://{host} wss://{host}" if host else ""
    return {**_ALWAYS, "content-security-policy": _PAGE_POLICY.format(sockets=sockets)}


def cors_headers(origin: str) -> dict[str, str]:
    """Headers that let a page of an allowed origin read the answer."""
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "Location, Retry-After",
        "vary": "Origin",
    }


def allowed_headers(requested: Iterable[str]) -> dict[str, str]:
    """The answer to a preflight that asks for these headers."""
    more = [
        name
        for name in (header.strip().lower() for header in requested)
        if name.startswith(_ALLOWED_PREFIXES)
    ]
    return {
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": ", ".join(dict.fromkeys((*ALLOWED_HEADERS, *more))),
        "access-control-max-age": str(_PREFLIGHT_S),
    }
