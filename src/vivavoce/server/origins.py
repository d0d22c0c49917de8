"""Which names this server answers to, and which web pages may use it.

A page anywhere on the web may send requests to 127.0.0.1 or into a home network. Two checks keep
it out: its `Origin` must be ours, and so must the `Host`, because a name that someone else owns may
be made to point here (DNS rebinding) and then passes for our own origin.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

__all__ = ["Names", "host_name"]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


def host_name(host: str) -> str | None:
    """The lower-case name in a Host header, without port and brackets; None if it is malformed."""
    match = _HOST.fullmatch(host)
    return match["name"].strip("[]").rstrip(".").lower() if match else None


@dataclass(frozen=True, slots=True)
class Names:
    """`hosts` are names of ours besides loopback's; `origins` are pages that may use the server
    besides our own and loopback's, as `https://example.org`, "null" or "*".

    `loopback`: the server listens there alone. Otherwise a bare address is a good Host too: for
    rebinding it takes a name.
    """

    loopback: bool = True
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()

    def is_host_ours(self, host: str) -> bool:
        """Whether a request with that Host header is meant for us."""
        name = host_name(host)
        if name is None:
            return False
        if name in LOOPBACK_NAMES or name in self.hosts or name.endswith(".localhost"):
            return True
        return not self.loopback and _is_address(name)

    def is_origin_allowed(self, origin: str, host: str) -> bool:
        """Whether a page of that origin may use the server, which it reached by `host`."""
        if origin in self.origins or "*" in self.origins:
            return True
        try:
            parts = urlsplit(origin)
            name = parts.hostname
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or name is None:
            return False
        return parts.netloc.lower() == host.lower() or name in LOOPBACK_NAMES


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
