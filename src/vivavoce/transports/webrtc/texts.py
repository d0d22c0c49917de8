"""The data channel: texts both ways, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vivavoce.core.errors import LocalProtocolError, TransportClosed
from vivavoce.engine.streams import Full, Stream

if TYPE_CHECKING:
    from aiortc import RTCDataChannel

__all__ = ["CHANNEL", "MAX_WAITING", "Texts"]

CHANNEL = "oai-events"  # what OpenAI's clients call it; a channel of another name serves as well
MAX_WAITING = 4 * 1024 * 1024  # bytes, each way; whoever lets more wait is too slow to be served

_OVERHEAD = 64  # bytes that a text counts for besides its own, so that empty ones are bounded too


def _weight(text: str) -> float:
    return _OVERHEAD + len(text)


class Texts:
    """What the peer says waits in `received`; what it is told waits for a channel, then for the
    network. `lost` is called, once, when either side is too slow."""

    def __init__(self, lost: Callable[[str], None]) -> None:
        self.received: Stream[str] = Stream(MAX_WAITING, Full.CLOSE, _weight)
        self._lost = lost
        self._channel: RTCDataChannel | None = None
        self._unsent: list[str] = []
        self._unsent_bytes = 0.0
        self._open = True

    def attach(self, channel: RTCDataChannel) -> None:
        """Serve a channel that the peer opened. Answers go to the one named `CHANNEL`, or to the
        first."""
        channel.on("message", self._receive)
        channel.on("close", lambda: self._detach(channel))
        if self._channel is None or channel.label == CHANNEL:
            self._channel = channel
        unsent, self._unsent, self._unsent_bytes = self._unsent, [], 0.0
        for text in unsent:
            self.send(text)

    def send(self, text: str) -> None:
        """Send a text, once there is a channel. Raises TransportClosed when the peer is gone or
        takes nothing, LocalProtocolError for a text longer than it can take."""
        if not self._open:
            raise TransportClosed("the peer is gone")
        channel = self._channel
        if channel is None or channel.readyState != "open":
            self._unsent.append(text)
            self._unsent_bytes += _weight(text)
            waiting = self._unsent_bytes
        else:
            try:
                channel.send(text)
            except ValueError as error:
                raise LocalProtocolError(f"the peer cannot take this text: {error}") from error
            waiting = channel.bufferedAmount
        if waiting > MAX_WAITING:
            self._lost(f"the peer lets {waiting:.0f} bytes of text wait")
            raise TransportClosed("the peer reads too slowly")

    def close(self) -> None:
        """No more texts either way; those that came can still be taken."""
        self._open = False
        self._unsent.clear()
        self.received.close()

    def _receive(self, message: str | bytes) -> None:
        text = message if isinstance(message, str) else message.decode(errors="replace")
        if self._open and not self.received.put(text):
            self._lost("the peer's texts were not taken in time")

    def _detach(self, channel: RTCDataChannel) -> None:
        if channel is self._channel:
            self._channel = None
