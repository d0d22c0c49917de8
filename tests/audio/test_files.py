"""Reading audio of every kind, and what is none."""

from __future__ import annotations

import io
import sys
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.audio.sounds import FLOAT, RATE, speechlike, wav
from vivavoce.audio.files import AudioInfo, AudioReader, Source, probe, read_audio
from vivavoce.audio.wav import WavWriter
from vivavoce.core.audio import Samples
from vivavoce.core.errors import AudioError

RECORDINGS = Path(__file__).parent.parent / "recordings"
RATES = [8000, 11025, 16000, 22050, 24000, 44100, 48000]

with_and_without_av = pytest.mark.parametrize(
    "has_av", [True, False], indirect=True, ids=["av", "wave"]
)


@pytest.fixture
def has_av(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether PyAV can be imported."""
    if not request.param:
        monkeypatch.setitem(sys.modules, "av", None)
    return bool(request.param)


def samples_of(source: Source, sample_rate: int | None = None) -> Samples:
    with read_audio(source, sample_rate) as reader:
        return np.concatenate([frame.samples for frame in reader])


def encoded(container: str, codec: str, sample_rate: int = 48000, layout: str = "mono") -> bytes:
    """One second of tone in another format."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=sample_rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        channels = stream.codec_context.channels
        samples = np.repeat(speechlike(1.0, sample_rate)[None], channels, axis=0)
        size = stream.codec_context.frame_size or 960
        for at in range(0, samples.shape[1], size):
            chunk = np.ascontiguousarray(samples[:, at : at + size])
            frame = av.AudioFrame.from_ndarray(chunk, format="s16p", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = (
                sample_rate,
                at,
                Fraction(1, sample_rate),
            )
            for resampled in av.AudioResampler(stream.codec_context.format, layout).resample(frame):
                output.mux(stream.encode(resampled))
        output.mux(stream.encode(None))
    return file.getvalue()


# --- what is read -------------------------------------------------------------------------------


@with_and_without_av
@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.usefixtures("has_av")
def test_a_wav_comes_as_frames_of_20_ms_at_its_own_rate(sample_rate: int) -> None:
    samples = speechlike(1.013, sample_rate)
    reader = read_audio(wav(samples.tobytes(), sample_rate=sample_rate))
    frames = list(reader)
    assert reader.sample_rate == sample_rate
    assert {len(frame.samples) for frame in frames[:-1]} == {round(0.02 * sample_rate)}
    assert [frame.start for frame in frames[1:]] == pytest.approx(
        [frame.end for frame in frames[:-1]]
    )
    assert np.concatenate([frame.samples for frame in frames]).tolist() == samples.tolist()
    assert reader.warnings == []


@pytest.mark.parametrize("sample_rate", RATES)
def test_a_rate_that_is_asked_for_is_given(sample_rate: int) -> None:
    samples = speechlike(1.0, sample_rate)
    converted = samples_of(wav(samples.tobytes(), sample_rate=sample_rate), 16000)
    assert np.abs(converted - speechlike(1.0, 16000).astype(int)).max() < 60


@with_and_without_av
@pytest.mark.usefixtures("has_av")
@pytest.mark.parametrize("channels", [2, 6])
def test_channels_are_mixed_to_one(channels: int) -> None:
    samples = speechlike()
    spread = np.zeros((len(samples), channels), np.int16)
    spread[:, 1] = samples
    mixed = samples_of(wav(spread.tobytes(), channels=channels))
    assert np.abs(mixed - samples / channels).max() <= 0.5


@with_and_without_av
@pytest.mark.usefixtures("has_av")
@pytest.mark.parametrize("bits", [8, 24, 32])
def test_any_width_of_integers_is_read(bits: int) -> None:
    samples = speechlike()
    wide = samples.astype(np.int64) << (bits - 16) if bits > 16 else (samples >> 8) + 128
    octets = wide.astype("<i8")[:, None].view(np.uint8)[:, : bits // 8]
    read = samples_of(wav(octets.tobytes(), bits=bits))
    assert np.abs(read - samples.astype(int)).max() < (256 if bits == 8 else 1)


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_read(bits: int) -> None:
    samples = speechlike()
    data = (samples / 32768).astype(f"<f{bits // 8}").tobytes()
    assert samples_of(wav(data, bits=bits, form=FLOAT)).tolist() == samples.tolist()


@pytest.mark.parametrize(
    ("container", "codec", "layout"),
    [
        ("flac", "flac", "stereo"),
        ("ogg", "libopus", "mono"),
        ("mp3", "libmp3lame", "mono"),
        ("mp4", "aac", "stereo"),
        ("matroska", "aac", "mono"),
        ("adts", "aac", "mono"),
        ("aiff", "pcm_s16be", "mono"),
    ],
)
def test_common_formats_are_read(container: str, codec: str, layout: str) -> None:
    data = encoded(container, codec, layout=layout)
    samples = samples_of(data)
    assert len(samples) == pytest.approx(48000, abs=3000)
    assert np.abs(samples).max() == pytest.approx(8000, rel=0.1)


def test_a_human_recording_is_read_from_its_path() -> None:
    path = RECORDINGS / "go_forward.flac"
    assert probe(path) == AudioInfo(44580 / 16000, 16000, 1, "flac")
    assert len(samples_of(str(path))) == 44580


@with_and_without_av
@pytest.mark.usefixtures("has_av")
@pytest.mark.parametrize("declared", [None, 0xFFFFFFFF])
def test_the_standard_input_is_read_to_its_end(
    monkeypatch: pytest.MonkeyPatch, declared: int | None
) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, offset: int, whence: int = 0) -> int:
            raise io.UnsupportedOperation(f"seek to {offset} from {whence}")

    samples = speechlike()
    pipe = io.BufferedReader(Pipe(wav(samples.tobytes(), declared=declared)))
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": pipe}))
    reader = read_audio("-")
    assert np.concatenate([frame.samples for frame in reader]).tolist() == samples.tolist()
    assert reader.warnings == []
    assert not pipe.closed


@with_and_without_av
@pytest.mark.usefixtures("has_av")
def test_silence_is_audio() -> None:
    assert samples_of(wav(bytes(32000))).tolist() == [0] * 16000


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    minute = speechlike(60)
    with WavWriter(path, RATE) as writer:
        for _ in range(5):
            writer.write(minute)
    tracemalloc.start()
    try:
        count = sum(len(frame.samples) for frame in read_audio(path, 24000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 5 * 60 * 24000
    assert peak < 4_000_000  # the file is 9.6 MB, what comes out is 14.4


# --- what is damaged ----------------------------------------------------------------------------


@with_and_without_av
@pytest.mark.usefixtures("has_av")
def test_a_truncated_wav_gives_what_is_there_and_a_warning() -> None:
    samples = speechlike()
    reader = read_audio(wav(samples.tobytes()[:-1], declared=160000))
    assert sum(len(frame.samples) for frame in reader) == len(samples) - 1
    assert len(reader.warnings) == 1
    assert "128001 bytes of its audio are missing" in reader.warnings[0]


def test_a_truncated_flac_gives_what_is_there_and_a_warning() -> None:
    data = (RECORDINGS / "wizard.flac").read_bytes()
    reader = read_audio(data[: len(data) // 2])
    assert 1.5 < sum(frame.duration for frame in reader) < 3
    assert any("of 4.9 s can be heard" in warning for warning in reader.warnings)


def test_a_truncated_film_gives_what_is_there_and_a_warning() -> None:
    data = encoded("matroska", "aac")
    reader = read_audio(data[: len(data) * 2 // 3])
    assert 0.5 < sum(frame.duration for frame in reader) < 0.8
    assert any("of 1.0 s can be heard" in warning for warning in reader.warnings)


def test_a_truncated_film_whose_index_stood_at_its_end_is_damaged() -> None:
    data = encoded("mp4", "aac")
    with pytest.raises(AudioError, match="not audio in a known format, or damaged"):
        read_audio(data[: len(data) * 2 // 3])


def test_damage_in_the_middle_is_skipped_and_told() -> None:
    data = encoded("mp3", "libmp3lame")
    reader = read_audio(data[:3000] + b"\xff" * 600 + data[3600:])
    assert 0.8 < sum(frame.duration for frame in reader) < 1
    assert any("1 pieces of it cannot be decoded" in warning for warning in reader.warnings)


def test_what_a_decoder_leaves_out_in_silence_is_told_too() -> None:
    data = (RECORDINGS / "wizard.flac").read_bytes()
    reader = read_audio(data[:40000] + b"\xff" * 8000 + data[48000:])
    assert 4 < sum(frame.duration for frame in reader) < 4.6
    assert any("of 4.9 s can be heard" in warning for warning in reader.warnings)


def test_samples_that_are_not_numbers_become_silence_and_are_counted() -> None:
    floats = (speechlike() / 32768).astype("<f4")
    floats[100:137] = np.nan
    floats[200] = np.inf
    reader = read_audio(wav(floats.tobytes(), bits=32, form=FLOAT))
    samples = np.concatenate([frame.samples for frame in reader])
    assert samples[100:137].tolist() == [0] * 37
    assert samples[200] == 32767
    assert reader.warnings == ["37 samples are not numbers (NaN); they became silence"]


# --- what is not audio --------------------------------------------------------------------------


def no_sound() -> Iterator[tuple[str, bytes, str]]:
    """A name, the bytes, and what is said of them, with PyAV or without."""
    tone = speechlike().tobytes()
    noise = np.random.default_rng(3).bytes(20000)
    not_audio = "not audio in a known format|not a plain WAV file"
    yield "empty", b"", "is empty"
    yield "text", b"What is the capital of France?\n" * 50, not_audio
    yield "noise", noise, not_audio
    yield "playlist", b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n", not_audio
    yield "half a header", wav(tone)[:20], not_audio
    yield "no samples", wav(b""), "holds no audio that can be read"
    yield "no channels", wav(tone, channels=0), "0 channels|bad # of channels"
    yield "no rate", wav(tone, sample_rate=0), f"{not_audio}|rate of 0 Hz"
    yield "a rate of 7 Hz", wav(tone, sample_rate=7), "rate of 7 Hz cannot be used"


@with_and_without_av
@pytest.mark.usefixtures("has_av")
@pytest.mark.parametrize(
    ("data", "message"), [pytest.param(*case[1:], id=case[0]) for case in no_sound()]
)
def test_what_is_not_audio_is_told_apart(data: bytes, message: str) -> None:
    with pytest.raises(AudioError, match=message):
        samples_of(data)


def test_a_film_without_sound_has_no_audio_track() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        output.mux(stream.encode(image))
        output.mux(stream.encode(None))
    with pytest.raises(AudioError, match="has no audio track"):
        read_audio(file.getvalue())


@pytest.mark.parametrize(
    ("path", "message"), [("missing.wav", "No such file"), (".", "Is a directory")]
)
def test_a_path_that_cannot_be_opened_is_named(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(AudioError, match=message) as caught:
        read_audio(tmp_path / path)
    assert str(tmp_path / path) in str(caught.value)


@pytest.mark.parametrize("has_av", [False], indirect=True, ids=["wave"])
@pytest.mark.usefixtures("has_av")
def test_without_av_other_formats_say_what_to_install() -> None:
    with pytest.raises(AudioError, match=r"pip install 'vivavoce\[files\]'"):
        read_audio(RECORDINGS / "go_forward.flac")


def test_a_reader_left_early_closes_its_file(tmp_path: Path) -> None:
    path = tmp_path / "question.wav"
    path.write_bytes(wav(speechlike().tobytes()))
    with AudioReader(path) as reader:
        assert next(iter(reader)).start == 0
    assert list(reader) == []
