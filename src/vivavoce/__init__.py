"""vivavoce: a real-time speech-to-speech assistant, made of parts that can be swapped.

    from vivavoce import Assistant, FileTransport

Names load when they are used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vivavoce.assistant import Assistant
    from vivavoce.config import load_settings
    from vivavoce.core.events import Event, TurnEnded
    from vivavoce.engine.session import Session
    from vivavoce.settings import Settings
    from vivavoce.transports.file import FileTransport

__version__ = "0.1.0"

__all__ = [
    "Assistant",
    "Event",
    "FileTransport",
    "Session",
    "Settings",
    "TurnEnded",
    "load_settings",
]

_PLACES = {
    "Assistant": "vivavoce.assistant",
    "Event": "vivavoce.core.events",
    "FileTransport": "vivavoce.transports.file",
    "Session": "vivavoce.engine.session",
    "Settings": "vivavoce.settings",
    "TurnEnded": "vivavoce.core.events",
    "load_settings": "vivavoce.config",
}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *_PLACES))
