"""What tests of voice programs need: virtual time, scripted conversations, conformance checks.

A conversation is one readable line, played on a virtual clock against scripted providers, so that
thirty seconds of talk run in milliseconds and always in the same order:

    talk = converse('0.0 user "what is the weather"(1.2) | 2.6 user "no, tomorrow"(0.8)',
                    replies=["It is sunny today.", "Tomorrow it rains."])
    assert talk.turns[0].heard == "It is sunny"

The checks (`check_stt`, `check_llm`, ...) say whether a provider or transport of yours does what
its protocol in `vivavoce.core.protocols` asks; they raise AssertionError where it does not.
"""

from vivavoce.engine.clock import VirtualClockLoop, run_virtual
from vivavoce.providers.scripted import LevelVAD, ScriptedLLM, ScriptedSTT, ScriptedTTS, Speller
from vivavoce.testing.conformance import (
    check_llm,
    check_stt,
    check_transport,
    check_tts,
    check_turn_detector,
    check_vad,
)
from vivavoce.testing.conversation import Talk, converse, hold
from vivavoce.testing.script import Line, parse_script
from vivavoce.transports.memory import MemoryTransport, Sounded

__all__ = [
    "LevelVAD",
    "Line",
    "MemoryTransport",
    "ScriptedLLM",
    "ScriptedSTT",
    "ScriptedTTS",
    "Sounded",
    "Speller",
    "Talk",
    "VirtualClockLoop",
    "check_llm",
    "check_stt",
    "check_transport",
    "check_tts",
    "check_turn_detector",
    "check_vad",
    "converse",
    "hold",
    "parse_script",
    "run_virtual",
]
