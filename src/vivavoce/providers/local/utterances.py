"""A spoken text, cut into what is said in one breath, and the quiet around each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vivavoce.core.audio import Samples
from vivavoce.core.transcript import Word
from vivavoce.providers.local.phonemes import SENTENCE_MARKS, pause_mark
from vivavoce.text.spoken import Spoken, SpokenToken

__all__ = ["Utterance", "closed", "from_onset", "utterances", "written"]

QUIET = 100  # of 32767, -50 dBFS: below it lies only an engine's hiss before and after speech
LEAD_S = 0.010  # kept before the first sound, so that no plosive is cut
FADE_S = 0.005  # in and out, against clicks where pieces join

SENTENCE_PAUSE_S = 0.22  # between sentences, as a calm reader makes it
CLAUSE_PAUSE_S = 0.09  # after a piece that ends with a comma
JOIN_S = 0.010  # after a piece that stops in mid-clause

# Characters of one utterance. A sentence is one, unless it is longer: an engine's first sound waits
# for all of it, and Piper's front half takes time with the square of the length.
CLAUSE_LENGTH = 160
MOST_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Utterance:
    """Tokens that are spoken in one breath; `text` is what is said, `mark` what ends it."""

    tokens: tuple[SpokenToken, ...]
    text: str
    mark: str

    @property
    def words(self) -> tuple[str, ...]:
        """The spoken words."""
        return tuple(word for token in self.tokens for word in token.words)

    @property
    def pause(self) -> float:
        """Seconds of quiet behind it."""
        if self.mark in SENTENCE_MARKS:
            return SENTENCE_PAUSE_S
        return CLAUSE_PAUSE_S if self.mark else JOIN_S


def utterances(spoken: Spoken) -> list[Utterance]:
    """Cut what is said at sentences, and where those are long, at clauses or at any word."""
    tokens = [token for token in spoken.tokens if token.words]
    found: list[Utterance] = []
    first = begin = 0
    for index, token in enumerate(tokens):
        last = index + 1 == len(tokens)
        mark = pause_mark(token.words[-1], "" if last else tokens[index + 1].words[0])
        length = token.spoken_end - begin
        if (
            last
            or mark in SENTENCE_MARKS
            or (mark and length >= CLAUSE_LENGTH)
            or length >= MOST_LENGTH
        ):
            text = spoken.text[begin : token.spoken_end].strip()
            found.append(Utterance(tuple(tokens[first : index + 1]), text, mark))
            first, begin = index + 1, token.spoken_end
    return found


def written(
    utterance: Utterance, original: str, times: Sequence[tuple[float, float]]
) -> tuple[Word, ...]:
    """The words as they were written, each from its first spoken word to its last.

    `times` has the start and end (s) of every spoken word.
    """
    words = []
    done = 0
    for token in utterance.tokens:
        said = times[done : done + len(token.words)]
        done += len(said)
        text = original[token.start : token.end].strip()
        words.append(Word(text, said[0][0], said[-1][1]))
    return tuple(words)


def from_onset(samples: Samples, sample_rate: int) -> Samples:
    """Without the quiet before the first sound, faded in."""
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    onset = int(loud[0]) if len(loud) else 0
    kept = samples[max(0, onset - round(LEAD_S * sample_rate)) :]
    return _ramped(kept, round(FADE_S * sample_rate), 1)


def closed(samples: Samples, sample_rate: int, sounding: int, pause: float) -> Samples:
    """Faded out behind the last sound, with a quiet of `pause` seconds after that.

    At least `sounding` samples are kept: the words' times reach so far.
    """
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    end = int(loud[-1]) + 1 if len(loud) else 0
    fade = round(FADE_S * sample_rate)
    kept = _ramped(samples[: end + fade], fade, -1)
    length = max(sounding, end + round(pause * sample_rate))
    return np.pad(kept, (0, max(0, length - len(kept))))


def _ramped(samples: Samples, length: int, step: int) -> Samples:
    """The first `length` samples faded in (step 1), or the last ones faded out (step -1)."""
    faded = samples[::step].astype(np.float32)
    length = min(length, len(faded))
    faded[:length] *= np.linspace(0, 1, length, dtype=np.float32)
    return faded[::step].astype(np.int16)
