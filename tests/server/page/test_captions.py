from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.server.page.fake_server import FakeServer
from tests.server.page.scenes import (
    ANSWER,
    settle,
)


def test_the_users_words_are_dim_until_they_are_settled(talking: Page, server: FakeServer) -> None:
    words = talking.locator(".user .words")
    server.tell("vivavoce.transcript", text="when does the", stable=9, is_final=False)
    expect(words.locator(".loose")).to_have_text(" the")
    expect(words).to_have_text("when does the")
    server.tell("vivavoce.transcript", text="When does the train go?", stable=0, is_final=True)
    expect(words.locator(".loose")).to_have_text("")
    server.tell("input_audio_buffer.committed", item_id="item_u")
    kind = "conversation.item.input_audio_transcription.completed"
    server.tell(kind, item_id="item_u", transcript="When does the train go?")
    expect(talking.locator(".user")).to_have_count(1)
    expect(words).to_have_text("When does the train go?")


def test_what_is_heard_is_solid_and_the_rest_is_pale(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER)
    server.tell("vivavoce.heard", response_id="resp_1", text="The train leaves at nine.")
    pale = talking.locator(".assistant .pale")
    expect(pale).to_have_text("It takes two hours.")
    solid = talking.locator(".assistant .words").evaluate("element => element.firstChild.data")
    assert solid == "The train leaves at nine. "
    server.tell("vivavoce.heard", response_id="resp_1", text=ANSWER)
    expect(pale).to_have_text("")


def test_what_was_cut_is_struck_through(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER)
    server.tell("vivavoce.heard", response_id="resp_1", text="The train")
    server.tell("response.done", response={"id": "resp_1", "status": "cancelled"})
    settle(server, heard="The train leaves", outcome="interrupted")
    cut = talking.locator(".assistant s.cut")
    expect(cut).to_have_text("at nine. It takes two hours.")
    assert "line-through" in cut.evaluate("element => getComputedStyle(element).textDecoration")
    expect(talking.locator("#announcer")).to_have_text("Assistant: The train leaves")


def test_an_answer_that_nobody_heard_leaves_no_line(talking: Page, server: FakeServer) -> None:
    server.tell("vivavoce.transcript", text="When does", stable=9, is_final=True)
    server.tell("input_audio_buffer.committed", item_id="item_u")
    server.answer(ANSWER)
    expect(talking.locator(".assistant")).to_be_visible()
    server.tell("response.done", response={"id": "resp_1", "status": "cancelled"})
    server.tell("conversation.item.deleted", item_id="item_u")
    settle(server, heard="", outcome="superseded")
    server.tell("vivavoce.transcript", text="When does it leave?", stable=9, is_final=False)
    expect(talking.locator(".user .words")).to_have_text(["When does it leave?"])
    expect(talking.locator(".assistant")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "pieces", "heard"),
    [
        ("ja", ["東京の", "天気は", "晴れです。"], "東京の天気は"),
        ("ko", ["서울은 오늘 ", "맑겠습", "니다."], "서울은 오늘"),
        ("zh", ["明天", "北京", "有雨。"], "明天"),
        ("", ["Mañana ", "llueve", " en Málaga."], "Mañana llueve"),
    ],
)
def test_words_of_every_language_flow_as_they_come(
    talking: Page, server: FakeServer, language: str, pieces: list[str], heard: str
) -> None:
    server.answer("")
    for piece in pieces:
        server.tell("response.output_audio_transcript.delta", response_id="resp_1", delta=piece)
    server.tell("vivavoce.heard", response_id="resp_1", text=heard)
    words = talking.locator(".assistant .words")
    expect(words).to_have_text("".join(pieces))
    assert words.evaluate("element => element.firstChild.data.trim()") == heard
    assert words.evaluate("element => element.lang") == language
    fits = "element => element.scrollWidth <= element.clientWidth"
    assert words.evaluate(fits)


def test_the_gap_unfolds_into_the_waterfall(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER)
    settle(server, heard=ANSWER)
    summary = talking.locator(".latency summary")
    expect(summary.locator(".gap")).to_have_text("0.62 s")
    expect(talking.locator(".waterfall")).to_be_hidden()
    summary.focus()
    talking.keyboard.press("Enter")
    rows = talking.locator(".waterfall tr")
    expect(rows.locator("th")).to_have_text(["transcript", "first token", "first sound", "gap"])
    expect(rows.nth(1).locator(".over")).to_have_text("400 ms")
    expect(rows.last).to_contain_text("of 1100")
    assert talking.locator(".waterfall .budget").count() == 4


def test_tools_and_sources_are_small_cards(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER)
    call = {"response_id": "resp_1", "call_id": "call_1", "name": "timetable"}
    server.tell("vivavoce.tool", **call, phase="started", arguments={"to": "<b>Rome</b>"})
    card = talking.locator(".card.tool")
    expect(card.locator("summary")).to_have_text(re.compile("timetable.*<b>Rome</b>.*running"))
    server.tell("vivavoce.tool", **call, phase="ended", result="at nine", is_error=False)
    expect(card.locator(".card-state")).to_have_text("done")
    for url in ("https://example.org/a", "javascript:alert(1)"):
        server.tell("vivavoce.source", response_id="resp_1", title="T", url=url, passage="P")
    expect(talking.locator(".card.source")).to_have_count(2)
    expect(talking.locator(".card.source a")).to_have_count(1)


def test_the_transcript_says_what_was_not_heard(talking: Page, server: FakeServer) -> None:
    talking.fill("#typed", "When?")
    talking.press("#typed", "Enter")
    server.answer(ANSWER)
    settle(server, heard="The train leaves", outcome="interrupted")
    expect(talking.locator("s.cut")).to_be_visible()
    with talking.expect_download() as download:
        talking.click("#save")
    text = download.value.path().read_text("utf-8")
    assert re.sub(r"\d\d:\d\d:\d\d", "0", text) == (
        "0  You: When?\n0  Assistant: The train leaves [not heard: at nine. It takes two hours.]\n"
    )
