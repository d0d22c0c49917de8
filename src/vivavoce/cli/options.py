"""The options that commands share: which providers, which settings."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vivavoce.build import Choice, choose, find
from vivavoce.cli.fetching import fetch_missing
from vivavoce.config import load_settings
from vivavoce.core.errors import ConfigError
from vivavoce.settings import Settings

__all__ = ["add_settings", "prepare", "settings_from"]

_NAMES = ("stt", "llm", "tts", "language", "instructions")


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Declare the options that set something."""
    group = parser.add_argument_group("settings")
    group.add_argument("--stt", metavar="NAME", help="recogniser, as in local/whisper-tiny.en")
    group.add_argument("--llm", metavar="NAME", help="language model, as in local/qwen2.5-0.5b")
    group.add_argument("--tts", metavar="NAME", help="voice, as in local/piper-joe")
    group.add_argument("--language", metavar="CODE", help="of the conversation, as in en or ko")
    group.add_argument("--instructions", metavar="TEXT", help="what the assistant is told")
    group.add_argument("--config", metavar="FILE", type=Path, help="instead of ./vivavoce.toml")
    group.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="any other setting, as in floor.eager_ms=150; may be repeated",
    )


def settings_from(options: argparse.Namespace) -> Settings:
    """The settings in force for this command. Raises ConfigError."""
    arguments: dict[str, object] = {}
    for given in options.set:
        name, equals, value = given.partition("=")
        if not equals:
            raise ConfigError(f"--set {given}: it has to be NAME=VALUE")
        arguments[name.strip()] = value
    for name in _NAMES:
        if getattr(options, name) is not None:
            arguments[name] = getattr(options, name)
    return load_settings(options.config, arguments=arguments)


def prepare(settings: Settings) -> Choice:
    """Decide on the providers, say why, and fetch what embedded models are missing."""
    choice = choose(settings)
    for role, name in choice.as_dict().items():
        if name != "none":
            find(role, name)
    for reason in choice.reasons:
        print(reason, file=sys.stderr)
    fetch_missing(choice.as_dict())
    return choice
