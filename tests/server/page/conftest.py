"""Debian's Chromium, a server that the test plays, and the page between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from tests.server.page.fake_server import FakeServer, tone, wav

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-features=WebRtcHideLocalIpsWithMdns,AudioServiceSandbox,OptimizationHints,MediaRouter",
)
WHAT_WE_REFUSE = ("status of 503", "status of 401", "status of 429", "WebSocket connection", "ERR_")

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """One for each file: while it is there, no other event loop can run in this thread."""
    assert CHROMIUM.exists(), "no Chromium: apt-get install chromium"
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def speaking(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears a tone."""
    file = tmp_path_factory.mktemp("voice") / "tone.wav"
    file.write_bytes(wav(tone(30.0)))
    yield from _browser(playwright, "--use-fake-ui-for-media-stream", _file(file))


@pytest.fixture(scope="module")
def silent(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone sends zeros."""
    file = tmp_path_factory.mktemp("silence") / "zeros.wav"
    file.write_bytes(wav(tone(30.0) * 0))
    yield from _browser(playwright, "--use-fake-ui-for-media-stream", _file(file))


def _file(path: Path) -> str:
    return f"--use-file-for-fake-audio-capture={path}"


def _browser(playwright: Playwright, *flags: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
    yield browser
    browser.close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    running = FakeServer()
    yield running
    running.close()


@pytest.fixture
def open_page(server: FakeServer) -> Iterator[Open]:
    """Opens the page; at the end no error may stand in the console that no refusal explains."""
    complaints: list[str] = []
    with ExitStack() as pages:

        def opened(
            browser: Browser, *, path: str = "", script: str = "", **options: object
        ) -> Page:
            context = browser.new_context(**({"permissions": ["microphone"]} | options))  # type: ignore[arg-type]
            pages.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda message: (
                    complaints.append(message.text)
                    if message.type in {"error", "warning"}
                    else None
                ),
            )
            if script:
                page.add_init_script(script)
            page.goto(server.url + path)
            page.wait_for_selector("#talk[data-state=off]")
            return page

        yield opened
    unexplained = [text for text in complaints if not any(why in text for why in WHAT_WE_REFUSE)]
    assert not unexplained


@pytest.fixture
def talking(open_page: Open, speaking: Browser, server: FakeServer) -> Page:
    """The page in a conversation, over WebSocket, with its microphone open."""
    page = open_page(speaking)
    page.click("#talk")
    page.wait_for_selector("#talk[data-state=ready][aria-pressed=true]")
    server.wait(lambda: server.audio.size)
    return page
