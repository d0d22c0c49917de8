"""Everything that happens in a session, as one closed union.

The metrics, the ledger, the wire protocols, the terminal and the tests all read these. Adding a
kind is a reviewed act. `at` is seconds on the session's timeline.
"""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.core.messages import Source, ToolCall, ToolResult
from vivavoce.core.transcript import Transcript
from vivavoce.core.turn import Origin, Outcome, TurnRecord

__all__ = [
    "Dropped",
    "Event",
    "Failed",
    "Heard",
    "ReplyText",
    "SessionEnded",
    "SessionStarted",
    "SourceFound",
    "SpeechIgnored",
    "SpeechStarted",
    "SpeechStopped",
    "ToolEnded",
    "ToolStarted",
    "TranscriptUpdated",
    "TurnAmended",
    "TurnCommitted",
    "TurnCut",
    "TurnEnded",
    "TurnHeld",
    "TurnResumed",
    "TurnStarted",
    "UserSaid",
]


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The session listens."""

    at: float
    session: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """Nothing of the session runs any more."""

    at: float
    session: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak; `at` is the onset, noticed a little later."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The user fell silent; `at` is the end of the voice, noticed a little later."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechIgnored:
    """What the user said since the last turn is no turn: noise, or nothing that was understood."""

    at: float


@dataclass(frozen=True, slots=True)
class UserSaid:
    """What the user said became an item of the conversation that nobody answers yet; "" is no item,
    where nothing was said."""

    at: float
    item: str
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptUpdated:
    """The recogniser's view of the present utterance changed."""

    at: float
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """An answer is being made, behind the shut valve until it is committed."""

    at: float
    turn: str
    origin: Origin
    user_text: str


@dataclass(frozen=True, slots=True)
class TurnCommitted:
    """The answer may be heard; `user_text` is what it answers."""

    at: float
    turn: str
    user_text: str


@dataclass(frozen=True, slots=True)
class TurnHeld:
    """The answer pauses until it is clear whether that was an interruption."""

    at: float
    turn: str


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """It was none; the answer goes on."""

    at: float
    turn: str


@dataclass(frozen=True, slots=True)
class TurnCut:
    """The answer is silent for good; how much of it was heard is settled a little later."""

    at: float
    turn: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ReplyText:
    """More of the answer was written."""

    at: float
    turn: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """More of the answer was played; `text` is all that was heard of it so far."""

    at: float
    turn: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool runs."""

    at: float
    turn: str
    call: ToolCall


@dataclass(frozen=True, slots=True)
class ToolEnded:
    """A tool has given its result, or its failure."""

    at: float
    turn: str
    result: ToolResult


@dataclass(frozen=True, slots=True)
class SourceFound:
    """The answer rests on this source."""

    at: float
    turn: str
    source: Source


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A turn is over and settled."""

    at: float
    record: TurnRecord


@dataclass(frozen=True, slots=True)
class TurnAmended:
    """A client's late word on what was played changed what counts as heard."""

    at: float
    turn: str
    heard: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Something failed; the session goes on unless it says otherwise. No personal data."""

    at: float
    role: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """A bounded stream lost something; `count` is the total so far."""

    at: float
    stream: str
    count: int


Event = (
    SessionStarted
    | SessionEnded
    | SpeechStarted
    | SpeechStopped
    | SpeechIgnored
    | UserSaid
    | TranscriptUpdated
    | TurnStarted
    | TurnCommitted
    | TurnHeld
    | TurnResumed
    | TurnCut
    | ReplyText
    | Heard
    | ToolStarted
    | ToolEnded
    | SourceFound
    | TurnEnded
    | TurnAmended
    | Failed
    | Dropped
)
