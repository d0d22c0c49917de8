"""Writing WAV, and being interrupted at it."""

from __future__ import annotations

import io
import os
import resource
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.audio.sounds import RATE, speechlike
from vivavoce.audio.files import read_audio
from vivavoce.audio.wav import WavWriter
from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError


def read(path: Path) -> Samples:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "answer.wav"
    with WavWriter(path, RATE) as writer:
        for part in np.array_split(speechlike(3), 7):
            writer.write(part)
        assert writer.duration == 3
    assert read(path).tolist() == speechlike(3).tolist()
    writer.finish()  # again


def test_nothing_written_is_a_valid_file(tmp_path: Path) -> None:
    with WavWriter(tmp_path / "answer.wav", RATE):
        pass
    assert len(read(tmp_path / "answer.wav")) == 0


def test_the_answer_appears_at_the_end_and_a_crash_leaves_what_was_written(tmp_path: Path) -> None:
    path, part = tmp_path / "answer.wav", tmp_path / "answer.wav.part"
    path.write_bytes(b"older")
    writer = WavWriter(path, RATE)
    for _ in range(25):
        writer.write(speechlike(0.1))
    left = part.read_bytes()  # what a crash at this moment would leave
    assert path.read_bytes() == b"older"
    writer.finish()
    assert not part.exists()
    assert len(read(path)) == 2.5 * RATE
    part.write_bytes(left)
    assert len(read(part)) == 2 * RATE
    assert part.stat().st_size >= 44 + 2 * 2 * RATE


def test_an_exception_in_the_block_keeps_what_was_written(tmp_path: Path) -> None:
    def write_and_fail() -> None:
        with WavWriter(tmp_path / "answer.wav", RATE) as writer:
            writer.write(speechlike(0.5))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        write_and_fail()
    assert len(read(tmp_path / "answer.wav")) == 0.5 * RATE


def test_the_standard_output_gets_a_stream_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", type("Stdout", (), {"buffer": pipe}))
    with WavWriter("-", RATE) as writer:
        writer.write(speechlike())
    reader = read_audio(pipe.getvalue())
    assert np.concatenate([frame.samples for frame in reader]).tolist() == speechlike().tolist()
    assert reader.warnings == []


def test_a_full_disk_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "answer.wav.part").symlink_to("/dev/full")
    with pytest.raises(AudioError, match=r"the disk is full: no space left for .*answer\.wav"):
        WavWriter(tmp_path / "answer.wav", RATE)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process grows past 50 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_fills_up_keeps_what_it_took(tmp_path: Path) -> None:
    def write() -> None:
        with WavWriter(tmp_path / "answer.wav", RATE) as writer:
            for _ in range(10):
                writer.write(speechlike())

    with pytest.raises(AudioError, match="File too large"):
        write()
    assert not (tmp_path / "answer.wav").exists()
    assert len(read(tmp_path / "answer.wav.part")) >= RATE


@pytest.mark.parametrize("target", ["missing/answer.wav", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, target: str) -> None:
    def write() -> None:
        with WavWriter(tmp_path / target, RATE) as writer:
            writer.write(speechlike())

    with pytest.raises(AudioError, match="cannot write audio to"):
        write()


def test_what_is_no_file_is_streamed_to_and_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with WavWriter(pipe, RATE) as writer:
        writer.write(speechlike(0.5))
    data = os.read(reading, 1 << 16)
    os.close(reading)
    assert pipe.is_fifo()
    assert not (tmp_path / "pipe.part").exists()
    frames = [frame.samples for frame in read_audio(data)]
    assert np.concatenate(frames).tolist() == speechlike(0.5).tolist()


def test_a_directory_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for directory in (tmp_path, Path()):
        with pytest.raises(AudioError, match="Is a directory"):
            WavWriter(directory, RATE)
