"""Settings: where they come from, which wins, and what a wrong one says."""

from pathlib import Path

import pytest

from vivavoce.config import describe, load_settings
from vivavoce.core.errors import ConfigError
from vivavoce.settings import Settings


def test_without_anything_the_defaults_hold() -> None:
    assert load_settings(environ={}) == Settings()


def test_the_command_line_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = tmp_path / "vivavoce.toml"
    file.write_text('llm = "a/file"\nstt = "a/file"\ntts = "a/file"\n')
    environ = {"VIVAVOCE_STT": "a/environ", "VIVAVOCE_TTS": "a/environ"}
    settings = load_settings(file, arguments={"tts": "a/line"}, environ=environ)
    assert (settings.llm, settings.stt, settings.tts) == ("a/file", "a/environ", "a/line")


def test_the_working_directory_s_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "vivavoce.toml").write_text("[floor]\neager_ms = 150\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={}).floor.eager_ms == 150


def test_the_environment_names_another_file(tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('language = "ko"\n')
    assert load_settings(environ={"VIVAVOCE_CONFIG": str(file)}).language == "ko"


def test_an_empty_variable_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings(environ={"VIVAVOCE_CONFIG": "", "VIVAVOCE_LLM": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("floor.eager_ms", "3000", "floor.eager_ms.*<= 2000"),
        ("floor.sustained_ms", "50", "floor.sustained_ms.*>= 100"),
        ("floor.waits_ms", "1,2,3,9000", "floor.waits_ms.*<= 5000"),
        ("floor.waits_ms", "4,3,2,1", "must rise"),
    ],
)
def test_what_the_floor_does_not_allow_is_told_by_the_setting_s_name(
    name: str, value: str, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        load_settings(arguments={name: value}, environ={})


def test_nested_and_listed_settings_come_from_text() -> None:
    environ = {
        "VIVAVOCE_FLOOR__WAITS_MS": "100,200,300,400",
        "VIVAVOCE_FLOOR__INTERRUPTIONS": "false",
    }
    floor = load_settings(environ=environ).floor
    assert floor.waits_ms == (100, 200, 300, 400)
    assert not floor.interruptions


def test_a_vendor_s_own_options_are_passed_through(tmp_path: Path) -> None:
    file = tmp_path / "vivavoce.toml"
    file.write_text('[providers.acme]\nregion = "eu"\nretries = 3\n')
    assert load_settings(file, environ={}).providers == {"acme": {"region": "eu", "retries": 3}}


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("lmm", "'llm'"), ("floor.eagerms", "'floor.eager_ms'"), ("langage", "'language'")],
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=nearest):
        load_settings(arguments={name: "x"}, environ={})


def test_an_unknown_variable_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigError, match=r"VIVAVOCE_SST.*'sst'.*'stt'"):
        load_settings(environ={"VIVAVOCE_SST": "x"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"floor.eager_ms": "soon"}, "argument floor.eager_ms.*floor.eager_ms.*int"),
        ({"floor.eager_ms": "-1"}, "floor.eager_ms.*>= 0"),
        ({"language": "english"}, "language"),
        ({"floor.mode": "loud"}, "floor.mode"),
        ({"floor.waits_ms": "1,2"}, "floor.waits_ms"),
    ],
)
def test_a_wrong_value_says_which_setting_and_from_where(
    arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        load_settings(arguments=arguments, environ={})


@pytest.mark.parametrize(
    ("text", "words"), [("llm = ", "not valid TOML"), ("llm = 3", "llm"), ("[llm]\nx = 1", "llm.x")]
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "broken.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings(file, environ={})
    assert "broken.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml cannot be read"):
        load_settings(tmp_path / "gone.toml", environ={})


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "binary.toml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(file, environ={})


def test_every_setting_says_what_it_does() -> None:
    assert all(text for _, _, text in describe())
