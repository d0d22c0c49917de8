"""Which models are the default here, by available memory and cores, and why."""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.models.catalogue import Model
from vivavoce.models.pins import (
    PIPER_JOE,
    QWEN_0_5B,
    QWEN_1_5B,
    SILERO_VAD,
    SMART_TURN,
    SMOLLM2_135M,
    WHISPER_TINY_EN,
)
from vivavoce.models.preflight import GIB

__all__ = ["Choice", "default_models"]

# Resident sizes, measured: the 1.5B model 1.9 GB, the 0.5B 0.67 GB, recogniser, voice and
# interpreter together about 0.7 GB; the rest is for the context and for everybody else.
MEMORY_FOR_1_5B = 3.5 * GIB
MEMORY_FOR_0_5B = 2.0 * GIB

# The 1.5B model makes 13 to 30 tokens a second on two cores that it shares with recogniser and
# voice; on less the answer would be slower than speech.
CORES_FOR_1_5B = 2.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The default set, and the sentence that says why its language model was taken."""

    models: tuple[Model, ...]
    reason: str

    @property
    def llm(self) -> Model:
        """The language model: what the choice is about."""
        return self.models[-1]


def default_models(available_memory: int | None, cores: float) -> Choice:
    """The default set for this much available memory (bytes; None: unknown) and these cores."""
    llm, because = _language_model(available_memory, cores)
    models = (WHISPER_TINY_EN, SILERO_VAD, SMART_TURN, PIPER_JOE, llm)
    return Choice(models, f"{llm.name}: {because}")


def _language_model(memory: int | None, cores: float) -> tuple[Model, str]:
    if memory is None:
        return QWEN_0_5B, "this system does not say how much memory is available"
    found = f"{memory / GIB:.1f} GiB of memory available and {cores:g} cores"
    wanted = f"{MEMORY_FOR_1_5B / GIB:.1f} GiB and {CORES_FOR_1_5B:g} cores"
    if memory < MEMORY_FOR_0_5B:
        least = f"{MEMORY_FOR_0_5B / GIB:.1f} GiB"
        return SMOLLM2_135M, f"{found}; {QWEN_0_5B.name} would need {least}"
    if memory < MEMORY_FOR_1_5B or cores < CORES_FOR_1_5B:
        return QWEN_0_5B, f"{found}; {QWEN_1_5B.name} would need {wanted}"
    return QWEN_1_5B, f"{found}, which is at least the {wanted} that it needs"
