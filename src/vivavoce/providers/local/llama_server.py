"""llama.cpp in this process: one model, one slot, and a cache of the prompts it has seen."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from vivavoce.core.errors import BadReply, ModelError, ProviderRefused, ProviderUnavailable
from vivavoce.core.messages import Usage

__all__ = ["Emit", "LlamaServer", "Stopped"]

Emit = Callable[[str | Usage], None]
Stopped = Callable[[], bool]

# Tokens a step. A cancelled prompt ends at the next step: 0.5 s with the 1.5B model on two cores.
# Steps of 512 read a prompt a fifth faster but could not be stopped.
STEP_TOKENS = 32
PROMPT_CACHE_MIB = 256  # prompts of other conversations: 28 KB a token with the 1.5B model


class Native(Protocol):
    """What is used of `xllamacpp.Server`."""

    def handle_chat_completions(
        self, request: Mapping[str, object], callback: Callable[[Mapping[str, object]], bool], /
    ) -> object: ...


class LlamaServer:
    """A loaded model. Its calls block; use one at a time, from a worker thread.

    xllamacpp opens an HTTP listener of its own, which cannot be switched off. It is put on a Unix
    socket in a private folder with a random key, and the socket is removed once it listens, so that
    nothing can reach it.

    Raises ModelError for a missing or unreadable file, ProviderUnavailable without xllamacpp.
    """

    def __init__(self, path: Path, *, threads: int, context_tokens: int, name: str) -> None:
        self._name = name
        if not path.is_file():
            raise ModelError(f"no model file {path}; `vivavoce models fetch` brings the models")
        try:
            import xllamacpp
        except ImportError as error:
            raise ProviderUnavailable(
                f"{name} needs xllamacpp: pip install 'vivavoce[local]' ({error})",
                provider=name,
                role="llm",
            ) from error
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(path)
        parameters.n_ctx = context_tokens
        parameters.n_parallel = 1
        parameters.n_batch = parameters.n_ubatch = STEP_TOKENS
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
        parameters.cache_ram_mib = PROMPT_CACHE_MIB
        parameters.fit_params = False  # the catalogue knows what fits; trying takes 1.5 s
        parameters.ctx_shift = False  # a reply that fills the context ends; nothing is forgotten
        parameters.verbosity = -1
        parameters.endpoint_slots = parameters.endpoint_props = parameters.ui = False
        parameters.n_threads_http = 1
        parameters.api_keys = [secrets.token_urlsafe(32)]
        folder = tempfile.mkdtemp(prefix="vivavoce-")
        parameters.hostnames = [f"{folder}/llama.sock"]
        try:
            self._server: Native | None = xllamacpp.Server(parameters)
        except RuntimeError as error:
            raise ModelError(f"llama.cpp cannot load {path}: {error}") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        # A model that is freed before its loop has begun is joined for ever (llama.cpp sets
        # `running` when the loop starts, after the end was asked for). An answer proves it has.
        shortest = [{"role": "system", "content": ""}, {"role": "user", "content": "."}]
        probe = {"messages": shortest, "max_tokens": 0}
        self.complete(probe, lambda _: None, lambda: False)

    def close(self) -> None:
        """Free the model and end its threads."""
        self._server = None

    def complete(self, request: Mapping[str, object], emit: Emit, stopped: Stopped) -> None:
        """Emit the text token by token, at last the usage. `stopped` is asked at every step.

        Raises ProviderRefused when the prompt does not fit, BadReply for other complaints.
        """
        if self._server is None:
            raise ProviderUnavailable("the model is closed", provider=self._name, role="llm")
        complaints: list[Mapping[str, object]] = []

        def take(chunk: Mapping[str, object]) -> bool:
            complaint = chunk.get("error", chunk)
            if isinstance(complaint, Mapping) and "message" in complaint:
                complaints.append(complaint)
            match chunk:
                case {"choices": [{"delta": {"content": str(text)}}, *_]} if text:
                    emit(text)
            match chunk.get("timings"):
                case {"cache_n": int(cached), "prompt_n": int(new), "predicted_n": int(made)}:
                    emit(Usage(cached + new, made, cached))
            return stopped()

        try:
            self._server.handle_chat_completions({**request, "stream": True}, take)
        except (ValueError, RuntimeError) as error:
            raise self._refused(str(error)) from error
        if complaints:
            raise self._error(complaints[0])

    def _error(self, complaint: Mapping[str, object]) -> ProviderRefused | BadReply:
        message = str(complaint.get("message"))
        if complaint.get("type") == "exceed_context_size_error":
            return self._refused(
                f"{message}: shorten the instructions or the conversation, or raise the context"
            )
        return BadReply(f"llama.cpp: {message}", provider=self._name, role="llm")

    def _refused(self, message: str) -> ProviderRefused:
        return ProviderRefused(f"llama.cpp: {message}", provider=self._name, role="llm")
