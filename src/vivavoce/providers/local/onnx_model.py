"""A model in an ONNX file, run by onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vivavoce.core.errors import ProviderError, ProviderUnavailable

__all__ = ["OnnxModel"]

Array = NDArray[np.float32]


class OnnxModel:
    """The model at `path`, computing with `threads`; several threads may run it at a time.

    `provider` and `role` are for its errors. Raises ProviderUnavailable when it cannot be loaded.
    """

    def __init__(self, path: Path, threads: int, provider: str, role: str) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as native

        self._provider = provider
        self._role = role
        # onnxruntime's errors have no common base.
        kinds = [kind for kind in vars(native).values() if isinstance(kind, type)]
        own = tuple(kind for kind in kinds if issubclass(kind, Exception))
        self._errors: tuple[type[Exception], ...] = (RuntimeError, ValueError, *own)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # errors come as exceptions
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except self._errors as error:
            raise ProviderUnavailable(
                f"{provider} cannot be loaded from {path}: {error}", provider=provider, role=role
            ) from error

    def run(self, outputs: list[str], inputs: Mapping[str, NDArray[np.generic]]) -> list[Array]:
        """The named outputs. Raises ProviderError when the model refuses the inputs."""
        try:
            results: list[Array] = self._session.run(outputs, inputs)
        except self._errors as error:
            raise ProviderError(
                f"{self._provider} failed: {error}", provider=self._provider, role=self._role
            ) from error
        return results
