from __future__ import annotations

import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from vivavoce.core.errors import ConfigError
from vivavoce.server import tls
from vivavoce.server.tls import (
    Certificate,
    given_certificate,
    lan_addresses,
    own_certificate,
    qr_code,
)

ADDRESSES = ("192.168.1.7", "10.0.0.7")


def shake_hands(certificate: Certificate, name: str) -> None:
    """A TLS handshake in memory, by a client that trusts that certificate and calls it `name`."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate.certificate, certificate.key)
    client_side = ssl.create_default_context(cafile=str(certificate.certificate))
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_side.wrap_bio(up, down, server_side=True)
    client = client_side.wrap_bio(down, up, server_hostname=name)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for side in (client, server):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", *ADDRESSES])
def test_our_certificate_is_good_for_each_of_our_names(tmp_path: Path, name: str) -> None:
    shake_hands(own_certificate(tmp_path, ADDRESSES), name)


def test_our_certificate_is_good_for_no_other_name(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(own_certificate(tmp_path, ADDRESSES), "evil.example")


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    made = own_certificate(tmp_path / "state", ())
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.key.parent.stat().st_mode) == 0o700
    assert list(made.key.parent.iterdir()) == [made.key]


def test_the_certificate_is_used_again_until_shortly_before_its_end(tmp_path: Path) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    first = own_certificate(tmp_path, ADDRESSES, now=start)
    later = own_certificate(tmp_path, ADDRESSES[:1], now=start + timedelta(days=389))
    assert later == first
    last = own_certificate(tmp_path, ADDRESSES, now=start + timedelta(days=391))
    assert last.fingerprint != first.fingerprint
    assert last.expires > first.expires


def test_a_new_address_takes_a_new_certificate(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, ADDRESSES)
    second = own_certificate(tmp_path, ("192.168.1.8",))
    assert first.fingerprint != second.fingerprint
    shake_hands(second, "192.168.1.8")


@pytest.mark.parametrize("harm", ["open", "damaged", "empty"])
def test_a_key_that_others_read_or_that_is_damaged_is_replaced(tmp_path: Path, harm: str) -> None:
    first = own_certificate(tmp_path, ())
    if harm == "open":
        first.key.chmod(0o644)
    else:
        first.key.write_bytes(first.key.read_bytes()[: 100 if harm == "damaged" else 0])
    second = own_certificate(tmp_path, ())
    assert second.fingerprint != first.fingerprint
    assert stat.S_IMODE(second.key.stat().st_mode) == 0o600
    shake_hands(second, "localhost")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot keep a certificate"):
        own_certificate(tmp_path / "file" / "state", ())


@pytest.mark.parametrize("host", ["", "has space", "under_score", "x" * 64, "ünder", "a..b"])
def test_a_host_name_that_no_certificate_can_carry_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: host)
    shake_hands(own_certificate(tmp_path, ()), "localhost")


def test_the_machines_name_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Kitchen.example")
    made = own_certificate(tmp_path, ())
    shake_hands(made, "kitchen.example")
    shake_hands(made, "kitchen.local")


def test_given_files_are_used(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("home.example")
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    found = given_certificate(certificate, key)
    assert (found.certificate, found.key) == (certificate, key)
    assert len(found.fingerprint.split(":")) == 32


def test_given_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    authority.issue_cert("a.example").cert_chain_pems[0].write_to_path(certificate)
    authority.issue_cert("b.example").private_key_pem.write_to_path(key)
    for found in (key, tmp_path / "none.pem", certificate):
        with pytest.raises(ConfigError, match="no certificate and its key"):
            given_certificate(certificate, found)


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    then = datetime.now(UTC) - timedelta(days=500)
    old = own_certificate(tmp_path, (), now=then)
    with pytest.raises(ConfigError, match="expired on"):
        given_certificate(old.certificate, old.key)


def test_addresses_are_ones_that_others_can_reach() -> None:
    for address in map(ipaddress.ip_address, lan_addresses()):
        assert not address.is_loopback
        assert not address.is_link_local


def test_the_address_of_the_default_route_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Adapter:
        def __init__(self, *addresses: object) -> None:
            self.ips = [type("IP", (), {"ip": address}) for address in addresses]

    adapters = [
        Adapter("127.0.0.1", ("::1", 0, 0)),
        Adapter("172.17.0.1"),  # a container bridge
        Adapter("192.168.1.7", "169.254.3.4"),
        Adapter("8.8.4.4"),
        Adapter("192.168.1.7"),
    ]
    monkeypatch.setattr("ifaddr.get_adapters", lambda: adapters)
    monkeypatch.setattr(tls, "_default_address", lambda: "192.168.1.7")
    assert lan_addresses() == ("192.168.1.7", "172.17.0.1", "8.8.4.4")
    monkeypatch.setattr(tls, "_default_address", lambda: None)
    assert lan_addresses() == ("172.17.0.1", "192.168.1.7", "8.8.4.4")


def test_the_qr_code_shows_every_module() -> None:
    import segno

    url = "https://192.168.1.7:8443/#key=vv_abcdefghijklmnopqrstuvwxyz"
    lines = [line for line in qr_code(url).splitlines() if line]
    matrix = segno.make(url, error="m", micro=False).matrix
    assert len(lines) == (len(matrix) + 2 * 4 + 1) // 2  # with the quiet zone, two rows a line
    assert set("".join(lines)) & set("▀▄█")
