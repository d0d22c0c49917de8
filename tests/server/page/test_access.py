from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.server.page.conftest import Open
from tests.server.page.fake_server import STATIC, FakeServer
from tests.server.page.scenes import (
    ANSWER,
)


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
    nameless = """() => [...document.querySelectorAll("button, input, select")]
        .filter((each) => !each.textContent.trim() && !each.labels?.length && !each.ariaLabel)
        .map((each) => each.id)"""
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
  const value = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const ratio = (a, b) => {
    const [dark, light] = [luminance(value(a)), luminance(value(b))].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  const found = {};
  for (const name of ["ink", "dim", "accent"]) {
    for (const ground of ["paper", "raised"]) {
      found[`${name} on ${ground}`] = [ratio(name, ground), 4.5];
    }
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
    server.wait(
        lambda: page.evaluate("document.querySelector('.ticks .lit')")
    )  # the level is still shown
    assert page.locator(".body").get_attribute("d") == form


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
        const sample = (_, n) => Math.sin((2 * Math.PI * 1000 * (at + n)) / from);
        const part = Float32Array.from({ length: 128 }, sample);
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
