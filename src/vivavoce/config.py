"""Settings from `vivavoce.toml`, the environment and the command line, in rising precedence.

The file is the one named by `--config` or `VIVAVOCE_CONFIG`, else `vivavoce.toml` in the working
directory, if there is one. `VIVAVOCE_LLM` sets `llm`, `VIVAVOCE_FLOOR__EAGER_MS` sets
`floor.eager_ms`; an empty variable sets nothing.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from vivavoce.core.errors import ConfigError
from vivavoce.settings import Settings

__all__ = ["ENVIRONMENT_PREFIX", "describe", "load_settings"]

ENVIRONMENT_PREFIX = "VIVAVOCE_"
# Variables of ours that are not settings: where to look, not what to do.
_OTHERS = frozenset({"VIVAVOCE_CONFIG", "VIVAVOCE_MODELS"})
_FILE = Path("vivavoce.toml")

Table = dict[str, object]


def load_settings(
    file: Path | None = None,
    *,
    arguments: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in force. `arguments` has dotted names, as the command line gives them.

    Raises ConfigError, which names the setting, where it was set, and what it may be; for an
    unknown name it names the nearest that exists.
    """
    environ = os.environ if environ is None else environ
    merged: Table = {}
    origins: dict[str, str] = {}
    for origin, table in _sources(file, arguments or {}, environ):
        for name, value in _flat(table):
            _check_name(name, origin)
            _put(merged, name, value)
            origins[name] = origin
    try:
        return msgspec.convert(merged, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`").split("[")[0]
        origin = origins.get(name, "the configuration")
        raise ConfigError(f"{origin}: {name or 'settings'}: {reason}") from error


def _sources(
    file: Path | None, arguments: Mapping[str, object], environ: Mapping[str, str]
) -> Iterator[tuple[str, Table]]:
    location = environ.get("VIVAVOCE_CONFIG")
    named = file or (Path(location) if location else None)
    path = named or _FILE
    if named is not None or path.is_file():
        yield str(path), _read(path)
    for variable, value in environ.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable not in _OTHERS and value:
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            yield f"environment variable {variable}", _nested(name, _listed(name, value))
    for name, given in arguments.items():
        listed = _listed(name, given) if isinstance(given, str) else given
        yield f"argument {name}", _nested(name, listed)


def _read(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _listed(name: str, value: str) -> object:
    """Text from outside as the setting wants it: a list's values stand between commas."""
    return value.split(",") if name.endswith(".waits_ms") else value


def _nested(name: str, value: object) -> Table:
    table: Table = {}
    _put(table, name, value)
    return table


def _put(table: Table, name: str, value: object) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        inner = table.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise ConfigError(f"{name}: {parent} is a value, not a table")
        table = inner
    table[last] = value


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and not name.startswith("providers."):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def _check_name(name: str, origin: str) -> None:
    known = [entry[0] for entry in describe()]
    if name in known or name.startswith("providers."):
        return
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    raise ConfigError(f"{origin}: there is no setting {name!r}; the nearest is {near[0]!r}")


def describe() -> Iterator[tuple[str, object, str]]:
    """Each setting's dotted name, its default, and what it does."""
    yield from _describe(Settings, "")


def _describe(struct: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, object, str]]:
    for field in msgspec.structs.fields(struct):
        default = field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        if isinstance(default, msgspec.Struct):
            yield from _describe(type(default), f"{prefix}{field.name}.")
            continue
        info = msgspec.inspect.type_info(field.type)
        extra = info.extra_json_schema if isinstance(info, msgspec.inspect.Metadata) else None
        yield f"{prefix}{field.name}", default, str((extra or {}).get("description", ""))
