"""Can this machine run vivavoce? Asked before the first download and the first native import.

Imports the standard library only: set-up asks before anything is installed. A wheel built for CPU
features that are missing does not raise, it kills the process; hence the question.
"""

from __future__ import annotations

from pathlib import Path

from vivavoce.core.errors import PreflightError
from vivavoce.models.machine import Machine, free_disk, read_machine

__all__ = ["GIB", "require", "shortfalls"]

GIB = 1 << 30

OLDEST_PYTHON = (3, 11)

# The prebuilt wheels of llama.cpp, CTranslate2 and ONNX Runtime exist for these.
ARCHITECTURES = ("x86_64", "amd64", "aarch64", "arm64")

# What the pinned llama.cpp wheel is compiled with on x86-64.
X86_FEATURES = ("avx2", "fma")

# Recogniser 285 MB, smallest language model 225 MB, voice 200 MB, the interpreter and numpy.
LEAST_MEMORY = 1 * GIB


def require(directory: Path, *, disk: int = 0, machine: Machine | None = None) -> None:
    """Return if this machine will do; `disk` is the bytes that `directory` has to take.

    Raises PreflightError, which states for every failure the measured value, the need and the
    remedy.
    """
    found = shortfalls(machine or read_machine(), free=free_disk(directory), disk=disk)
    if found:
        raise PreflightError("this machine cannot run vivavoce:\n" + "\n".join(found))


def shortfalls(machine: Machine, *, free: int, disk: int) -> list[str]:
    """What `machine` lacks, one line each. `free` and `disk` are bytes there and needed."""
    found = []
    if machine.python < OLDEST_PYTHON:
        found.append(
            f"- Python is {_version(machine.python)}, needed is {_version(OLDEST_PYTHON)} or newer:"
            " install a newer one and name it with `make PYTHON=/path/to/python3.12`"
        )
    if machine.architecture.lower() not in ARCHITECTURES:
        found.append(
            f"- the processor is {machine.architecture or 'unknown'}, prebuilt model runtimes exist"
            f" for {', '.join(ARCHITECTURES)}: use the cloud providers, or another machine"
        )
    found += _missing_features(machine)
    if machine.available_memory is not None and machine.available_memory < LEAST_MEMORY:
        found.append(
            f"- {machine.available_memory / GIB:.2f} GiB of memory are available, needed are"
            f" {LEAST_MEMORY / GIB:.2f}: close programs or raise the container's limit"
        )
    if free < disk:
        found.append(
            f"- {free / GIB:.2f} GiB of disk are free, needed are {disk / GIB:.2f}: make room, or"
            " name another place for the models in VIVAVOCE_MODELS"
        )
    return found


def _missing_features(machine: Machine) -> list[str]:
    """The CPU features that the wheels use and this processor lacks."""
    if machine.architecture.lower() not in {"x86_64", "amd64"} or machine.cpu_flags is None:
        return []
    missing = [name for name in X86_FEATURES if name not in machine.cpu_flags]
    if not missing:
        return []
    remedy = (
        "use a processor of 2013 or later, enable them in the virtual machine's CPU model, or use"
        " a cloud language model"
    )
    names = " and ".join(missing)
    return [f"- the processor lacks {names}, which the llama.cpp wheel is compiled with: {remedy}"]


def _version(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
