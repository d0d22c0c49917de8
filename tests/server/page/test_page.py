from __future__ import annotations

import re

import numpy as np
import pytest

from tests.server.page.fake_server import RATE, STATIC, FakeServer

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from tests.server.page.conftest import Open

ANSWER = "The train leaves at nine. It takes two hours."
REFUSING = """navigator.mediaDevices.getUserMedia =
    () => Promise.reject(new DOMException("no", "NotAllowedError"))"""
MISSING = REFUSING.replace("NotAllowedError", "NotFoundError")
BUSY = REFUSING.replace("NotAllowedError", "NotReadableError")
KEEP_STREAM = """const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (asked) => (globalThis.stream = await open(asked))"""
KEEP_CONTEXT = """globalThis.AudioContext = class extends AudioContext {
    constructor(...options) { super(...options); globalThis.sounding = this; } }"""


def turn(server: FakeServer, *, heard: str, outcome: str = "completed", gap: int = 620) -> None:
    stages = [
        {"name": "stt", "start_ms": 0, "duration_ms": 200, "budget_ms": 350},
        {"name": "llm", "start_ms": 200, "duration_ms": 400, "budget_ms": 375},
        {"name": "playout", "start_ms": 600, "duration_ms": gap - 600, "budget_ms": None},
    ]
    server.tell(
        "vivavoce.turn",
        response_id="resp_1",
        outcome=outcome,
        user_text="",
        written=ANSWER,
        heard=heard,
        gap_ms=gap,
        stages=stages,
        sources=[],
    )


# --- captions ------------------------------------------------------------------------------------


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
    turn(server, heard="The train leaves", outcome="interrupted")
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
    turn(server, heard="", outcome="superseded")
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
    turn(server, heard=ANSWER)
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
    turn(server, heard="The train leaves", outcome="interrupted")
    expect(talking.locator("s.cut")).to_be_visible()
    with talking.expect_download() as download:
        talking.click("#save")
    text = download.value.path().read_text("utf-8")
    assert re.sub(r"\d\d:\d\d:\d\d", "0", text) == (
        "0  You: When?\n0  Assistant: The train leaves [not heard: at nine. It takes two hours.]\n"
    )


# --- sound ---------------------------------------------------------------------------------------


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


def played(server: FakeServer) -> list[float]:
    return [float(str(event["position_ms"])) for event in server.of_kind("vivavoce.played")]


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
    server.wait(lambda: server.of_kind("vivavoce.stop") and server.of_kind("conversation.item.truncate"))
    count = len(played(server))
    server.answer("", seconds=1.0)  # was on its way
    server.answer("Next.", response="resp_2", seconds=0.2)
    server.wait(lambda: len(played(server)) > count)
    assert {e["response_id"] for e in server.of_kind("vivavoce.played")[count:]} == {"resp_2"}


def test_the_answer_ducks_when_somebody_speaks(open_page: Open, silent: Browser, server: FakeServer) -> None:
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


# --- other ways in -------------------------------------------------------------------------------


def test_typed_words_need_no_microphone(open_page: Open, speaking: Browser, server: FakeServer) -> None:
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


# --- when things fail ----------------------------------------------------------------------------


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
    server.session_id = "sess_2"
    server.drop()
    expect(talking.locator(".divider")).to_contain_text("new conversation")


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


# --- everybody can use it ------------------------------------------------------------------------


def test_every_control_is_reached_by_the_keyboard(talking: Page, server: FakeServer) -> None:
    server.answer(ANSWER)
    expect(talking.locator("#stop")).to_be_enabled()
    talking.evaluate("document.activeElement.blur()")
    reached = []
    for _ in range(16):
        talking.keyboard.press("Tab")
        reached.append(talking.evaluate("document.activeElement.id"))
        ring = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
        assert reached[-1] == "" or talking.evaluate(ring) >= 1
    controls = {"open-settings", "talk", "conversation", "mute", "stop", "end", "push", "volume"}
    assert controls | {"typed", "send", "sample"} <= set(reached)


def test_all_controls_have_names_and_ids_are_unique(open_page: Open, speaking: Browser) -> None:
    page = open_page(speaking)
    nameless = """() => [...document.querySelectorAll("button, input, select")].filter((each) =>
        !each.textContent.trim() && !each.labels?.length && !each.ariaLabel).map((each) => each.id)"""
    assert page.evaluate(nameless) == []
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("[aria-live=polite]").count() == 1


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const luminance = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((part) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = document.body.appendChild(document.createElement("i"));
  const value = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  const ratio = (a, b) => {
    const [dark, light] = [luminance(value(a)), luminance(value(b))].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const found = {};
  for (const name of ["ink", "dim", "accent"]) {
    for (const ground of ["paper", "raised"]) found[`${name} on ${ground}`] = [ratio(name, ground), 4.5];
  }
  found["on-accent on accent"] = [ratio("on-accent", "accent"), 4.5];
  found["edge on paper"] = [ratio("edge", "paper"), 3];
  for (const name of ["stt", "endpoint", "llm", "clause", "tts", "playout", "tool"]) {
    found[name] = [ratio(`stage-${name}`, "paper"), 3];
  }
  probe.remove();
  return found;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_meet_wcag_aa(open_page: Open, speaking: Browser, theme: str) -> None:
    page = open_page(speaking, color_scheme=theme)
    found = page.evaluate(CONTRAST)
    assert {name: pair for name, pair in found.items() if pair[0] < pair[1]} == {}


def test_a_chosen_theme_stays(open_page: Open, speaking: Browser, server: FakeServer) -> None:
    page = open_page(speaking, color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.click("#open-settings")
    page.check("[name=theme][value=dark]")
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    server.wait(lambda: page.evaluate(f"{background} === '{dark}'"))


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_lies_outside_the_screen(
    open_page: Open, speaking: Browser, server: FakeServer, width: int
) -> None:
    page = open_page(speaking, viewport={"width": width, "height": 844})
    page.fill("#typed", "Hello")
    page.press("#typed", "Enter")
    server.wait(lambda: server.of_kind("vivavoce.text"))
    server.answer("Donaudampfschifffahrtsgesellschaftskapitän " * 12)
    expect(page.locator(".assistant")).to_be_visible()
    outside = """() => [...document.querySelectorAll("main *, header *")].filter((each) => {
        const { left, right, width } = each.getBoundingClientRect();
        return width && !each.closest("svg, .unseen") && (left < 0 || right > innerWidth);
    }).map((each) => each.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    assert page.locator("#conversation").evaluate("each => each.clientHeight") >= 200


def test_nothing_moves_where_reduced_motion_is_asked_for(
    open_page: Open, speaking: Browser, server: FakeServer
) -> None:
    page = open_page(speaking, reduced_motion="reduce")
    page.click("#talk")
    page.wait_for_selector("#talk[data-state=ready]")
    server.tell("vivavoce.state", state="thinking")
    expect(page.locator("#state")).to_have_text("Thinking")
    assert page.evaluate("document.getAnimations().length") == 0
    server.tell("vivavoce.state", state="listening")
    expect(page.locator("#state")).to_have_text("Listening")
    form = page.locator(".body").get_attribute("d")
    server.wait(lambda: page.evaluate("document.querySelector('.ticks .lit')"))  # the level is still shown
    assert page.locator(".body").get_attribute("d") == form


# --- what it is made of --------------------------------------------------------------------------


def test_the_page_weighs_less_than_150_kb() -> None:
    assert sum(file.stat().st_size for file in STATIC.iterdir() if file.suffix != ".wav") < 150_000


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for file in STATIC.glob("*.*"):
        if file.suffix not in {".js", ".css", ".html"}:
            continue
        addresses = set(re.findall(r"https?://[^\s\"'`)]+", file.read_text("utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, file.name


@pytest.mark.parametrize("rates", [(48000, 24000), (24000, 48000), (44100, 24000), (24000, 44100)])
def test_a_tone_keeps_its_shape_through_the_resampler(
    open_page: Open, speaking: Browser, rates: tuple[int, int]
) -> None:
    source, target = rates
    code = """async ([from, to]) => {
      const { Resampler } = await import("/static/resampler.js");
      const resampler = new Resampler(from, to);
      const output = [];
      for (let at = 0; at < from; at += 128) {
        const part = Float32Array.from({ length: 128 }, (_, n) => Math.sin(2 * Math.PI * 1000 * (at + n) / from));
        output.push(...resampler.push(part));
      }
      return output;
    }"""
    output = np.array(open_page(speaking).evaluate(code, [source, target]))
    assert abs(output.size - target) < 300
    at = np.arange(output.size) / target
    basis = np.stack([np.sin(2 * np.pi * 1000 * at), np.cos(2 * np.pi * 1000 * at)], axis=1)[500:]
    fit, *_ = np.linalg.lstsq(basis, output[500:], rcond=None)
    assert abs(np.hypot(*fit) - 1) < 0.01
    assert np.std(output[500:] - basis @ fit) < 0.002
