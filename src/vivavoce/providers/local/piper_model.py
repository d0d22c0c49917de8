"""A Piper voice (VITS) cut in two, so that speech can be made and sent chunk by chunk.

The front half reads all phonemes at once and costs a tenth; the back half is a plain convolution
over frames, so any stretch of it can be computed alone, given enough frames around it. Where the
seam lies is found by `streaming_vits.graph`. The durations of the phonemes are made an output too:
they tell when each word is spoken.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vivavoce.core.errors import ModelError, ProviderUnavailable
from vivavoce.providers.local.phonemes import Sound

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["Frames", "PiperModel"]

Floats = NDArray[np.float32]

MARGIN_FRAMES = 28  # on both sides of a chunk; at 24 the samples differ from a whole decode by
# 2e-5 (below one step of int16), at 32 by 1e-7, at 16 by 2e-3
SPLIT_VERSION = 1  # of the files that a split writes; a change of `_split` raises it
BEGIN, END, PAD = "^", "$", "_"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frames:
    """What the front half made of an utterance.

    `prior` is float32 `(1, channels, frames)`, `mask` `(1, 1, frames)`. `words` holds each word's
    first frame and the one behind its last; `voiced_end` the frame where the last sound ends.
    """

    prior: Floats
    mask: Floats
    words: tuple[tuple[int, int], ...]
    voiced_end: int

    @property
    def count(self) -> int:
        """How many frames there are."""
        return int(self.prior.shape[2])


@dataclass(frozen=True, slots=True)
class _Config:
    sample_rate: int
    voice: str
    ids: dict[str, int]
    scales: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class _Halves:
    front: Path
    back: Path


class PiperModel:
    """The two halves of one voice, ready to run. Loading takes a second, the first time three.

    `path` is the voice's `.onnx`; its `.onnx.json` lies beside it. Raises ModelError when one of
    them is missing or is no single-speaker Piper voice, ProviderUnavailable when a library is.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        config = _read_config(path)
        self.sample_rate = config.sample_rate
        self.voice = config.voice
        self._ids = config.ids
        self._scales = np.array(config.scales, np.float32)
        halves = _halves(path)
        self._front = _session(halves.front, threads)
        self._back = _session(halves.back, threads)
        self._seam = [entry.name for entry in self._back.get_inputs()]
        self.hop = int(self._back.get_modelmeta().custom_metadata_map["hop"])

    def prepare(self, sounds: Sequence[Sound]) -> Frames:
        """Run the front half over one sentence. Its time grows with the square of the length."""
        ids, spans = self._encode(sounds)
        lengths = np.array([len(ids)], np.int64)
        feed = {"input": ids[None], "input_lengths": lengths, "scales": self._scales}
        prior, mask, durations = self._front.run(None, feed)
        borders = np.concatenate(([0], np.cumsum(durations.reshape(-1)))).astype(int)
        words = tuple((int(borders[start]), int(borders[end])) for start, end in spans)
        voiced_end = max((end for _, end in words), default=0)
        return Frames(prior, mask, words, voiced_end)

    def decode(self, frames: Frames, start: int, end: int) -> Floats:
        """The samples of `frames[start:end]`, float32 in -1..1, as a whole decode gives them."""
        low = max(0, start - MARGIN_FRAMES)
        high = min(frames.count, end + MARGIN_FRAMES)
        prior, mask = self._seam
        feed = {prior: frames.prior[:, :, low:high], mask: frames.mask[:, :, low:high]}
        audio: Floats = self._back.run(None, feed)[0].reshape(-1)
        return audio[(start - low) * self.hop : (end - low) * self.hop]

    def _encode(self, sounds: Sequence[Sound]) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
        """Phoneme ids as Piper was trained on them, and where each word's begin and end.

        Every phoneme is followed by a pad. Symbols that the voice does not know are left out.
        """
        ids = [self._ids[BEGIN], self._ids[PAD]]
        spans: list[tuple[int, int]] = []

        def append(text: str) -> None:
            for symbol in unicodedata.normalize("NFD", text):
                if symbol in self._ids:
                    ids.extend((self._ids[symbol], self._ids[PAD]))

        for sound in sounds:
            start = len(ids)
            append(sound.phonemes)
            spans.append((start, len(ids)))
            append(sound.after if sound is not sounds[-1] else sound.after.rstrip())
        ids.append(self._ids[END])
        return np.array(ids, np.int64), spans


def _read_config(path: Path) -> _Config:
    place = path.with_name(f"{path.name}.json")
    for file in (path, place):
        if not file.is_file():
            raise ModelError(f"no voice file {file}; `vivavoce models fetch` brings the voices")
    try:
        data = json.loads(place.read_text(encoding="utf-8"))
        inference = data["inference"]
        return _Config(
            sample_rate=int(data["audio"]["sample_rate"]),
            voice=str(data["espeak"]["voice"]),
            ids={str(symbol): int(ids[0]) for symbol, ids in data["phoneme_id_map"].items()},
            scales=(
                float(inference["noise_scale"]),
                float(inference["length_scale"]),
                float(inference["noise_w"]),
            ),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ModelError(f"{place} does not describe a Piper voice: {error!r}") from error


def _halves(path: Path) -> _Halves:
    """The split graphs, made at first use and kept beside the voice, or in the user's cache."""
    status = path.stat()
    key = f"{SPLIT_VERSION}:{path.name}:{status.st_size}:{status.st_mtime_ns}"
    name = f"{path.stem}.{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    folders = [path.parent / "split", _cache_folder()]
    for folder in folders:
        halves = _Halves(folder / f"{name}.front.onnx", folder / f"{name}.back.onnx")
        if halves.front.is_file() and halves.back.is_file():
            return halves
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return _split(path, folder, name)
        except PermissionError:
            logger.debug("no split voice can be kept in %s", folder)
    raise ModelError(f"neither {folders[0]} nor {folders[1]} can be written to keep a split voice")


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "vivavoce" / "split"


def _split(path: Path, folder: Path, name: str) -> _Halves:
    """Write both halves. The back one appears last, and both whole or not at all."""
    try:
        import onnx
        from streaming_vits import graph
    except ImportError as error:
        raise ProviderUnavailable(
            f"cutting a Piper voice in two needs {error.name}: pip install 'vivavoce[local]'",
            provider="local/piper",
            role="tts",
        ) from error
    protobuf = import_module("google.protobuf.message")  # untyped; onnx brings it
    try:
        model = onnx.load(str(path))
        seam = graph.find_seam(model)
        hop = graph.describe_decoder(model)["hop"]
        durations = [node.output[0] for node in model.graph.node if node.op_type == "Ceil"][-1]
    except (ValueError, IndexError, protobuf.DecodeError) as error:
        raise ModelError(f"{path} is not a Piper voice: {error}") from error
    if seam.g is not None:
        raise ModelError(f"{path} has several speakers; only voices of one are supported")
    del model.metadata_props[:]  # Piper writes keys twice, which the extractor refuses
    inputs = [entry.name for entry in model.graph.input]
    border = [seam.z_p, seam.mask]
    extractor = onnx.utils.Extractor(onnx.shape_inference.infer_shapes(model, data_prop=True))
    front = extractor.extract_model(inputs, [*border, durations])
    back = extractor.extract_model(border, ["output"])
    onnx.helper.set_model_props(back, {"hop": str(hop)})
    halves = _Halves(folder / f"{name}.front.onnx", folder / f"{name}.back.onnx")
    for half, place in ((front, halves.front), (back, halves.back)):
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as file:
            file.write(half.SerializeToString())
        Path(file.name).replace(place)
    return halves


def _session(path: Path, threads: int) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
