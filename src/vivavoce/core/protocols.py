"""The seams: what a provider or a transport must be able to do.

A class fits by shape, not by inheritance. Each protocol has a conformance check in
`vivavoce.testing`. Times are seconds; audio is mono int16.

Every stream is opened with `async with`. Leaving the block ends its work; it waits for nothing that
is not its own and, when cancelled, returns within half a second. Errors are `ProviderError`s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

from vivavoce.core.audio import AudioFrame, Samples
from vivavoce.core.events import Event
from vivavoce.core.messages import ChatItem, LLMDelta, Source, ToolSpec
from vivavoce.core.speech import Speech
from vivavoce.core.transcript import Transcript

__all__ = [
    "LLM",
    "STT",
    "TTS",
    "VAD",
    "ClientCancel",
    "Control",
    "Discard",
    "InputClosed",
    "KeyDown",
    "KeyUp",
    "LLMCapabilities",
    "ManualCommit",
    "Played",
    "Respond",
    "STTCapabilities",
    "STTStream",
    "Search",
    "SpeakerEncoder",
    "TTSCapabilities",
    "TTSStream",
    "Tool",
    "Transport",
    "TransportCapabilities",
    "Truncate",
    "TurnDetector",
    "TypedText",
    "VADStream",
]

# --- recognition -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class STTCapabilities:
    """`sample_rate` is what `send` takes (Hz). `partials`: transcripts come while speech goes on.
    `continuous`: wants silence too; otherwise it is sent speech with a little before and after."""

    sample_rate: int = 16000
    partials: bool = True
    continuous: bool = False
    word_times: bool = False
    diarisation: bool = False


class STTStream(Protocol):
    """One listening session: audio in, transcripts out."""

    async def send(self, frame: AudioFrame) -> None:
        """Take more audio; `frame.start` is on the session's timeline and may jump forward.

        Waits only when the recogniser is far behind. Raises ProviderError when it is lost.
        """

    async def flush(self) -> None:
        """Ask for the final transcript of all audio since the last `cut`, now.

        Returns at once; the final comes through iteration, empty if there are no words. More
        audio may follow and then takes the same transcript further, from the same start.
        """

    def cut(self) -> None:
        """Audio sent from now on begins a new transcript. A flush under way still answers."""

    def __aiter__(self) -> AsyncIterator[Transcript]:
        """Partial and final transcripts in the order of their making."""


@runtime_checkable
class STT(Protocol):
    """A speech recogniser."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> STTCapabilities: ...
    def stream(self, *, language: str | None = None) -> AbstractAsyncContextManager[STTStream]:
        """Open a stream. `language` is ISO 639-1; None lets the recogniser decide."""


# --- reasoning ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LLMCapabilities:
    """`context_tokens` bounds prompt and reply; None is not known."""

    context_tokens: int | None = None
    tools: bool = True
    prefill: bool = False


@runtime_checkable
class LLM(Protocol):
    """A language model."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> LLMCapabilities: ...
    def reply(
        self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()
    ) -> AsyncIterator[LLMDelta]:
        """Generate one reply. A tool call comes whole, after the text that precedes it."""

    async def prefill(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> None:
        """Compute the prompt's prefix ahead of its use. A hint: giving up early is no error."""

    def count_tokens(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> int:
        """About how many tokens the prompt takes; quick, and never too low by more than a fifth."""


# --- speech ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TTSCapabilities:
    """`sample_rate` of what comes out (Hz). `languages` is empty when not known."""

    sample_rate: int = 24000
    word_times: bool = False
    languages: frozenset[str] = frozenset()


class TTSStream(Protocol):
    """One answer: text in, speech out, in order."""

    async def say(self, text: str) -> None:
        """Take a speakable piece of text. Waits when too much is pending."""

    async def finish(self) -> None:
        """No more text comes; iteration ends after the last audio."""

    def __aiter__(self) -> AsyncIterator[Speech]:
        """The audio, as soon as there is some."""


@runtime_checkable
class TTS(Protocol):
    """A speech synthesiser."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> TTSCapabilities: ...
    def stream(self, *, language: str | None = None) -> AbstractAsyncContextManager[TTSStream]:
        """Open a stream for one answer. Raises ConfigError for a language it cannot speak."""


# --- turn-taking -------------------------------------------------------------------------------


class VADStream(Protocol):
    """Voice activity of one audio stream."""

    async def probability(self, window: Samples) -> float:
        """The probability that `window` (int16, `VAD.window_samples` long) holds speech."""


@runtime_checkable
class VAD(Protocol):
    """Voice activity detection."""

    @property
    def name(self) -> str: ...
    @property
    def sample_rate(self) -> int: ...
    @property
    def window_samples(self) -> int: ...
    def stream(self) -> VADStream: ...


@runtime_checkable
class TurnDetector(Protocol):
    """Whether the speaker is done, judged from how it sounded."""

    @property
    def name(self) -> str: ...
    @property
    def sample_rate(self) -> int: ...
    @property
    def window(self) -> float:
        """How many seconds of audio it looks back on."""

    async def probability(self, samples: Samples) -> float:
        """The probability that the turn that ends with `samples` (int16 `(n,)`) is complete."""


@runtime_checkable
class SpeakerEncoder(Protocol):
    """Who speaks, as a vector."""

    @property
    def sample_rate(self) -> int: ...
    async def embed(self, samples: Samples) -> Sequence[float]:
        """A unit vector for the voice in `samples` (int16 `(n,)`)."""


# --- tools -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the assistant can do.

    `call` takes the decoded arguments and gives the result's text. `effect` says that calling it
    changes something: such a tool runs only for a committed turn, and a barge-in never cuts it off.
    `deadline` is in seconds.
    """

    spec: ToolSpec
    call: Callable[[Mapping[str, object]], Awaitable[str]]
    effect: bool = True
    deadline: float = 30.0


@runtime_checkable
class Search(Protocol):
    """Finds passages on the web or in documents."""

    @property
    def name(self) -> str: ...
    async def search(self, query: str, *, limit: int = 5) -> Sequence[Source]:
        """At most `limit` sources, best first."""


# --- transports --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransportCapabilities:
    """What a transport can do, as data.

    `live`: audio arrives in real time. `sample_rate`: what `send` wants (Hz).
    `client_owned`: the peer buffers and stops playback by itself. `clear`: audio that was sent and
    not played can be taken back. `reports_played`: `Played` arrives on its own; otherwise the mouth
    takes audio as played `latency` seconds after it was due. `commits_on_close`: when the input
    ends, an utterance under way is still answered (a file) rather than dropped (a call).
    """

    live: bool = True
    sample_rate: int = 24000
    client_owned: bool = False
    clear: bool = True
    reports_played: bool = False
    commits_on_close: bool = False
    latency: float = 0.0


@dataclass(frozen=True, slots=True)
class TypedText:
    """The user typed; it is answered at once."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyDown:
    """Push-to-talk pressed."""


@dataclass(frozen=True, slots=True)
class KeyUp:
    """Push-to-talk released."""


@dataclass(frozen=True, slots=True)
class ManualCommit:
    """The client closes the input item without asking for an answer."""


@dataclass(frozen=True, slots=True)
class Respond:
    """The client asks for an answer now."""


@dataclass(frozen=True, slots=True)
class ClientCancel:
    """The client stops the answer under way."""


@dataclass(frozen=True, slots=True)
class Discard:
    """The client takes back what the user said and nobody has answered."""


@dataclass(frozen=True, slots=True)
class Played:
    """The peer has played the answer of `turn` up to `position` seconds of its audio.

    `final`: nothing more of it will be played.
    """

    turn: str
    position: float
    final: bool = False


@dataclass(frozen=True, slots=True)
class Truncate:
    """The client says that of `turn` only `position` seconds were heard; it may come late."""

    turn: str
    position: float


@dataclass(frozen=True, slots=True)
class InputClosed:
    """No more input comes: the file ended, the caller hung up."""


Control = (
    TypedText
    | KeyDown
    | KeyUp
    | ManualCommit
    | Respond
    | ClientCancel
    | Discard
    | Played
    | Truncate
    | InputClosed
)


@runtime_checkable
class Transport(Protocol):
    """How a person is reached. Opened and closed by `async with`."""

    @property
    def capabilities(self) -> TransportCapabilities: ...

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exc: object) -> bool | None: ...

    def receive(self) -> AsyncIterator[AudioFrame | Control]:
        """Frames (any sample rate, `start` on the stream's audio clock) and controls, in order.

        Ends, or yields InputClosed, when no more input comes. Raises TransportClosed when the
        peer is lost.
        """

    async def send(self, turn: str, frame: AudioFrame) -> None:
        """Take audio of `turn`; `frame.start` is its position in that turn's audio (s).

        Waits while more than it may hold is unplayed. Raises TransportClosed.
        """

    async def clear(self) -> None:
        """Drop what was sent and not played; silent within a frame. Without effect where it
        cannot."""

    async def notify(self, event: Event) -> None:
        """Tell the peer what happens. Waits when the peer is slow."""
