"""Audio, transcripts, phrases and errors."""

from __future__ import annotations

import numpy as np
import pytest

from vivavoce.core import errors
from vivavoce.core.audio import FRAME_S, AudioFrame, silence
from vivavoce.core.phrases import apology, not_understood
from vivavoce.core.transcript import Transcript


def test_a_frame_knows_where_it_ends() -> None:
    frame = AudioFrame(silence(FRAME_S, 24000), 24000, start=1.5)
    assert len(frame.samples) == 480
    assert frame.samples.dtype == np.int16
    assert frame.duration == pytest.approx(0.020)
    assert frame.end == pytest.approx(1.520)


def test_silence_has_no_negative_length() -> None:
    assert len(silence(-1.0, 16000)) == 0
    assert not silence(0.1, 16000).any()


def test_the_stable_text_of_a_partial_is_its_beginning_and_of_a_final_all() -> None:
    assert Transcript("what is it", 0, 1, stable=4).stable_text == "what"
    assert Transcript("what is it", 0, 1, is_final=True).stable_text == "what is it"


@pytest.mark.parametrize("phrase", [apology, not_understood])
def test_phrases_are_in_the_language_asked_for_or_in_english(phrase: object) -> None:
    assert callable(phrase)
    assert phrase("ko") != phrase("en")
    assert phrase(None) == phrase("tlh") == phrase("en")


def tree(kind: type[Exception], depth: int = 0) -> list[tuple[int, str]]:
    below = sorted(kind.__subclasses__(), key=lambda one: one.__name__)
    own = [one for one in below if one.__module__ == errors.__name__]
    return [(depth, kind.__name__), *(node for one in own for node in tree(one, depth + 1))]


def test_the_error_tree_is_the_one_that_is_drawn() -> None:
    assert errors.__doc__ is not None
    lines = errors.__doc__.splitlines()
    first = lines.index("VivavoceError")
    drawn = []
    for line in lines[first:]:
        branch, _, rest = line.rpartition("── ")
        name = rest.split(" ", 1)[0]
        drawn.append(((len(branch) + 3) // 4 if branch else 0, name))
    actual = tree(errors.VivavoceError)
    assert sorted(drawn) == sorted(actual)
    parents = [one.__mro__[1].__name__ for name in drawn if (one := getattr(errors, name[1]))]
    for (depth, name), parent in zip(drawn[1:], parents[1:], strict=True):
        above = [other for other in drawn[: drawn.index((depth, name))] if other[0] == depth - 1]
        assert above[-1][1] == parent, name


def test_a_providers_error_says_whose_it_is() -> None:
    error = errors.ProviderTimeout("no answer", provider="local/x", role="llm", retryable=True)
    assert (str(error), error.provider, error.role, error.retryable) == (
        "no answer", "local/x", "llm", True,
    )  # fmt: skip
