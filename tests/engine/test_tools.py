"""Tools out of functions, and jobs that outlive the turn that began them."""

from __future__ import annotations

from typing import Literal

import anyio
import msgspec
import pytest

from vivavoce.core.errors import ConfigError, ToolError
from vivavoce.core.messages import ToolCall, ToolResult
from vivavoce.engine.tools import UNKNOWN, Jobs, call_tool, tool_from

pytestmark = pytest.mark.anyio


class Guest(msgspec.Struct):
    name: str


async def reserve(
    day: Literal["Monday", "Tuesday"], guests: list[Guest], *, people: int = 2
) -> dict[str, object]:
    """Reserve a table.

    For the evening.
    """
    return {"day": day, "people": people, "guests": [guest.name for guest in guests]}


def test_a_function_announces_itself_by_name_docstring_and_annotations() -> None:
    tool = tool_from(reserve, deadline=5.0)
    assert (tool.spec.name, tool.effect, tool.deadline) == ("reserve", True, 5.0)
    assert tool.spec.description == "Reserve a table.\n\nFor the evening."
    schema = tool.spec.parameters
    assert schema["required"] == ["day", "guests"]
    assert schema["additionalProperties"] is False
    assert schema["properties"] == {
        "day": {"enum": ["Monday", "Tuesday"]},
        "guests": {"type": "array", "items": {"$ref": "#/$defs/Guest"}},
        "people": {"type": "integer", "default": 2},
    }
    assert isinstance(schema["$defs"], dict)
    assert schema["$defs"]["Guest"]["properties"] == {"name": {"type": "string"}}


async def test_arguments_are_converted_and_the_result_is_text() -> None:
    tool = tool_from(reserve)
    given = {"day": "Monday", "guests": [{"name": "Ada"}], "people": "3"}
    assert await tool.call(given) == '{"day":"Monday","people":3,"guests":["Ada"]}'
    with pytest.raises(ToolError, match="Invalid enum value 'Sunday'"):
        await tool.call({"day": "Sunday", "guests": []})


async def test_a_plain_function_runs_in_a_thread() -> None:
    def here() -> str:
        with pytest.raises(RuntimeError):
            anyio.get_current_task()
        return "in a thread"

    result = await call_tool([tool_from(here)], ToolCall("1", "here", {}))
    assert result == ToolResult("1", "here", "in a thread")


async def test_without_any_tool_the_model_is_told_so() -> None:
    result = await call_tool([], ToolCall("1", "here", {}))
    assert result.text == "There is no such tool; there are: none."


def unannotated(day):  # type: ignore[no-untyped-def]
    return day


def many(*days: str) -> str:
    return days[0]


def strange(day: complex) -> str:
    return str(day)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (unannotated, "parameter day needs a type annotation"),
        (many, r"parameter \*days: 'str' cannot be passed by name"),
        (strange, "complex"),
    ],
)
def test_a_function_that_cannot_be_announced_is_refused(function, told: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match=told):
        tool_from(function)


async def test_a_job_outlives_whoever_waits_for_it() -> None:
    done: list[ToolResult] = []

    async def slow() -> str:
        await anyio.sleep(2)
        return "late"

    async with anyio.create_task_group() as group:
        jobs = Jobs(group.start_soon)
        with anyio.move_on_after(1) as scope:
            await jobs.run([tool_from(slow)], ToolCall("1", "slow", {}), done.append)
        assert scope.cancelled_caught
        assert done == []
        await jobs.finish(0.5)
        assert done == []
        await jobs.finish(5.0)
        assert [result.text for result in done] == ["late"]
        await jobs.finish(5.0)
    assert anyio.current_time() == pytest.approx(2.0)


async def test_of_a_job_that_the_end_cuts_off_nothing_is_known() -> None:
    done: list[ToolResult] = []

    async def endless() -> str:
        await anyio.sleep_forever()
        return ""

    async with anyio.create_task_group() as group:
        jobs = Jobs(group.start_soon)
        for number in range(2):
            call = ToolCall(str(number), "endless", {})
            group.start_soon(jobs.run, [tool_from(endless)], call, done.append)
        await anyio.sleep(1)
        group.cancel_scope.cancel()
    assert [(result.text, result.error) for result in done] == [(UNKNOWN, True)] * 2
