"""Where the user's machine gets packages from: the configuration of pip and of uv, as it stands.

Carriers come from the same places as every other package, mirrors and credentials included. pip is
asked through its command, so that its files, environment variables and their precedence are its
own affair; the address of its default index is its constant, and stands nowhere here.
"""

from __future__ import annotations

import ast
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sources", "parse_pip", "read_sources"]

# pip lets later sections win; carriers are downloads, and most people configure `install`.
PIP_SECTIONS = ("global", "install", "download", ":env:")

ASK_DEFAULT_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
ASK_AUTHORITIES = "from pip._vendor import certifi; print(certifi.where())"

READ_TIMEOUT_S = 30.0  # twice pip's default: a stalled connection is resumed, not given up


@dataclass(frozen=True, slots=True)
class Sources:
    """`indexes` are roots of the Simple API, best first; `find_links` are pages or directories.

    `certificate` is a file of authorities to trust, `client_certificate` one to show; `proxy` an
    address, None for the environment's; `unverified_hosts` may show any certificate.
    """

    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    certificate: str | None = None
    client_certificate: str | None = None
    proxy: str | None = None
    unverified_hosts: frozenset[str] = frozenset()
    timeout: float = READ_TIMEOUT_S


def read_sources(environ: Mapping[str, str] = os.environ) -> Sources:
    """The sources of pip in this interpreter, with uv's from the environment after them.

    Starts pip, which takes half a second. Without pip and configuration there are none.
    """
    pip = parse_pip(_ask(environ, "-m", "pip", "config", "list"))
    unindexed = _is_true(pip.get("no-index", "")) or _is_true(environ.get("UV_NO_INDEX", ""))
    indexes: tuple[str, ...] = ()
    if not unindexed:
        first = (
            pip.get("index-url")
            or environ.get("UV_DEFAULT_INDEX")
            or environ.get("UV_INDEX_URL")
            or _ask(environ, "-c", ASK_DEFAULT_INDEX)
        )
        more = (pip.get("extra-index-url", ""), _uv_extra(environ))
        indexes = tuple(_address(word) for words in (first, *more) for word in words.split())
    find_links = (
        *pip.get("find-links", "").split(),
        *filter(None, environ.get("UV_FIND_LINKS", "").split(",")),
    )
    hosts = f"{pip.get('trusted-host', '')} {environ.get('UV_INSECURE_HOST', '')}"
    return Sources(
        indexes=tuple(dict.fromkeys(indexes)),
        find_links=tuple(dict.fromkeys(find_links)),
        certificate=pip.get("cert") or environ.get("REQUESTS_CA_BUNDLE") or _authorities(environ),
        client_certificate=pip.get("client-cert"),
        proxy=pip.get("proxy"),
        unverified_hosts=frozenset(hosts.split()),
    )


def parse_pip(listing: str) -> dict[str, str]:
    """Options from the output of `pip config list`: lines of `section.option='value'`."""
    options: dict[str, str] = {}
    for section in PIP_SECTIONS:
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            name, _, option = key.rpartition(".")
            if name == section:
                options[option] = str(ast.literal_eval(value))
    return options


def _ask(environ: Mapping[str, str], *arguments: str) -> str:
    """What this interpreter prints, with these arguments; "" if it fails, as without pip."""
    command = [sys.executable, *arguments]
    reply = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return reply.stdout.strip() if reply.returncode == 0 else ""


def _authorities(environ: Mapping[str, str]) -> str | None:
    """None where the system has certificates; else pip's own, as bare containers need."""
    system = ssl.get_default_verify_paths()
    if system.cafile or (system.capath and any(Path(system.capath).iterdir())):
        return None
    return _ask(environ, "-c", ASK_AUTHORITIES) or None


def _uv_extra(environ: Mapping[str, str]) -> str:
    return f"{environ.get('UV_INDEX', '')} {environ.get('UV_EXTRA_INDEX_URL', '')}"


def _address(word: str) -> str:
    """An index's address; uv allows `name=` before it."""
    return re.sub(r"^[\w.-]+=(?=\w+:)", "", word)


def _is_true(word: str) -> bool:
    return word.lower() in {"1", "true", "yes", "on"}
