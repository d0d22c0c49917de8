"""What the floor is told, and what it answers. `at` is seconds on the session's timeline."""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.core.transcript import Transcript
from vivavoce.core.turn import Origin, Outcome

__all__ = [
    "Action",
    "Announce",
    "Cancel",
    "CloseItem",
    "Commit",
    "Detached",
    "Discard",
    "DraftFailed",
    "EffectBegun",
    "EndProbability",
    "FirstSound",
    "Hold",
    "Input",
    "InputClosed",
    "KeyDown",
    "KeyUp",
    "ManualCommit",
    "Respond",
    "Resume",
    "SpeechStarted",
    "SpeechStopped",
    "Start",
    "Stop",
    "Text",
    "Tick",
    "TurnEnded",
    "Typed",
    "Unheard",
]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Voice since `onset`; `addressed` is the probability that it is meant for the assistant."""

    at: float
    onset: float
    addressed: float = 1.0


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """Quiet since `since`."""

    at: float
    since: float


@dataclass(frozen=True, slots=True)
class Text:
    """A transcript, partial or final."""

    at: float
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class EndProbability:
    """How complete the present turn sounds."""

    at: float
    probability: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""

    at: float


@dataclass(frozen=True, slots=True)
class FirstSound:
    """The user hears the first of this turn's answer."""

    at: float
    turn: int


@dataclass(frozen=True, slots=True)
class EffectBegun:
    """A tool of this turn has begun to change something."""

    at: float
    turn: int


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn has said all it will say."""

    at: float
    turn: int


@dataclass(frozen=True, slots=True)
class DraftFailed:
    """The draft could not be made."""

    at: float
    turn: int


@dataclass(frozen=True, slots=True)
class Typed:
    """The user typed."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class KeyDown:
    """Push-to-talk pressed."""

    at: float


@dataclass(frozen=True, slots=True)
class KeyUp:
    """Push-to-talk released."""

    at: float


@dataclass(frozen=True, slots=True)
class ManualCommit:
    """The client closes the input item and wants no answer yet."""

    at: float


@dataclass(frozen=True, slots=True)
class Respond:
    """The client wants an answer now."""

    at: float


@dataclass(frozen=True, slots=True)
class Discard:
    """What the user said, and no turn has taken, is taken back."""

    at: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop, client cancel or truncate."""

    at: float


@dataclass(frozen=True, slots=True)
class Announce:
    """The assistant has something to say."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class InputClosed:
    """No more input; `commits` says whether what was said is still answered."""

    at: float
    commits: bool


@dataclass(frozen=True, slots=True)
class Detached:
    """The transport is gone."""

    at: float


Input = (
    SpeechStarted
    | SpeechStopped
    | Text
    | EndProbability
    | Tick
    | FirstSound
    | EffectBegun
    | TurnEnded
    | DraftFailed
    | Typed
    | KeyDown
    | KeyUp
    | ManualCommit
    | Respond
    | Discard
    | Stop
    | Announce
    | InputClosed
    | Detached
)


@dataclass(frozen=True, slots=True)
class Start:
    """Begin an answer behind the shut valve. `speech_ended` is when the user fell silent."""

    turn: int
    origin: Origin
    text: str
    speech_ended: float | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """The answer may be heard; `text` is what it answers."""

    turn: int
    text: str
    speech_ended: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Silence the answer, but keep it."""

    turn: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Let the held answer go on. What was said over it belongs to no turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the answer."""

    turn: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CloseItem:
    """Put the user's words into the conversation without answering them. Without text: what was
    said belongs to nobody. Either way, what is said from now on is something new."""

    text: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """There was speech, and the recogniser never said what."""


Action = Start | Commit | Hold | Resume | Cancel | CloseItem | Unheard
