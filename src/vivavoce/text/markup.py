"""Taking out what is for the eye: markdown, HTML, emoji, tables, code."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

__all__ = ["Cleaned", "clean"]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Text without its markup; `ends[i]` is where character i of it ends in the original.

    `ends` is None when nothing was taken out.
    """

    original: str
    text: str
    ends: list[int] | None = None

    def end_of(self, position: int) -> int:
        """Where in the original that ends which stands before `position` of the text."""
        if self.ends is None or position == 0:
            return position
        return self.ends[position - 1]


_PLAIN = re.compile(r"[A-Za-z0-9 .,!?;:'’\"“”()%$€£/À-ɏ가-힣ぁ-んァ-ヺ一-鿿、。，！？]*")

# Pictures and dingbats, joiners and other invisible characters, private use, surrogates, controls.
_EMOJI = (
    "\U0001f000-\U0001faff\U0001fb00-\U0001fbff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u25a0-\u25ff"
    "\u20e3\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffd"
    "\U000e0000-\U000e0fff\ue000-\uf8ff\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00a9\u00ae"
    "\u2122"
)
_MARKUP = re.compile(
    r"""
    (?P<fence>```(?:[^`]|`(?!``))*(?:```|\Z))
  | (?P<block></?(?:br|p|div|li|td|th|tr|h\d|ul|ol|table)\b[^<>\n]{0,200}>)
  | (?P<gone><!--.*?(?:-->|\Z) | </?[A-Za-z][^<>\n]{0,200}>
      | ^[ \t]*+\|?(?:[ \t]*+:?-{3,}+:?[ \t]*+\|)+[ \t:|-]*+$
      | ^[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*$
      | ^[ \t]*(?:\#{1,6}[ \t]+ | (?:>[ \t]?)+ | [-*+•‣◦][ \t]+(?:\[[ xX]\][ \t]+)? )
      | ^[ \t]*\|[ \t]*
      | \[\^?\d{1,3}\](?!\() | !?\[(?=[^\[\]\n]{0,300}\]\()
      | \](?:\([^()\s]{0,2000}(?:\([^()\s]*\)[^()\s]*)?(?:[ ]"[^"\n]{0,200}")?\))
      | \*\*+ | ~~ | `+ | (?<![\w*])\*(?=[^\s*]) | (?<=[^\s*\d])\*(?!\w)
      | (?<!\w)_+(?=\w) | (?<=\w)_+(?!\w)
      | \\(?=[\\*_\#\[\]()`~.!|<>+-])
      | [EMOJI]+ )
  | (?P<row>(?<=\S)[ \t]*\|[ \t]*$)
  | (?P<cell>(?<=\S)[ \t]*\|[ \t]*(?=\S))
  | (?P<entity>&(?:\#\d{1,6}|\#[xX][0-9a-fA-F]{1,5}|[A-Za-z]{2,8});)
  | (?P<line>(?<=[^\W_])(?:\*\*|[)*_`"'])*[ \t]*\n(?=\s|[-*+•\#>|]|\d|[A-ZÀ-Þ]))
    """.replace("EMOJI", _EMOJI),
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


def clean(text: str, code: str) -> Cleaned:
    """The text without its markup. `code` is said in place of a block of code."""
    if _PLAIN.fullmatch(text):
        return Cleaned(text, text)
    kept: list[str] = []
    ends: list[int] = []
    done = 0
    for match in _MARKUP.finditer(text):
        start, end = match.span()
        kept.append(text[done:start])
        ends.extend(range(done + 1, start + 1))
        said = _said(match, code)
        if said:
            kept.append(said)
            ends += [start] * (len(said) - 1) + [end]
        done = end
    if not done:
        return Cleaned(text, text)
    kept.append(text[done:])
    ends.extend(range(done + 1, len(text) + 1))
    return Cleaned(text, "".join(kept), ends)


# What the eye sees as a gap or a line's end, the ear needs as a pause.
_INSTEAD = {"block": " ", "cell": ", ", "row": ".", "line": ".\n", "gone": ""}


def _said(match: re.Match[str], code: str) -> str:
    kind = match.lastgroup or "gone"
    if kind == "fence":
        return f" {code}. "
    return html.unescape(match[0]) if kind == "entity" else _INSTEAD[kind]
