"""The embedded providers by name. Making one loads nothing; its `warm` does."""

from __future__ import annotations

from pathlib import Path

from vivavoce.core.errors import ConfigError
from vivavoce.core.plugins import ProviderContext
from vivavoce.core.protocols import LLM, STT, TTS, VAD, TurnDetector
from vivavoce.models import models_directory, path, require
from vivavoce.providers.local.runtime import Runtime

__all__ = ["MODELS", "llm", "stt", "tts", "turn_detector", "vad"]

# The name in a configuration, and the model that it takes from the catalogue.
MODELS: dict[str, dict[str, str]] = {
    "stt": {"whisper-tiny.en": "whisper-tiny.en", "whisper-base": "whisper-base"},
    "llm": {
        "qwen2.5-1.5b": "qwen2.5-coder-1.5b",
        "qwen2.5-0.5b": "qwen2.5-coder-0.5b",
        "smollm2-135m": "smollm2-135m",
    },
    "tts": {"piper-joe": "piper-joe"},
    "vad": {"silero": "silero-vad"},
    "turn_detector": {"smart-turn": "smart-turn"},
}


def _runtime(context: ProviderContext) -> Runtime:
    return context.share("local", Runtime, _checked_runtime)


def _checked_runtime() -> Runtime:
    """A native library that this processor cannot run would end the process: look first."""
    require(models_directory())
    return Runtime()


def _directory(role: str, name: str) -> Path:
    """Where the model lies; a path to one's own is taken as it is."""
    if name in MODELS[role]:
        return path(MODELS[role][name])
    own = Path(name).expanduser()
    if own.exists():
        return own
    known = ", ".join(f"local/{model}" for model in MODELS[role])
    raise ConfigError(
        f"{role}: there is no embedded model {name!r}; there are {known}, or the path of your own"
    )


def _file(directory: Path, pattern: str) -> Path:
    """The one file that fits, or the path itself when it is a file."""
    if directory.is_file():
        return directory
    found = sorted(directory.glob(pattern))
    if len(found) != 1:
        raise ConfigError(f"{directory} holds {len(found)} files {pattern}; it must hold one")
    return found[0]


def stt(model: str, context: ProviderContext) -> STT:
    """Whisper."""
    from vivavoce.providers.local.whisper import Whisper

    return Whisper(_runtime(context), _directory("stt", model), name=f"local/{model}")


def llm(model: str, context: ProviderContext) -> LLM:
    """A GGUF model in llama.cpp."""
    from vivavoce.providers.local.llama import Llama

    file = _file(_directory("llm", model), "*.gguf")
    return Llama(_runtime(context), file, name=f"local/{model}")


def tts(model: str, context: ProviderContext) -> TTS:
    """A Piper voice, or espeak for the languages that have none."""
    if model == "espeak":
        from vivavoce.providers.local.espeak import Espeak

        return Espeak(_runtime(context))
    from vivavoce.providers.local.piper import Piper

    file = _file(_directory("tts", model), "*.onnx")
    return Piper(_runtime(context), file, name=f"local/{model}")


def vad(model: str, context: ProviderContext) -> VAD:
    """Silero."""
    from vivavoce.providers.local.silero import Silero

    return Silero(_runtime(context), _file(_directory("vad", model), "*.onnx"))


def turn_detector(model: str, context: ProviderContext) -> TurnDetector:
    """Smart Turn."""
    from vivavoce.providers.local.smart_turn import SmartTurn

    return SmartTurn(_runtime(context), _file(_directory("turn_detector", model), "*.onnx"))
