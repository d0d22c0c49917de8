"""The clients of the server benchmark: those who ask aloud over a WebSocket, those who ask in
writing over WebRTC, and those who only drop in."""

from __future__ import annotations

import base64
import http.client
import json
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import anyio
import msgspec
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcconfiguration import RTCBundlePolicy
from anyio.abc import TaskStatus
from av import Packet
from av.stream import Stream
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from vivavoce.bench.hosting import QUESTIONS
from vivavoce.core.audio import FRAME_S, Samples
from vivavoce.core.errors import RemoteProtocolError
from vivavoce.providers.scripted import Speller
from vivavoce.transports.webrtc.aiortc_seams import choose_addresses, intercept
from vivavoce.transports.webrtc.jitter import CLOCK_RATE, RtpPacket
from vivavoce.transports.webrtc.opus import OpusDecoder, OpusEncoder

__all__ = ["Asked", "Caller", "Notes", "Peer", "Spoken", "drop_in", "spoken_questions"]

SAMPLE_RATE = 24000  # Hz, of pcm16 in the Realtime API
FRAME_SAMPLES = round(FRAME_S * SAMPLE_RATE)
_WORD_S = 0.3
_PAUSE_S = (0.4, 1.2)  # after an answer
_PATIENCE_S = 6.0  # without an answer, after which it is taken as lost
_NOISE_LEVEL = 16.0  # int16 standard deviation: -66 dBFS, a quiet room
_LOOP = 50  # frames of noise, over and over
_LOUD = 330  # int16: -40 dBFS; spelled words are far above it, silence decodes to far less
_FIRST_S = 0.2  # before the first question


# --- what clients note ----------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """A question. `at` is when it was asked (its speech ended as sent, or its text was sent),
    `sounded` when the first audio of its answer came; both on the clients' clock (s)."""

    at: float
    sounded: float | None = None
    reply: str = ""
    over: bool = False
    completed: bool = False


@dataclass(slots=True)
class Notes:
    """What all clients of a run noted. `lags` are how late frames were sent (s), `early` answers
    that began while the question was being asked, `errors` what the server refused."""

    asked: list[Asked] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    early: int = 0
    errors: list[str] = field(default_factory=list)


class _Content(msgspec.Struct):
    transcript: str = ""
    text: str = ""


class _Item(msgspec.Struct):
    content: list[_Content] = []


class _Response(msgspec.Struct):
    id: str
    status: str
    output: list[_Item]

    @property
    def reply(self) -> str:
        return "".join(
            part.transcript or part.text for item in self.output for part in item.content
        )


class _Error(msgspec.Struct):
    message: str


class _Event(msgspec.Struct):
    """What is read of the server's events; the rest is skipped."""

    type: str
    response_id: str = ""
    delta: str = ""
    response: _Response | None = None
    error: _Error | None = None


_read = msgspec.json.Decoder(_Event).decode


# --- aloud, over a WebSocket ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Spoken:
    """A question as the events that carry it, 20 ms each; its speech ends at `ends` (s)."""

    events: Sequence[str]
    ends: float


def spoken_questions(speller: Speller) -> list[Spoken]:
    """The questions, each word a constant."""
    found = []
    for question in QUESTIONS:
        samples, words = speller.spell(question, _WORD_S * len(question.split()), SAMPLE_RATE)
        padded = np.zeros(-(-len(samples) // FRAME_SAMPLES) * FRAME_SAMPLES, np.int16)
        padded[: len(samples)] = samples
        frames = padded.reshape(-1, FRAME_SAMPLES)
        found.append(Spoken([_append(frame.tobytes()) for frame in frames], words[-1].end))
    return found


def _room(frame_samples: int) -> Iterator[Samples]:
    noise = np.random.default_rng(0).normal(0.0, _NOISE_LEVEL, (_LOOP, frame_samples))
    return iter(noise.astype(np.int16))


def _append(data: bytes) -> str:
    return json.dumps(
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(data).decode()}
    )


_ROOM = [_append(frame.tobytes()) for frame in _room(FRAME_SAMPLES)]


class Caller:
    """Asks aloud, in frames of real time, listens to the answer, and asks again; after `stop` is
    set, nothing new. The first question comes within `phase` seconds. Compression is offered, as
    browsers and the official client do."""

    def __init__(
        self,
        questions: Sequence[Spoken],
        random: Random,
        phase: float,
        stop: anyio.Event,
        notes: Notes,
    ) -> None:
        self._notes = notes
        self._questions = questions
        self._random = random
        self._phase = phase
        self._stop = stop
        self._speech: deque[str] = deque()
        self._current: Asked | None = None
        self._response = ""
        self._plays_until = 0.0
        self._next_at = 0.0

    async def run(self, port: int, *, task_status: TaskStatus[None]) -> None:
        """Hold a session; started when it is there."""
        async with connect(_address(port), proxy=None) as socket:
            try:
                await socket.recv()
            except ConnectionClosed as error:
                raise RemoteProtocolError(f"the server began no session: {error}") from error
            task_status.started()
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._listen, socket)
                    await self._talk(socket)
                    group.cancel_scope.cancel()
            except* ConnectionClosed as closed:
                self._notes.errors.append(f"a session was lost: {closed.exceptions[0]}")

    async def _talk(self, socket: ClientConnection) -> None:
        now = anyio.current_time()
        self._next_at = now + self._random.uniform(_FIRST_S, _FIRST_S + self._phase)
        due = now + self._random.uniform(0.0, FRAME_S)
        sent = 0
        while True:
            due += FRAME_S
            await anyio.sleep_until(due)
            if not self._speech:
                if self._is_over(due) and self._stop.is_set():
                    return
                if self._is_over(due) and due - FRAME_S >= self._next_at:
                    self._ask(due - FRAME_S)
            await socket.send(self._speech.popleft() if self._speech else _ROOM[sent % _LOOP])
            sent += 1
            self._notes.lags.append(anyio.current_time() - due)

    def _ask(self, start: float) -> None:
        question = self._random.choice(self._questions)
        self._speech.extend(question.events)
        self._current = Asked(start + question.ends)
        self._response = ""
        self._next_at = float("inf")
        self._notes.asked.append(self._current)

    def _is_over(self, now: float) -> bool:
        """Whether nothing is asked that could still be answered."""
        current = self._current
        if current is None:
            return True
        if current.over:
            if self._next_at == float("inf"):
                self._next_at = max(now, self._plays_until) + self._random.uniform(*_PAUSE_S)
            return True
        if now > current.at + _PATIENCE_S and current.sounded is None:
            self._next_at = min(self._next_at, now)
            return True
        return False

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            event = _read(text)
            if event.type == "response.output_audio.delta":
                self._hear(event)
            elif event.type == "error" and event.error is not None:
                self._notes.errors.append(event.error.message)
            elif event.type == "response.done" and event.response is not None:
                self._finish(event.response)

    def _finish(self, response: _Response) -> None:
        current = self._current
        if current is not None and response.id == self._response:
            current.reply, current.over = response.reply, True
            current.completed = response.status == "completed"

    def _hear(self, event: _Event) -> None:
        now = anyio.current_time()
        current = self._current
        if current is None:
            return
        if event.response_id != self._response:
            if current.sounded is not None:
                return  # of what was asked before
            self._response = event.response_id
            self._plays_until = now
            current.sounded = now
            self._notes.early += now < current.at
        self._plays_until += len(event.delta) * 3 / 4 / 2 / SAMPLE_RATE


def _address(port: int) -> str:
    return f"ws://127.0.0.1:{port}/v1/realtime"


# --- in writing, over WebRTC ----------------------------------------------------------------------


class _Microphone(MediaStreamTrack):
    """A quiet room, encoded beforehand: what measures should be lighter than what is measured."""

    kind = "audio"

    def __init__(self, lags: list[float]) -> None:
        super().__init__()
        self._lags = lags
        self._zero: float | None = None
        self._taken = 0

    async def recv(self) -> Packet[Stream]:
        """The next 20 ms."""
        if self._zero is None:
            self._zero = anyio.current_time()
        due = self._zero + self._taken * FRAME_S
        await anyio.sleep_until(due)
        self._lags.append(anyio.current_time() - due)
        packet = Packet(_ENCODED_ROOM[self._taken % _LOOP])
        packet.pts = round(self._taken * FRAME_S * CLOCK_RATE)
        packet.time_base = Fraction(1, CLOCK_RATE)
        self._taken += 1
        return packet


_ENCODED_ROOM = [*map(OpusEncoder(CLOCK_RATE).encode, _room(round(FRAME_S * CLOCK_RATE)))]


class Peer:
    """Asks in writing, beside an open microphone, and listens for the answer on the track; after
    `stop` is set, nothing new."""

    def __init__(self, random: Random, phase: float, stop: anyio.Event, notes: Notes) -> None:
        self._notes = notes
        self._random = random
        self._phase = phase
        self._stop = stop
        self._current: Asked | None = None
        self._decoder = OpusDecoder()
        self._told = anyio.Event()
        self._silent = anyio.Event()
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._connection.addTrack(_Microphone(notes.lags))
        self._channel = self._connection.createDataChannel("oai-events")
        self._channel.on("message", self._take)
        receiver = self._connection.getTransceivers()[0].receiver
        intercept(receiver, self._hear)
        choose_addresses(receiver, ("127.0.0.1",))

    async def run(self, port: int, *, task_status: TaskStatus[None]) -> None:
        """Hold a session; started when it is there."""
        try:
            await self._connection.setLocalDescription(await self._connection.createOffer())
            offer = self._connection.localDescription.sdp
            answer = await anyio.to_thread.run_sync(_exchange_offers, port, offer)
            await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await self._told.wait()
            task_status.started()
            await anyio.sleep(self._random.uniform(_FIRST_S, _FIRST_S + self._phase))
            while not self._stop.is_set():
                await self._ask()
                await anyio.sleep(self._random.uniform(*_PAUSE_S))
        finally:
            with anyio.CancelScope(shield=True):
                await self._connection.close()

    async def _ask(self) -> None:
        self._silent = anyio.Event()
        text = json.dumps({"type": "vivavoce.text", "text": self._random.choice(QUESTIONS) + "."})
        self._current = Asked(anyio.current_time())
        self._notes.asked.append(self._current)
        self._channel.send(text)
        with anyio.move_on_after(4 * _PATIENCE_S):  # the answer's length included
            await self._silent.wait()

    def _take(self, text: str | bytes) -> None:
        event = _read(text)
        self._told.set()
        if event.type == "output_audio_buffer.stopped":
            self._silent.set()
        elif event.type == "error" and event.error is not None:
            self._notes.errors.append(event.error.message)
        elif event.type == "response.done" and event.response is not None and self._current:
            self._current.reply = event.response.reply
            self._current.completed = event.response.status == "completed"

    def _hear(self, packet: RtpPacket) -> None:
        current = self._current
        if current is None or current.sounded is not None:
            return
        samples = self._decoder.decode(packet.payload)
        if samples is not None and np.abs(samples.astype(np.int32)).max() > _LOUD:
            current.sounded = anyio.current_time()


def _exchange_offers(port: int, offer: str) -> str:
    kind = {"Content-Type": "application/sdp"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", "/v1/realtime/calls", offer, kind)
        answer = connection.getresponse()
        text = answer.read().decode()
    if answer.status != 201:
        raise RemoteProtocolError(f"the server refused an offer: {text}")
    return text


# --- for a moment ---------------------------------------------------------------------------------

_CONTENT = [{"type": "input_text", "text": QUESTIONS[0]}]
_ITEM = {"type": "message", "role": "user", "content": _CONTENT}
_TYPED = json.dumps({"type": "conversation.item.create", "item": _ITEM})
_IN_WRITING = json.dumps({"type": "response.create", "response": {"output_modalities": ["text"]}})


async def drop_in(port: int) -> str:
    """Connect, ask one typed question, and leave with the text of its answer; "" without one."""
    async with connect(_address(port), proxy=None) as socket:
        try:
            await socket.send(_TYPED)
            await socket.send(_IN_WRITING)
            async for text in socket:
                event = _read(text)
                if event.type == "response.done" and event.response is not None:
                    return event.response.reply
        except ConnectionClosed:
            pass
    return ""
