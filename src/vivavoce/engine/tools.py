"""Tools out of functions, and how they are run.

A tool that only reads belongs to its turn and is cancelled with it. A tool with effects waits for
the commit and then runs in the session's job scope: no barge-in cuts it off, and when its deadline
or the session's end does, its outcome is recorded as unknown.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, get_type_hints

import anyio
import msgspec

from vivavoce.core.errors import ConfigError, ToolError
from vivavoce.core.messages import ToolCall, ToolResult, ToolSpec
from vivavoce.core.protocols import Tool
from vivavoce.engine.clock import computing

__all__ = ["Jobs", "call_tool", "tool_from"]

UNKNOWN = "It is not known whether this took effect."


def tool_from(
    function: Callable[..., object], *, effect: bool = True, deadline: float = 30.0
) -> Tool:
    """A tool out of a function: its name, docstring and annotated parameters announce it.

    The function may be async; one that is not runs in a thread. Raises ConfigError when a parameter
    lacks an annotation, or has one that JSON cannot carry.
    """
    name = function.__name__
    hints = get_type_hints(function)
    fields: list[tuple[str, object] | tuple[str, object, object]] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigError(f"tool {name}: parameter {parameter} cannot be passed by name")
        if parameter.name not in hints:
            raise ConfigError(f"tool {name}: parameter {parameter.name} needs a type annotation")
        kind = hints[parameter.name]
        if parameter.default is parameter.empty:
            fields.append((parameter.name, kind))
        else:
            fields.append((parameter.name, kind, parameter.default))
    arguments = msgspec.defstruct(
        f"{name}_arguments", fields, kw_only=True, forbid_unknown_fields=True
    )
    try:
        schema = msgspec.json.schema(arguments)
    except TypeError as error:
        raise ConfigError(f"tool {name}: {error}") from error
    (definition,) = (value for key, value in schema["$defs"].items() if key == arguments.__name__)
    parameters = {
        "type": "object",
        "properties": definition["properties"],
        "required": definition["required"],
        "additionalProperties": False,
    }
    others = {key: value for key, value in schema["$defs"].items() if key != arguments.__name__}
    if others:
        parameters["$defs"] = others
    spec = ToolSpec(name, inspect.getdoc(function) or "", parameters)

    async def call(given: Mapping[str, object]) -> str:
        try:
            checked = msgspec.convert(dict(given), arguments, strict=False)
        except msgspec.ValidationError as error:
            raise ToolError(f"{name}: {error}") from error
        keywords = {key: getattr(checked, key) for key in arguments.__struct_fields__}
        result = await _invoke(function, keywords)
        return result if isinstance(result, str) else msgspec.json.encode(result).decode()

    return Tool(spec, call, effect, deadline)


async def _invoke(function: Callable[..., object], keywords: dict[str, Any]) -> object:
    if inspect.iscoroutinefunction(function):
        return await function(**keywords)
    with computing():
        return await anyio.to_thread.run_sync(lambda: function(**keywords), abandon_on_cancel=True)


async def call_tool(tools: Sequence[Tool], call: ToolCall) -> ToolResult:
    """Call the tool that `call` names. Every failure becomes a result that tells the model of it;
    a tool is the user's code and may raise anything."""
    tool = find_tool(tools, call.name)
    if tool is None:
        known = ", ".join(tool.spec.name for tool in tools) or "none"
        return ToolResult(call.id, call.name, f"There is no such tool; there are: {known}.", True)
    try:
        with anyio.fail_after(tool.deadline):
            text = await tool.call(call.arguments)
    except TimeoutError:
        text = f"No answer within {tool.deadline:g} seconds."
        return ToolResult(call.id, call.name, f"{text} {UNKNOWN}" if tool.effect else text, True)
    except Exception as error:  # noqa: BLE001  a tool is the user's code
        return ToolResult(call.id, call.name, f"It failed: {error}", True)
    return ToolResult(call.id, call.name, str(text))


def find_tool(tools: Sequence[Tool], name: str) -> Tool | None:
    """The tool of that name."""
    return next((tool for tool in tools if tool.spec.name == name), None)


class Jobs:
    """The session's job scope: what runs here outlives the turn that began it."""

    def __init__(self, start: Callable[..., object]) -> None:
        self._start = start
        self._running = 0
        self._idle = anyio.Event()
        self._idle.set()

    async def finish(self, within: float) -> None:
        """Wait for what still runs, at most `within` seconds."""
        with anyio.move_on_after(within):
            while self._running:
                await self._idle.wait()

    async def run(
        self,
        tools: Sequence[Tool],
        call: ToolCall,
        done: Callable[[ToolResult], None],
        work: Callable[[Sequence[Tool], ToolCall], Awaitable[ToolResult]] = call_tool,
    ) -> ToolResult:
        """Start the call and wait for its result. Cancelling the wait leaves the call running;
        `done` gets the result in any case, also that of a call that the session's end cut off."""
        results: list[ToolResult] = []
        finished = anyio.Event()

        async def job() -> None:
            result = ToolResult(call.id, call.name, UNKNOWN, True)
            try:
                result = await work(tools, call)
            finally:
                results.append(result)
                done(result)
                finished.set()
                self._running -= 1
                if not self._running:
                    self._idle.set()

        self._running += 1
        self._idle = anyio.Event()
        self._start(job)
        await finished.wait()
        return results[0]
