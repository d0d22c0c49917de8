"""What a small language model is told, and the grammar that keeps its answer speakable.

With tools, the first character decides: `{` begins a call, anything else is said aloud. So a plain
answer starts as early as without tools. Measured with the 1.5B coder model: its own `<tool_call>`
format gave 0 of 10 calls, this one 8 to 9. The examples stand as turns because inside of the
instructions they spoilt 2 of 10 plain answers. The tool of the first example does not exist; the
grammar admits only names that do. Without tools, the examples stop it from inventing the weather.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from vivavoce.core.messages import ChatItem, Message, Role, ToolCall, ToolResult, ToolSpec

__all__ = ["SPOKEN_STYLE", "callable_tools", "chat", "grammar", "partial_chat"]

SPOKEN_STYLE = (
    "You are a voice assistant. Answer in one to three short spoken sentences, in the user's "
    "language."
)

_ALONE = (
    "You cannot look anything up: what changes from day to day, or concerns the user, you do not "
    "know, and you say so."
)
_TOOLS = """You have these tools:
{tools}
If one of them helps, answer with JSON only: {{"tool":name,"arguments":{{...}}}}. Otherwise answer \
in words. What neither you nor a tool can know or do, say that you cannot."""

_KNOWN = ("Who painted the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa.")
_ALONE_EXAMPLES = (
    _KNOWN,
    ("Is the bakery open?", "Sorry, I cannot look that up."),
    ("Where is my phone?", "Sorry, I do not know that."),
)
_TOOLS_EXAMPLES = (
    ("How is the traffic on the A1?", '{"tool":"get_traffic","arguments":{"road":"A1"}}'),
    _KNOWN,
    ("What's in the news?", "Sorry, I have no tool to look that up."),
    ("What is a euro worth?", '{"tool":"get_rate","arguments":{"currency":"euro"}}'),
    ("How do I fry potatoes?", "Cut them thin and fry them in hot oil until they are golden."),
    ("Book me a flight.", "Sorry, I cannot book flights."),
    ("Wake me at seven.", "Sorry, I have no tool for that."),
)

# Marks that no voice says, line breaks (a list would need them) and emoji.
_UNSPEAKABLE = r"\n\r\t*#`_|{}\[\]<>\\\u{1f000}-\u{1fbff}\u{2600}-\u{27bf}"
# A sentence ends with a mark before a space; "3.5" does not end one. One may be an "Of course!".
_SENTENCE = rf"([^{_UNSPEAKABLE}.!?]|[.!?]+[^\s{_UNSPEAKABLE}.!?])*[.!?]*"
_MOST_SENTENCES = 4
_MOST_CALLS = 3  # for one question
_SPOKEN = rf"/[^\s{_UNSPEAKABLE}]{_SENTENCE}( {_SENTENCE}){{0,{_MOST_SENTENCES - 1}}}/"
_ANYTHING = r"/[^{\s](.|\n)*/"


def chat(items: Sequence[ChatItem], tools: Sequence[ToolSpec], style: str) -> list[dict[str, str]]:
    """Messages for a chat template that knows system, user and assistant only, in turns.

    A prompt of more items begins with the same messages, so that its prefix stays warm.
    """
    match items:
        case [Message(role=Role.SYSTEM, text=given), *rest]:
            pass
        case rest:
            given = ""
    parts = [given, style, _describe(tools) if tools else _ALONE if style else ""]
    system = "\n\n".join(part for part in parts if part)
    turns = [("system", system)] if system else []
    for asked, answered in _TOOLS_EXAMPLES if tools else _ALONE_EXAMPLES if style else ():
        turns += [("user", asked), ("assistant", answered)]
    for item in rest:
        role, text = _turn(item)
        if turns and turns[-1][0] == role and role != "system":
            turns[-1] = (role, f"{turns[-1][1]}\n{text}")
        else:
            turns.append((role, text))
    # A text that spells one of the template's own marks must not become one.
    return [{"role": role, "content": text.replace("<|", "< |")} for role, text in turns]


def partial_chat(items: Sequence[ChatItem]) -> Sequence[ChatItem]:
    """The items without the last word of a user's unfinished message.

    That word may still grow, and then it would be other tokens.
    """
    match items:
        case [*before, Message(role=Role.USER, text=text)]:
            kept = text.rstrip().rpartition(" ")[0]
            return [*before, Message(Role.USER, kept)] if kept else before
    return items


def callable_tools(items: Sequence[ChatItem], tools: Sequence[ToolSpec]) -> Sequence[ToolSpec]:
    """The tools, or none when enough were called for one question: a small model may never stop."""
    called = 0
    for item in reversed(items):
        if isinstance(item, Message) and item.role is Role.USER:
            break
        called += isinstance(item, ToolCall)
    return tools if called < _MOST_CALLS else ()


def grammar(tools: Sequence[ToolSpec], style: str) -> str:
    """A grammar in llguidance's dialect of Lark: spoken text, or one call without white space.

    "" where nothing is to be kept from the model.
    """
    if not tools and not style:
        return ""
    text = _SPOKEN if style else _ANYTHING
    if not tools:
        return f"%llguidance {{}}\nstart: text\ntext: {text}\n"
    schema = {
        # Every space is a token: 50 ms on two cores.
        "x-guidance": {
            "whitespace_flexible": False,
            "item_separator": ",",
            "key_separator": ":",
            "lenient": True,
        },
        "anyOf": [_call_schema(tool) for tool in tools],
    }
    return f"%llguidance {{}}\nstart: call | text\ntext: {text}\ncall: %json {json.dumps(schema)}\n"


def _call_schema(tool: ToolSpec) -> dict[str, object]:
    arguments = {"type": "object", "additionalProperties": False, **tool.parameters}
    return {
        "type": "object",
        "properties": {"tool": {"const": tool.name}, "arguments": arguments},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _describe(tools: Sequence[ToolSpec]) -> str:
    lines = [f"- {tool.name}{_arguments(tool.parameters)}: {tool.description}" for tool in tools]
    return _TOOLS.format(tools="\n".join(lines))


def _arguments(parameters: Mapping[str, object]) -> str:
    """The arguments' names, as `(city, day)`; the grammar knows their types."""
    properties = parameters.get("properties")
    return f"({', '.join(properties)})" if isinstance(properties, Mapping) and properties else ""


def _turn(item: ChatItem) -> tuple[str, str]:
    match item:
        case Message(role=Role.SYSTEM, text=text):
            return "user", f"(Note: {text})"  # templates take one system message, the first
        case Message(role=role, text=text):
            return role.value, text
        case ToolCall(name=name, arguments=arguments):
            call = {"tool": name, "arguments": dict(arguments)}
            return "assistant", json.dumps(call, ensure_ascii=False, separators=(",", ":"))
        case ToolResult(name=name, text=text, error=error):
            return "user", f"{name} {'failed' if error else 'gave'}: {text}"
