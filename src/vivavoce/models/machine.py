"""What this machine can give: cores, memory, CPU features, disk. Read in milliseconds.

Containers count: the cgroup's limits (v1 and v2) narrow what the kernel reports for the whole
machine. Every reading comes from files below `root`, so a test can make up a machine.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Machine", "free_disk", "read_machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """`available_memory` is in bytes, None where the system does not say (not Linux).

    `cores` may be a fraction: a container's quota. `cpu_flags` is None where they cannot be read.
    """

    python: tuple[int, int]
    architecture: str
    cpu_flags: frozenset[str] | None
    cores: float
    available_memory: int | None


def read_machine(root: Path = Path("/")) -> Machine:
    """This machine, now."""
    return Machine(
        python=sys.version_info[:2],
        architecture=platform.machine(),
        cpu_flags=_cpu_flags(root),
        cores=_cores(root),
        available_memory=_available_memory(root),
    )


def free_disk(directory: Path) -> int:
    """Bytes free where `directory` is or will be made."""
    existing = directory.absolute()
    while not existing.exists():
        existing = existing.parent
    return shutil.disk_usage(existing).free


def _cpu_flags(root: Path) -> frozenset[str] | None:
    """The first core's features; x86 calls the line `flags`, Arm calls it `Features`."""
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            return frozenset(value.split())
    return None


def _cores(root: Path) -> float:
    """Cores this process may run on, narrowed by the quota of each cgroup it is in."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    for group in _cgroups(root, "cpu"):
        quota, _, period = _text(group / "cpu.max").partition(" ")  # v2: "150000 100000"
        quota = quota or _text(group / "cpu.cfs_quota_us")  # v1: -1 for none
        period = period or _text(group / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():
            cores = min(cores, int(quota) / int(period))
    return cores


def _available_memory(root: Path) -> int | None:
    """Bytes that can be taken without swapping, in the tightest of machine and cgroups."""
    rows = dict(line.partition(":")[::2] for line in _text(root / "proc/meminfo").splitlines())
    if "MemAvailable" not in rows:
        return None
    available = int(rows["MemAvailable"].split()[0]) * 1024
    for group in _cgroups(root, "memory"):
        limit = _text(group / "memory.max") or _text(group / "memory.limit_in_bytes")
        used = _text(group / "memory.current") or _text(group / "memory.usage_in_bytes")
        if limit.isdigit() and used.isdigit():
            available = min(available, int(limit) - int(used) + _reclaimable(group))
    return max(available, 0)


def _reclaimable(group: Path) -> int:
    """File cache that counts as used but is given up under pressure."""
    rows = dict(line.partition(" ")[::2] for line in _text(group / "memory.stat").splitlines())
    return int(rows.get("total_inactive_file") or rows.get("inactive_file") or 0)


def _cgroups(root: Path, controller: str) -> Iterator[Path]:
    """The directories of the cgroups that bound this process, innermost first.

    A container often sees its own group's files at the mount's root, whatever path the kernel
    names; so the walk goes up to the mount and takes what is there.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / (controller if controllers else "")
        group = mount / path.lstrip("/")
        yield group
        while group != mount:
            group = group.parent
            yield group


def _text(path: Path) -> str:
    """A small kernel file's text, stripped; "" if it is not there or may not be read."""
    with contextlib.suppress(OSError):
        return path.read_text().strip()
    return ""
