"""The session object of the Realtime API: what a client may set, and what it means here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from vivavoce.transports.realtime.wire import SessionPatch, WireError

__all__ = ["merged", "new_session", "view"]

Json = dict[str, Any]


def new_session(id: str, model: str, instructions: str, expires_at: int) -> Json:
    """A session as it is before the client says anything. Turns end as they sound and read."""
    return {
        "type": "realtime",
        "object": "realtime.session",
        "id": id,
        "model": model,
        "output_modalities": ["audio"],
        "instructions": instructions,
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
        "tracing": None,
        "prompt": None,
        "include": None,
        "expires_at": expires_at,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "noise_reduction": None,
                "transcription": None,
                "turn_detection": {
                    "type": "semantic_vad",
                    "eagerness": "auto",
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "voice": "default",
                "speed": 1.0,
            },
        },
    }


def merged(session: Mapping[str, Any], patch: SessionPatch, *, spoke: bool = False) -> Json:
    """The session with the patch applied. `spoke`: audio was produced, so that the voice is fixed.

    A model is what the server has: another name is let pass and changes nothing. Raises WireError.
    """
    changes: Json = msgspec.to_builtins(patch)
    changes.pop("model", None)
    kind = changes.pop("type", session["type"])
    new = dict(session)
    voice = changes.get("audio", {}).get("output", {}).get("voice")
    if spoke and voice is not None and voice != session["audio"]["output"]["voice"]:
        raise WireError(
            "the voice cannot change after audio was produced",
            code="cannot_update_voice",
            param="session.audio.output.voice",
        )
    audio = changes.pop("audio", {})
    sides = ("input", "output")
    new["audio"] = {side: {**session["audio"][side], **audio.get(side, {})} for side in sides}
    new.update(changes)
    new["type"] = kind
    return new


def view(session: Mapping[str, Any]) -> Json:
    """The session as it is told: one that only transcribes has no voice and no instructions."""
    if session["type"] == "realtime":
        return dict(session)
    told = ("type", "id", "expires_at", "include")
    kept = {key: session[key] for key in told}
    return {
        **kept,
        "object": "realtime.transcription_session",
        "audio": {"input": session["audio"]["input"]},
    }
