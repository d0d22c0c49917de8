"""The OpenAI Realtime API (GA) as a sans-I/O protocol, and a transport that speaks it."""

from vivavoce.transports.realtime.protocol import Realtime
from vivavoce.transports.realtime.wire import WireError

__all__ = ["Realtime", "WireError"]
