"""Scripts: one line, many acts."""

from __future__ import annotations

import pytest

from vivavoce.testing import Line, parse_script


def test_a_script_is_times_acts_texts_and_durations() -> None:
    script = '0.0 user "what\'s the weather"(1.2) | 3.3 user "no"(.8) | 5 noise (0.3) | 9. close'
    assert parse_script(script) == [
        Line(0.0, "user", "what's the weather", 1.2),
        Line(3.3, "user", "no", 0.8),
        Line(5.0, "noise", "", 0.3),
        Line(9.0, "close"),
    ]


def test_acts_are_done_in_the_order_of_their_times_and_a_text_may_hold_a_bar() -> None:
    lines = parse_script('.5 type "this | that" | 0.2 user "hi"')
    assert [line.at for line in lines] == [0.2, 0.5, 1.0]
    assert lines[1].text == "this | that"


def test_speech_without_a_duration_takes_its_time_by_its_letters() -> None:
    (line, _) = parse_script('1 user "ten letters"')
    assert line.end == pytest.approx(1 + 0.07 * 11)


@pytest.mark.parametrize("end", ["close", "lose"])
def test_a_script_ends_by_itself_unless_it_says_how(end: str) -> None:
    assert [line.act for line in parse_script(f'0 user "hi" | 9 {end}')] == ["user", end]
    (_, last) = parse_script('1 user "hi"(0.5)')
    assert last == Line(2.0, "close")


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("", "''"),
        ("0.0 sing", "'0.0 sing'"),
        ('0.0 user "hi" | user "no time"', "'user \"no time\"'"),
        ('0.0 user "open | 2 close', "'0.0 user \"open'"),
        ('0.0 user "hi"(fast) | 2 close', "'0.0 user \"hi\"(fast)'"),
        ("0.0 close 1 close", "'0.0 close 1 close'"),
    ],
)
def test_a_wrong_entry_is_shown(script: str, shown: str) -> None:
    with pytest.raises(ValueError, match="is no entry of a script") as raised:
        parse_script(script)
    assert str(raised.value).startswith(shown)
    assert "noise, respond" in str(raised.value)
