"""Token buckets: how often each client may ask."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Rate", "TokenBuckets"]

MOST_CLIENTS = 10_000  # remembered; some 2 MB. Past it the one that asked longest ago is forgotten


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests a second in the long run, so many at once."""

    per_second: float = 20.0
    burst: int = 100


class TokenBuckets:
    """One bucket for each client address; an IPv6 client is its /64, of which it has every
    address. `clock` is monotonic, in seconds."""

    def __init__(
        self,
        rate: Rate,
        *,
        clock: Callable[[], float] = time.monotonic,
        most_clients: int = MOST_CLIENTS,
    ) -> None:
        self._rate = rate
        self._clock = clock
        self._most_clients = most_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, since

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, address: str) -> float:
        """Seconds until that client may ask again; 0 when it may now."""
        missing = 1 - self._tokens(_network(address))
        return max(0.0, missing / self._rate.per_second)

    def take(self, address: str, tokens: float = 1) -> None:
        """Count a request of that client, or several."""
        client = _network(address)
        left = max(0.0, self._tokens(client) - tokens)
        self._buckets[client] = left, self._clock()
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._most_clients:
            self._buckets.popitem(last=False)

    def _tokens(self, client: str) -> float:
        rate, now = self._rate, self._clock()
        tokens, since = self._buckets.get(client, (float(rate.burst), now))
        return min(rate.burst, tokens + (now - since) * rate.per_second)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address  # a Unix socket's peer, or a test's
    if isinstance(found, ipaddress.IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
