from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.page.conftest import Open
from tests.server.page.fake_server import FakeServer
from tests.server.page.scenes import (
    BUSY,
    KEEP_CONTEXT,
    KEEP_STREAM,
    MISSING,
    REFUSING,
)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (REFUSING, "may not use the microphone"),
        (MISSING, "No microphone was found"),
        (BUSY, "in use elsewhere"),
        ("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})", "without HTTPS"),
    ],
)
def test_a_microphone_that_cannot_be_had_is_explained(
    open_page: Open, speaking: Browser, server: FakeServer, script: str, words: str
) -> None:
    page = open_page(speaking, script=script)
    page.click("#talk")
    expect(page.locator("#problem")).to_contain_text(words)
    server.wait(lambda: server.queries)  # and the conversation stands for typing
    expect(page.locator("#hint")).to_have_text("Press to talk")


def test_three_seconds_of_zeros_are_noticed(open_page: Open, silent: Browser) -> None:
    page = open_page(silent)
    page.click("#talk")
    expect(page.locator("#problem")).to_contain_text("sends only silence")
    page.click("#problem button")
    expect(page.locator("#settings")).to_be_visible()


def test_a_microphone_that_is_pulled_out_is_noticed(open_page: Open, speaking: Browser) -> None:
    page = open_page(speaking, script=KEEP_STREAM)
    page.click("#talk")
    page.wait_for_selector("#talk[aria-pressed=true]")
    page.evaluate("stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#problem")).to_contain_text("was disconnected")
    page.click("#problem button")
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("#talk")).to_have_attribute("aria-pressed", "true")


def test_sound_that_the_browser_paused_comes_back(open_page: Open, speaking: Browser) -> None:
    page = open_page(speaking, script=KEEP_CONTEXT)
    page.click("#talk")
    page.wait_for_selector("#talk[data-state=ready]")
    page.evaluate("sounding.suspend()")
    expect(page.locator("#problem")).to_contain_text("paused this page’s sound")
    page.click("#problem button")
    expect(page.locator("#problem")).to_be_hidden()


def test_a_lost_conversation_is_resumed(talking: Page, server: FakeServer) -> None:
    server.tell("vivavoce.transcript", text="Remember me.", stable=0, is_final=True)
    expect(talking.locator(".user .words")).to_be_visible()
    server.close()
    expect(talking.locator("#problem")).to_contain_text("The server does not answer")
    expect(talking.locator("#hint")).to_contain_text("No connection")
    server.start()
    server.wait(lambda: len(server.queries) == 2)
    assert server.queries[1] == {"extensions": "vivavoce", "resume": "token-1"}
    expect(talking.locator("#problem")).to_be_hidden()
    expect(talking.locator(".user .words")).to_have_text("Remember me.")
    expect(talking.locator(".divider")).to_have_count(0)
    before = server.audio.size
    server.wait(lambda: server.audio.size > before)  # the microphone goes on


def test_a_conversation_that_could_not_be_resumed_is_said_to_be_new(
    talking: Page, server: FakeServer
) -> None:
    server.forgetful = True
    server.session_id = "sess_2"
    server.drop()
    expect(talking.locator(".divider")).to_contain_text("new conversation")
    assert ["resume" in query for query in server.queries] == [False, True, True, True, False]
    expect(talking.locator("#problem")).to_be_hidden()


def test_a_server_that_ends_the_conversation_is_believed(talking: Page, server: FakeServer) -> None:
    server.drop(1000, "an hour is over")
    expect(talking.locator("#problem")).to_contain_text("an hour is over")
    expect(talking.locator("#talk")).to_have_attribute("data-state", "off")
    talking.click("#talk")
    server.wait(lambda: len(server.queries) == 2)
    assert "resume" not in server.queries[1]


def test_a_full_server_says_when_to_come_back(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    server.full = True
    page = open_page(speaking)
    page.click("#talk")
    expect(page.locator("#problem")).to_contain_text("no room")
    expect(page.locator("#problem")).to_contain_text(re.compile(r"in [567]\ss"))
    server.full = False
    page.click("#problem button")
    expect(page.locator("#problem")).to_be_hidden()


def test_webrtc_that_never_answers_is_left_for_websocket(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    server.webrtc = "hang"
    page = open_page(speaking)
    page.click("#talk")
    server.wait(lambda: server.queries)
    expect(page.locator("#link")).to_have_text("WebSocket, because WebRTC did not connect")
    server.drop()
    server.wait(lambda: len(server.queries) == 2)
    assert server.posts == 1  # nobody waits for it twice


def test_a_key_is_asked_for_and_stays_in_the_tab(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    server.key = "secret"
    page = open_page(speaking)
    page.click("#talk")
    expect(page.locator("#key-dialog")).to_be_visible()
    page.fill("#key", "wrong")
    page.press("#key", "Enter")
    expect(page.locator("#key-words")).to_contain_text("not accepted")
    page.fill("#key", "secret")
    page.press("#key", "Enter")
    server.wait(lambda: server.protocols)
    assert server.protocols[-1] == ["realtime", "openai-insecure-api-key.ek_secret"]
    assert page.evaluate("Object.values(sessionStorage)") == ["secret"]
    assert "secret" not in page.evaluate("JSON.stringify(localStorage)")


def test_a_key_in_the_address_is_taken_over_and_wiped(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    server.key = "secret"
    page = open_page(speaking, path="#key=secret")
    assert page.url == server.url
    page.click("#talk")
    server.wait(lambda: server.protocols)
    expect(page.locator("#key-dialog")).to_be_hidden()
