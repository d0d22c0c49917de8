"""From RTP packets to audio without a gap."""

from __future__ import annotations

from vivavoce.core.audio import FRAME_S, AudioFrame, Samples, silence
from vivavoce.transports.webrtc.jitter import CLOCK_RATE, JitterBuffer, Placed, RtpPacket
from vivavoce.transports.webrtc.opus import OpusDecoder

__all__ = ["Reception"]

CONCEALED_S = 0.100  # the codec's guess has faded out by then; silence follows
FILLED_S = 0.400  # the longest pause of discontinuous transmission (RFC 7587 section 3.1.3)


class Reception:
    """Decodes a stream as its packets come, in frames as long as they are (20 ms as a rule).

    A gap between two packets, by their timestamps, is filled when the second is there: with the
    codec's concealment, then silence. One longer than `FILLED_S` was a pause, and stays one. Like
    the jitter buffer it owns no clock. `concealed` is how much was filled in, in seconds.
    """

    def __init__(self) -> None:
        self._buffer = JitterBuffer()
        self._decoder = OpusDecoder()
        self._end = 0  # clock units since the stream's first
        self._concealed = 0

    @property
    def concealed(self) -> float:
        """How much audio was made up, in seconds."""
        return self._concealed / CLOCK_RATE

    @property
    def late(self) -> int:
        """How many packets came too late, or twice."""
        return self._buffer.late

    @property
    def due(self) -> float | None:
        """When `release` has something to do, or None."""
        return self._buffer.due

    def add(self, packet: RtpPacket, now: float) -> list[AudioFrame]:
        """Take a packet; returns the audio that it completes, 48 kHz."""
        return self._decode(self._buffer.add(packet, now))

    def release(self, now: float) -> list[AudioFrame]:
        """The audio that need not wait any longer for what was lost before it."""
        return self._decode(self._buffer.release(now))

    def _decode(self, packets: list[Placed]) -> list[AudioFrame]:
        frames: list[AudioFrame] = []
        for packet in packets:
            gap = packet.position - self._end
            if gap > FILLED_S * CLOCK_RATE:
                self._end = packet.position
            elif gap > 0:
                frames += self._fill(gap)
            samples = self._decoder.decode(packet.payload)
            if samples is not None:
                frames.append(self._append(samples))
        return frames

    def _fill(self, gap: int) -> list[AudioFrame]:
        frames: list[AudioFrame] = []
        self._concealed += gap
        guessed = round(CONCEALED_S * CLOCK_RATE)
        while gap > 0:
            samples = self._decoder.conceal() if guessed > 0 else None
            if samples is None:
                samples = silence(FRAME_S, CLOCK_RATE)
            frames.append(self._append(samples[:gap]))
            gap -= len(samples)
            guessed -= len(samples)
        return frames

    def _append(self, samples: Samples) -> AudioFrame:
        frame = AudioFrame(samples, CLOCK_RATE, self._end / CLOCK_RATE)
        self._end += len(samples)
        return frame
