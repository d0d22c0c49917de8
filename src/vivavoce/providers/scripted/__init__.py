"""Providers that follow a script: for tests, demonstrations and benchmarks. No model, no waiting
but what the script asks for."""

from vivavoce.providers.scripted.llm import ScriptedLLM
from vivavoce.providers.scripted.spelling import Speller
from vivavoce.providers.scripted.stt import ScriptedSTT
from vivavoce.providers.scripted.tts import ScriptedTTS
from vivavoce.providers.scripted.vad import LevelVAD

__all__ = ["LevelVAD", "ScriptedLLM", "ScriptedSTT", "ScriptedTTS", "Speller"]
