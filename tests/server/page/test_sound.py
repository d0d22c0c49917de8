from __future__ import annotations

import numpy as np
from playwright.sync_api import Browser, Page, expect

from tests.server.page.conftest import Open
from tests.server.page.fake_server import RATE, FakeServer
from tests.server.page.scenes import (
    ANSWER,
    MISSING,
    REFUSING,
    played,
)


def test_the_microphone_arrives_as_24_khz(talking: Page, server: FakeServer) -> None:
    server.wait(lambda: server.audio.size > RATE)
    heard = server.audio[-RATE // 2 :].astype(float)
    loudest = np.argmax(np.abs(np.fft.rfft(heard * np.hanning(heard.size)))) * RATE / heard.size
    assert abs(loudest - 220) < 5


def test_the_page_says_how_much_was_played(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER, seconds=0.5)
    server.tell("response.done", response={"id": "resp_1", "status": "completed"})
    server.wait(lambda: played(server) and played(server)[-1] > 350)
    assert played(server) == sorted(played(server))
    assert len(played(server)) >= 4
    assert played(server)[-1] <= 502


def test_barge_in_lets_go_at_once_and_says_where(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER, seconds=30.0)
    server.wait(lambda: played(server) and played(server)[-1] > 200)
    server.tell("input_audio_buffer.speech_started", item_id="item_u", audio_start_ms=0)
    server.tell("response.done", response={"id": "resp_1", "status": "cancelled"})
    server.wait(lambda: server.of_kind("conversation.item.truncate"))
    (cut,) = server.of_kind("conversation.item.truncate")
    assert (cut["item_id"], cut["content_index"]) == ("item_1", 0)
    assert 200 <= float(str(cut["audio_end_ms"])) < 5000
    expect(talking.locator("#stop")).to_be_disabled()
    count = len(played(server))
    server.answer("Yes?", response="resp_2", seconds=0.1)
    server.wait(lambda: len(played(server)) > count)
    later = server.of_kind("vivavoce.played")[count:]
    assert {event["response_id"] for event in later} == {"resp_2"}
    assert len(server.of_kind("conversation.item.truncate")) == 1


def test_a_held_answer_waits_and_goes_on(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER, seconds=1.0)
    server.wait(lambda: played(server) and played(server)[-1] > 100)
    server.tell("vivavoce.state", state="held")
    expect(talking.locator("#state")).to_have_text("Held")
    server.wait(lambda: len(played(server)) > 3 and played(server)[-1] == played(server)[-3])
    assert played(server)[-1] < 900
    server.tell("vivavoce.state", state="speaking")
    server.tell("response.done", response={"id": "resp_1", "status": "completed"})
    server.wait(lambda: played(server)[-1] > 850)
    assert not server.of_kind("conversation.item.truncate")


def test_stop_silences_here_before_the_server_knows(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER, seconds=30.0)
    server.wait(lambda: played(server))
    talking.keyboard.press("Escape")
    server.wait(
        lambda: server.of_kind("vivavoce.stop") and server.of_kind("conversation.item.truncate")
    )
    count = len(played(server))
    server.answer("", seconds=1.0)  # was on its way
    server.answer("Next.", response="resp_2", seconds=0.2)
    server.wait(lambda: len(played(server)) > count)
    assert {e["response_id"] for e in server.of_kind("vivavoce.played")[count:]} == {"resp_2"}


def test_the_answer_ducks_when_somebody_speaks(
    open_page: Open, silent: Browser, server: FakeServer
) -> None:
    watch = """const post = MessagePort.prototype.postMessage; globalThis.gains = [];
        MessagePort.prototype.postMessage = function (message, ...rest) {
            if (message?.kind === "volume") globalThis.gains.push(message.gain);
            return post.call(this, message, ...rest);
        }"""
    page = open_page(silent, script=watch)
    page.click("#talk")
    page.wait_for_selector("#talk[aria-pressed=true][data-state=ready]")
    server.answer(ANSWER, seconds=30.0)
    server.wait(lambda: played(server))
    page.click("#sample")  # a voice, whatever the microphone hears
    server.wait(lambda: page.evaluate("globalThis.gains.includes(0.25)"))
    server.wait(lambda: page.evaluate("globalThis.gains.at(-1) === 1"))  # the server said nothing


def test_typed_words_need_no_microphone(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    page = open_page(speaking, script=REFUSING)
    page.fill("#typed", "¿Qué hora es?")
    page.press("#typed", "Enter")
    server.wait(lambda: server.of_kind("vivavoce.text"))
    assert server.of_kind("vivavoce.text") == [{"type": "vivavoce.text", "text": "¿Qué hora es?"}]
    expect(page.locator(".user .words")).to_have_text("¿Qué hora es?")
    expect(page.locator("#problem")).to_be_hidden()
    assert not server.audio.size


def test_a_sample_question_is_heard_as_if_spoken(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    page = open_page(speaking, script=MISSING)
    page.click("#sample")
    server.wait(lambda: server.audio.size > 1.5 * RATE)
    loud = np.flatnonzero(np.abs(server.audio) > 1000)
    assert 0.5 * RATE < loud[-1] - loud[0] < 0.7 * RATE
    expect(page.locator("#problem")).to_be_hidden()


def test_the_space_bar_talks_in_push_to_talk(talking: Page, server: FakeServer) -> None:
    talking.click("#push")
    server.wait(lambda: server.of_kind("session.update"))
    assert turn_detection(server) is None
    talking.locator("#talk").focus()
    talking.keyboard.down(" ")
    expect(talking.locator("#hint")).to_have_text("Let go when you are done")
    server.wait(lambda: server.of_kind("vivavoce.key"))
    quiet = server.audio.size
    server.wait(lambda: np.abs(server.audio[quiet:]).max(initial=0) > 1000)
    talking.keyboard.up(" ")
    server.wait(lambda: len(server.of_kind("vivavoce.key")) == 2)
    assert [event["down"] for event in server.of_kind("vivavoce.key")] == [True, False]
    closed = server.audio.size
    server.wait(lambda: server.audio.size > closed + RATE)
    assert not server.audio[-RATE // 2 :].any()  # nothing leaves the page while the key is up
    expect(talking.locator("#talk")).to_have_attribute("aria-pressed", "true")
    talking.click("#push")
    server.wait(lambda: len(server.of_kind("session.update")) == 2)
    assert turn_detection(server) == {"type": "semantic_vad", "eagerness": "auto"}


def turn_detection(server: FakeServer) -> object:
    session = server.of_kind("session.update")[-1]["session"]
    assert isinstance(session, dict)
    return session["audio"]["input"]["turn_detection"]


def test_the_round_button_talks_while_it_is_held(talking: Page, server: FakeServer) -> None:
    talking.click("#push")
    box = talking.locator("#talk").bounding_box()
    assert box is not None
    talking.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    talking.mouse.down()
    server.wait(lambda: server.of_kind("vivavoce.key"))
    talking.mouse.up()
    server.wait(lambda: len(server.of_kind("vivavoce.key")) == 2)
    expect(talking.locator("#talk")).to_have_attribute("aria-pressed", "true")


def test_a_space_in_the_text_stays_a_space(talking: Page, server: FakeServer) -> None:
    talking.click("#push")
    talking.locator("#typed").press_sequentially("a b")
    expect(talking.locator("#typed")).to_have_value("a b")
    assert not server.of_kind("vivavoce.key")


def test_mute_sends_silence(talking: Page, server: FakeServer) -> None:
    talking.click("#mute")
    expect(talking.locator("#hint")).to_have_text("You are muted")
    before = server.audio.size
    server.wait(lambda: server.audio.size > before + RATE)
    assert not server.audio[-RATE // 2 :].any()
