"""Set up `.venv` with a bare Python 3.11 or newer: `python3 scripts/setup.py run|dev`.

Standard library only: it runs before anything is installed. Debian's packages come first where apt
is usable and are done without where it is not; then a virtual environment; then the hash-pinned
requirements; then this project itself. A stamp makes the next run a no-op without network.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

DISK = 1 << 30  # bytes: `.venv` takes 800 MB with the tests' tools, the downloads pass through

# Requirements that hold all of another's: who has set up `dev` has set up `run`.
COVERED_BY = {"run": ("run", "dev"), "dev": ("dev",)}

# Debian's package, the program that shows it is there, and what happens without it.
DEBIAN = (
    ("espeak-ng", "espeak-ng", "phonemes and other languages' voices come from a wheel's library"),
)
DEBIAN_FOR_TESTS = (
    ("chromium", "chromium", "the tests of the page in a browser are left out"),
    ("npm", "npm", "the tests of the official JavaScript client are left out"),
)
# The official JavaScript client, which the tests hold conversations with: name, SHA-256.
CLIENT = "@openai/agents-realtime@0.20.0"
CLIENT_HASH = "58aebc0d1621c0dd63ce13ccae97fcdf20aef38d3d1d63286974f044c118c447"
CLIENTS = VENV / "clients"
WITHOUT = VENV / "without.txt"  # the Debian packages that are not to be had; the tests read it


def main(arguments: list[str]) -> int:
    """Set up what the argument names; 0 if it is ready, 1 with a message if it cannot be."""
    if arguments not in (["run"], ["dev"]):
        return fail("usage: setup.py run|dev")
    (kind,) = arguments
    os.chdir(ROOT)
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once: the second finds the work done
        if is_ready(kind):
            return 0
        try:
            preflight()
            wanted = DEBIAN if kind == "run" else DEBIAN + DEBIAN_FOR_TESTS
            lacking = install_debian(tuple(row for row in wanted if not shutil.which(row[1])))
            install(kind, installer())
            if kind == "dev" and "npm" not in lacking:
                fetch_client()
            WITHOUT.write_text("\n".join(lacking))
        except SetupError as error:
            return fail(str(error))
        stamp(kind).write_text(fingerprint(kind))
    say(f"ready: {VENV}")
    return 0


class SetupError(Exception):
    """Set-up cannot go on: says what is missing and the remedy."""


def say(message: str) -> None:
    """Print a line at once, so that it stands above what a child process prints."""
    print(f"setup: {message}", flush=True)


def fail(message: str) -> int:
    """Print why set-up ends here; the exit status."""
    print(f"setup: {message}", file=sys.stderr)
    return 1


# --- done already? ------------------------------------------------------------------------------


def stamp(kind: str) -> Path:
    """The file that says with which requirements `kind` was set up."""
    return VENV / f"setup-{kind}.stamp"


def fingerprint(kind: str) -> str:
    """A hash over all that set-up depends on; a moved tree or an edited pin changes it."""
    digest = hashlib.sha256(str(ROOT).encode())
    for file in (ROOT / "requirements" / f"{kind}.txt", ROOT / "pyproject.toml", Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def is_ready(kind: str) -> bool:
    """Whether an earlier run did all of this."""
    if not PYTHON.exists():
        return False
    return any(
        stamp(other).exists() and stamp(other).read_text() == fingerprint(other)
        for other in COVERED_BY[kind]
    )


# --- this machine -------------------------------------------------------------------------------


def preflight() -> None:
    """Refuse a machine that cannot run the result, before anything is downloaded."""
    sys.path.insert(0, str(ROOT / "src"))
    from vivavoce.core.errors import PreflightError
    from vivavoce.models.preflight import require

    try:
        require(ROOT, disk=DISK)
    except PreflightError as error:
        raise SetupError(str(error)) from error


def root_prefix() -> list[str] | None:
    """What a command needs in front to run as root without asking; None if there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and run([sudo, "-n", "true"]) is None:
        return [sudo, "-n"]
    return None


def install_debian(wanted: tuple[tuple[str, str, str], ...]) -> list[str]:
    """Install Debian packages where apt is usable; where not, say what is done without.

    Returns those that are not to be had.
    """
    if not wanted:
        return []
    names = [name for name, _, _ in wanted]
    problem = apt_install(names)
    if problem is not None:
        for name, _, without in wanted:
            say(f"going on without Debian's {name} ({problem}): {without}")
        return names
    return []


def apt_install(names: list[str]) -> str | None:
    """Install Debian packages; None, or why that was not possible."""
    if not shutil.which("apt-get"):
        return "no apt-get here"
    prefix = root_prefix()
    if prefix is None:
        return "neither root nor sudo without a password"
    say(f"installing Debian packages: {' '.join(names)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "DPkg::Lock::Timeout=60"]
    return run([*apt, "update"]) or run([*apt, "install", "-y", "--no-install-recommends", *names])


def run(command: list[str]) -> str | None:
    """Run quietly; None, or the last line that it printed before it failed."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout).strip().splitlines()
        return lines[-1] if lines else f"{command[0]} ended with {error.returncode}"
    except subprocess.TimeoutExpired:
        return f"{command[0]} took longer than ten minutes"
    return None


# --- the virtual environment --------------------------------------------------------------------


def installer() -> list[str]:
    """Make `.venv` if there is no working one; the command that installs packages into it."""
    own_pip = [str(PYTHON), "-m", "pip", "install"]
    if PYTHON.exists() and run([*own_pip, "--help"]) is None:
        return own_pip
    shutil.rmtree(VENV, ignore_errors=True)
    say(f"making {VENV} with Python {sys.version.split()[0]}")
    if not can_make_venvs():
        apt_install([f"python3.{sys.version_info.minor}-venv"])
    if can_make_venvs():
        problem = run([sys.executable, "-m", "venv", str(VENV)])
        if problem is None:
            return own_pip
        raise SetupError(f"python -m venv failed: {problem}")
    if importlib.util.find_spec("venv") and importlib.util.find_spec("pip"):
        say("this Python has no ensurepip; its own pip fills the environment instead")
        problem = run([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
        if problem is None:
            return [sys.executable, "-m", "pip", "--python", str(PYTHON), "install"]
    uv = shutil.which("uv")
    if uv and run([uv, "venv", "--python", sys.executable, str(VENV)]) is None:
        return [uv, "pip", "install", "--python", str(PYTHON)]
    raise SetupError(
        f"{sys.executable} can neither make a virtual environment (no ensurepip) nor is there pip "
        f"or uv; as root: apt install python3.{sys.version_info.minor}-venv"
    )


def can_make_venvs() -> bool:
    """Debian ships Python's venv and ensurepip in a package of their own."""
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def install(kind: str, command: list[str]) -> None:
    """Install the pinned build tools, then the pinned requirements, then this project.

    The tools come first so that a package without a wheel is built with them, and not with what a
    build of its own would download, unpinned.
    """
    say(f"installing requirements/{kind}.txt (the first time, a minute or two)")
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    built = ["--no-build-isolation"]
    own_pip = [str(PYTHON), "-m", "pip", "install"]  # the first step brings it
    steps = (
        [*command, *quiet, "--require-hashes", "-r", "requirements/build.txt"],
        [*own_pip, *quiet, *built, "--require-hashes", "-r", f"requirements/{kind}.txt"],
        [*own_pip, *quiet, *built, "--no-deps", "--no-index", "-e", "."],
    )
    for step in steps:
        if subprocess.run(step, check=False).returncode:
            raise SetupError(
                f"`{shlex.join(step)}` failed (the reason stands above); "
                "what was installed is kept: run the same command again"
            )


def fetch_client() -> None:
    """Unpack the JavaScript client; npm knows where the user's packages come from."""
    shutil.rmtree(CLIENTS, ignore_errors=True)
    CLIENTS.mkdir()
    say(f"fetching {CLIENT}")
    problem = run(["npm", "pack", CLIENT, "--silent", "--pack-destination", str(CLIENTS)])
    if problem is not None:
        raise SetupError(f"npm pack {CLIENT} failed: {problem}")
    (archive,) = CLIENTS.glob("*.tgz")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != CLIENT_HASH:
        raise SetupError(f"{CLIENT} has SHA-256 {found}, and {CLIENT_HASH} is pinned")
    with tarfile.open(archive) as packed:
        packed.extractall(CLIENTS)  # noqa: S202  its hash is pinned


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
