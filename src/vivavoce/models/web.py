"""HTTP for packages: certificates, proxies and credentials as the user's sources name them.

Standard library only. Credentials come from the address (`https://user:secret@host/`) or from
netrc, go to their own host only, and never follow a redirect elsewhere.
"""

from __future__ import annotations

import base64
import netrc
import os
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPMessage, HTTPResponse
from typing import IO, cast
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from vivavoce.core.errors import ModelError
from vivavoce.models.sources import Sources

__all__ = ["Web", "without_credentials"]


def without_credentials(url: str) -> str:
    """The address as it may be shown and logged."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Web:
    """Opens addresses with the certificates, proxy and credentials of `sources`."""

    def __init__(self, sources: Sources) -> None:
        self._timeout = sources.timeout
        self._unverified = sources.unverified_hosts
        self._credentials: dict[str, str] = {}
        for address in (*sources.indexes, *sources.find_links):
            self._learn(urlsplit(address))
        proxies = {"http": sources.proxy, "https": sources.proxy} if sources.proxy else None
        shared = (urllib.request.ProxyHandler(proxies), _Redirects(self._authorise))
        self._strict = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=_tls(sources, verify=True)), *shared
        )
        self._lenient = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=_tls(sources, verify=False)), *shared
        )

    def open(self, url: str, headers: Mapping[str, str]) -> HTTPResponse:
        """Start a GET; the caller closes the response.

        Raises urllib.error.HTTPError for a refusal and OSError or http.client.HTTPException for a
        broken connection.
        """
        request = urllib.request.Request(without_credentials(url), headers=dict(headers))
        self._learn(urlsplit(url))
        self._authorise(request)
        host = urlsplit(url).hostname or ""
        opener = self._lenient if self._is_unverified(host, urlsplit(url).port) else self._strict
        return cast(HTTPResponse, opener.open(request, timeout=self._timeout))

    def _is_unverified(self, host: str, port: int | None) -> bool:
        return host in self._unverified or f"{host}:{port}" in self._unverified

    def _learn(self, parts: SplitResult) -> None:
        """Remember the credentials that an address carries, for its host."""
        if parts.username is not None and parts.hostname:
            secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._credentials[_origin(parts)] = secret

    def _authorise(self, request: urllib.request.Request) -> None:
        """Add the credentials for the request's host, in a header that no redirect carries on."""
        parts = urlsplit(request.full_url)
        secret = self._credentials.get(_origin(parts)) or _from_netrc(parts.hostname or "")
        if secret:
            token = base64.b64encode(secret.encode()).decode()
            request.add_unredirected_header("Authorization", f"Basic {token}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; each new request gets the credentials of its own host, if any."""

    def __init__(self, authorise: Callable[[urllib.request.Request], None]) -> None:
        self._authorise = authorise

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request that follows."""
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None:
            self._authorise(request)
        return request


def _origin(parts: SplitResult) -> str:
    """What credentials are bound to: scheme, host and port."""
    return f"{parts.scheme}://{parts.hostname}:{parts.port}"


def _from_netrc(host: str) -> str:
    """`user:secret` for a host from the user's netrc ($NETRC or ~/.netrc), or ""."""
    try:
        entry = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        return ""
    return f"{entry[0]}:{entry[2]}" if entry else ""


def _tls(sources: Sources, *, verify: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=sources.certificate)
        if sources.client_certificate:
            context.load_cert_chain(sources.client_certificate)
    except OSError as error:
        files = " or ".join(filter(None, (sources.certificate, sources.client_certificate)))
        raise ModelError(f"the configured certificate {files} cannot be used: {error}") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
