"""Readings of made-up machines, preflight, and the choice of models."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import vivavoce
from vivavoce.core.errors import PreflightError
from vivavoce.models import Machine, default_models, read_machine, require
from vivavoce.models.machine import free_disk
from vivavoce.models.preflight import GIB, shortfalls

GOOD = Machine((3, 11), "x86_64", frozenset({"avx2", "fma"}), 2.0, 8 * GIB)


def made_up(root: Path, files: dict[str, str]) -> Machine:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return read_machine(root)


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def test_a_bare_machine_gives_what_the_kernel_says(tmp_path: Path) -> None:
    machine = made_up(
        tmp_path,
        {
            "proc/cpuinfo": "processor : 0\nflags\t\t: fpu avx2 fma\nprocessor : 1\n",
            "proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    4096 kB\n",
        },
    )
    assert machine.cpu_flags == frozenset({"fpu", "avx2", "fma"})
    assert machine.available_memory == 4096 * 1024
    assert machine.cores == 8.0
    assert machine.python == sys.version_info[:2]


def test_a_system_that_says_nothing_is_read_as_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    machine = read_machine(tmp_path)
    assert machine.available_memory is None
    assert machine.cpu_flags is None
    assert machine.cores == 1.0


def test_the_tightest_of_nested_v2_groups_counts_and_file_cache_is_free(tmp_path: Path) -> None:
    machine = made_up(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 9000000 kB",
            "proc/self/cgroup": "0::/outer/inner\n",
            "sys/fs/cgroup/outer/inner/memory.max": "max\n",
            "sys/fs/cgroup/outer/inner/memory.current": "1\n",
            "sys/fs/cgroup/outer/inner/cpu.max": "max 100000\n",
            "sys/fs/cgroup/outer/memory.max": "1000000\n",
            "sys/fs/cgroup/outer/memory.current": "600000\n",
            "sys/fs/cgroup/outer/memory.stat": "anon 1\ninactive_file 50000\n",
            "sys/fs/cgroup/outer/cpu.max": "150000 100000\n",
        },
    )
    assert machine.available_memory == 450_000
    assert machine.cores == 1.5


def test_v1_limits_count_at_the_mount_where_the_named_group_is_hidden(tmp_path: Path) -> None:
    machine = made_up(
        tmp_path,
        {
            "proc/meminfo": "MemAvailable: 9000000 kB",
            "proc/self/cgroup": "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:pids:/\n0::/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000000\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "2000000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert machine.available_memory == 0  # over its limit is not less than nothing
    assert machine.cores == 0.5


def test_an_unlimited_v1_quota_is_no_limit(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "2:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"}
    assert made_up(tmp_path, files).cores == 8.0


def test_free_disk_is_asked_where_the_directory_will_be(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "not" / "yet") > 0


def test_a_good_machine_passes(tmp_path: Path) -> None:
    require(tmp_path, machine=GOOD)
    assert shortfalls(GOOD, free=10, disk=10) == []


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (replace(GOOD, python=(3, 10)), ("3.10", "3.11", "make PYTHON=")),
        (replace(GOOD, architecture="riscv64"), ("riscv64", "x86_64", "cloud")),
        (replace(GOOD, architecture=""), ("unknown",)),
        (replace(GOOD, cpu_flags=frozenset({"fma"})), ("lacks avx2,", "cloud")),
        (replace(GOOD, cpu_flags=frozenset()), ("avx2 and fma",)),
        (replace(GOOD, available_memory=GIB // 2), ("0.50 GiB", "1.00", "close programs")),
    ],
)
def test_a_shortfall_states_measure_need_and_remedy(
    tmp_path: Path, machine: Machine, said: tuple[str, ...]
) -> None:
    with pytest.raises(PreflightError) as caught:
        require(tmp_path, machine=machine)
    for text in said:
        assert text in str(caught.value)


def test_too_little_disk_states_both_figures_and_the_remedy() -> None:
    (said,) = shortfalls(GOOD, free=GIB, disk=3 * GIB)
    assert "1.00 GiB of disk are free, needed are 3.00" in said
    assert "VIVAVOCE_MODELS" in said


def test_all_shortfalls_are_told_at_once(tmp_path: Path) -> None:
    machine = replace(GOOD, python=(3, 9), available_memory=0)
    with pytest.raises(PreflightError, match=r"(?s)Python is 3\.9.*memory"):
        require(tmp_path, machine=machine)


def test_other_architectures_and_unknown_flags_are_not_held_to_x86(tmp_path: Path) -> None:
    require(tmp_path, machine=replace(GOOD, architecture="aarch64", cpu_flags=frozenset()))
    require(tmp_path, machine=replace(GOOD, cpu_flags=None, available_memory=None))


def test_preflight_runs_on_a_python_with_nothing_installed(tmp_path: Path) -> None:
    """Set-up asks before anything is installed; -I and -S leave the standard library only."""
    source = Path(vivavoce.__file__).parent.parent
    program = f"import sys; sys.path.insert(0, {str(source)!r}); import vivavoce.models"
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, cwd=tmp_path)


@pytest.mark.parametrize(
    ("memory", "cores", "chosen", "why"),
    [
        (8 * GIB, 2.0, "qwen2.5-coder-1.5b", "8.0 GiB of memory available and 2 cores"),
        (8 * GIB, 1.5, "qwen2.5-coder-0.5b", "1.5 cores; qwen2.5-coder-1.5b would need 3.5 GiB"),
        (3 * GIB, 8.0, "qwen2.5-coder-0.5b", "3.0 GiB"),
        (1 * GIB, 8.0, "smollm2-135m", "would need 2.0 GiB"),
        (None, 8.0, "qwen2.5-coder-0.5b", "does not say"),
    ],
)
def test_the_language_model_is_chosen_by_memory_and_cores(
    memory: int | None, cores: float, chosen: str, why: str
) -> None:
    choice = default_models(memory, cores)
    assert choice.llm.name == chosen
    assert choice.reason.startswith(chosen)
    assert why in choice.reason


def test_the_default_set_has_one_model_for_every_role() -> None:
    roles = [entry.role.value for entry in default_models(8 * GIB, 2.0).models]
    assert sorted(roles) == ["llm", "stt", "tts", "turn_detector", "vad"]
