"""Loops: the way in which an attention decoder fails, saying the same thing again and again."""

from __future__ import annotations

import zlib

__all__ = ["is_loop", "may_be_loop", "without_loops"]

# Whisper's own threshold for a decoder that has got stuck (Radford et al. 2022, section 4.5). Text
# of a few words cannot reach it, however it repeats.
LOOP_COMPRESSION = 2.4
LONGEST_PHRASE = 12  # words that are compared with what follows them


def is_loop(text: str) -> bool:
    """Whether a text repeats itself as no speaker does."""
    raw = text.encode()
    return len(raw) / max(1, len(zlib.compress(raw))) > LOOP_COMPRESSION


def may_be_loop(text: str) -> bool:
    """Whether a phrase is said twice in a row, or a word three times; people do that, too."""
    words = _plain(text)
    for length in range(1, min(LONGEST_PHRASE, len(words) // 2) + 1):
        wanted = 2 if length == 1 else 1
        run = 0  # words in a row that equal the word `length` places on
        for index in range(len(words) - length):
            run = run + 1 if words[index] == words[index + length] else 0
            if run >= wanted * length:
                return True
    return is_loop(text)


def without_loops(text: str) -> str:
    """The text with every phrase said once that it says three times or more in a row."""
    words = text.split()
    plain = _plain(text)
    for length in range(1, LONGEST_PHRASE + 1):
        index = 0
        while index + length <= len(plain):
            phrase = plain[index : index + length]
            end = index + length
            while plain[end : end + length] == phrase:
                end += length
            if end - index >= 3 * length:
                del plain[index + length : end]
                del words[index + length : end]
            index += 1
    lead = " " if text.startswith(" ") else ""
    return lead + " ".join(words)


def _plain(text: str) -> list[str]:
    return [word.strip(".,!?;:-…\"'").casefold() for word in text.split()]
