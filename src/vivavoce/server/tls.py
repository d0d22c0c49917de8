"""HTTPS on a home network: a certificate made on the spot, or a given one.

Browsers give a page its microphone over HTTPS only, except on localhost. A certificate of our own
makes a phone ask once; then the connection is as private as any.
"""

from __future__ import annotations

import io
import ipaddress
import os
import socket
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vivavoce.core.errors import ConfigError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["Certificate", "given_certificate", "lan_addresses", "own_certificate", "qr_code"]

VALID = timedelta(days=397)  # the most that browsers take (CA/Browser Forum Ballot SC31)
RENEWED = timedelta(days=7)  # before the end, so that none expires in use
FILE = "certificate.pem"  # key and certificate in one, so that they are replaced together
# Where the system would send a packet to find its first address; none is sent (TEST-NET, RFC 5737).
_ELSEWHERE = ("192.0.2.1", 9)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files for uvicorn's `ssl_certfile` and `ssl_keyfile`. `fingerprint` is SHA-256 as browsers
    show it, to compare by eye."""

    certificate: Path
    key: Path
    fingerprint: str
    expires: datetime


def lan_addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses in its networks, the one that others most likely reach first.

    IPv6 is left out: its addresses change daily, and nobody types them.
    """
    import ifaddr

    found = [
        ip.ip
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str)  # IPv6 comes as a tuple
    ]
    usable = [
        address
        for address in map(ipaddress.IPv4Address, found)
        if not (address.is_loopback or address.is_link_local)
    ]
    first = _default_address()
    usable.sort(key=lambda address: (str(address) != first, not address.is_private, address))
    return tuple(dict.fromkeys(map(str, usable)))


def _default_address() -> str | None:
    """The address that packets to elsewhere come from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)
        except OSError:  # no route
            return None
        return str(probe.getsockname()[0])


def own_certificate(
    folder: Path, addresses: Sequence[str], *, now: datetime | None = None
) -> Certificate:
    """A certificate for localhost, this machine's name and these addresses, kept in `folder`.

    The one that is there is used again until a week before its end, or until a name is missing in
    it. Raises ConfigError when the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    names = _names(addresses)
    path = folder / FILE
    kept = _kept(path)
    if kept is not None and now + RENEWED < kept.not_valid_after_utc and names <= _names_in(kept):
        return _certificate(kept, path, path)
    made, pem = _make(sorted(names), now)
    try:
        _write_private(path, pem)
    except OSError as error:
        raise ConfigError(f"cannot keep a certificate in {folder}: {error.strerror}") from error
    return _certificate(made, path, path)


def given_certificate(certificate: Path, key: Path) -> Certificate:
    """The user's own PEM files. Raises ConfigError when they cannot be used as they are."""
    from cryptography import x509

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # An empty password, as otherwise OpenSSL asks for one on the terminal.
        context.load_cert_chain(certificate, key, password="")
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(
            f"{certificate} and {key} are no certificate and its key: {error}"
        ) from error
    if found.not_valid_after_utc < datetime.now(UTC):
        raise ConfigError(f"{certificate} expired on {found.not_valid_after_utc:%Y-%m-%d}")
    return _certificate(found, certificate, key)


def qr_code(url: str) -> str:
    """The address as a QR code for a terminal, two modules a character high."""
    import segno

    out = io.StringIO()
    segno.make(url, error="m", micro=False).terminal(out, compact=True)
    return out.getvalue()


# --- making -------------------------------------------------------------------------------------


def _names(addresses: Sequence[str]) -> frozenset[str]:
    host = socket.gethostname().lower()
    own = {host, f"{host.partition('.')[0]}.local"} if _is_dns_name(host) else set()
    return frozenset({"localhost", "127.0.0.1", "::1", *own, *addresses})


def _is_dns_name(host: str) -> bool:
    return bool(host) and all(
        label and len(label) < 64 and label.isascii() and label.replace("-", "").isalnum()
        for label in host.split(".")
    )


def _make(names: Sequence[str], now: datetime) -> tuple[x509.Certificate, bytes]:
    """A certificate that signs itself, and it and its key as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    made = _signed(key, names, now)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + made.public_bytes(serialization.Encoding.PEM)
    return x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERT") :]), pem


def _signed(key: EllipticCurvePrivateKey, names: Sequence[str], now: datetime) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivavoce on this machine")])
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a phone's clock may be behind
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_private(path: Path, data: bytes) -> None:
    """Replace the file in one step; nobody else can ever read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".certificate-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# --- reading ------------------------------------------------------------------------------------


def _kept(path: Path) -> x509.Certificate | None:
    """The certificate in the file; None when there is none that can be used, or others can read
    it."""
    from cryptography import x509

    try:
        if path.stat().st_mode & 0o077:
            return None
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError):
        return None


def _names_in(certificate: x509.Certificate) -> frozenset[str]:
    from cryptography import x509

    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return frozenset(str(name.value) for name in extension.value)


def _certificate(found: x509.Certificate, certificate: Path, key: Path) -> Certificate:
    from cryptography.hazmat.primitives import hashes

    fingerprint = found.fingerprint(hashes.SHA256()).hex(":").upper()
    return Certificate(certificate, key, fingerprint, found.not_valid_after_utc)
