"""The user's package sources, as pip and uv are configured."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vivavoce.models.sources import Sources, parse_pip, read_sources


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment without any configuration but an empty file."""
    config = tmp_path / "pip.conf"
    config.write_text("")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "UV_", "REQUESTS_"))
    }
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path)}


def test_later_sections_of_pip_win() -> None:
    listing = """\
:env:.index-url='https://env.invalid'
global.index-url='https://global.invalid'
global.find-links='/a\\n/b'
install.find-links='/c'
wheel.find-links='/d'
"""
    assert parse_pip(listing) == {"index-url": "https://env.invalid", "find-links": "/c"}


def test_without_configuration_the_default_index_is_pips_own(environ: dict[str, str]) -> None:
    (default,) = read_sources(environ).indexes
    assert default.startswith("https://")
    assert default.endswith("/simple")


def test_pips_environment_is_taken_over_whole(environ: dict[str, str]) -> None:
    environ |= {
        "PIP_INDEX_URL": "https://me:secret@mirror.invalid/simple",
        "PIP_EXTRA_INDEX_URL": "https://b.invalid/simple file:///srv/simple",
        "PIP_FIND_LINKS": "/srv/wheels https://c.invalid/links",
        "PIP_CERT": "/srv/authorities.pem",
        "PIP_CLIENT_CERT": "/srv/me.pem",
        "PIP_PROXY": "http://proxy.invalid:3128",
        "PIP_TRUSTED_HOST": "mirror.invalid b.invalid:8443",
    }
    assert read_sources(environ) == Sources(
        indexes=(
            "https://me:secret@mirror.invalid/simple",
            "https://b.invalid/simple",
            "file:///srv/simple",
        ),
        find_links=("/srv/wheels", "https://c.invalid/links"),
        certificate="/srv/authorities.pem",
        client_certificate="/srv/me.pem",
        proxy="http://proxy.invalid:3128",
        unverified_hosts=frozenset({"mirror.invalid", "b.invalid:8443"}),
    )


def test_uvs_environment_is_heard_too(environ: dict[str, str]) -> None:
    environ |= {
        "UV_DEFAULT_INDEX": "https://a.invalid/simple",
        "UV_INDEX": "team=https://b.invalid/simple https://a.invalid/simple",
        "UV_FIND_LINKS": "/srv/wheels,/srv/more",
        "UV_INSECURE_HOST": "a.invalid",
    }
    sources = read_sources(environ)
    assert sources.indexes == ("https://a.invalid/simple", "https://b.invalid/simple")
    assert sources.find_links == ("/srv/wheels", "/srv/more")
    assert sources.unverified_hosts == {"a.invalid"}


def test_no_index_leaves_the_local_places(environ: dict[str, str]) -> None:
    environ |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/srv/wheels"}
    sources = read_sources(environ)
    assert sources.indexes == ()
    assert sources.find_links == ("/srv/wheels",)


def test_a_system_without_certificates_uses_pips(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "missing"))
    certificate = read_sources(environ).certificate
    assert certificate is not None
    assert Path(certificate).is_file()
