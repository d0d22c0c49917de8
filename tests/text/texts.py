"""Strategies for texts that look like what a language model writes, and worse."""

from hypothesis import strategies

FRAGMENTS = (
    *"aZ .,!?-–:;/%$€@#*_`[]()<>|&\\\"'0123459\n\téñ今日は。、ー字가요 कि ्😀\u200d\ufe0f²½ก้ؐ٣",
    *("Dr.", "a.m.", "**", "```", "http://a.b", "1st", "$3.50", "10:30", "e.g.", "U.S.", " II"),
    *("\x1c", "\x85", "\u2028", "\ud800", "9" * 20, "1. ", "- ", "| a | b |\n", "&amp;", "<b>"),
)
texts = strategies.one_of(
    strategies.text(),
    strategies.lists(strategies.sampled_from(FRAGMENTS), max_size=40).map("".join),
)
