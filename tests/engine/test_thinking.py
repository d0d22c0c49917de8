"""What the model is shown, what is done ahead of time, and what is remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest

from tests.engine.broken import Unlucky
from vivavoce.core.conversation import Conversation
from vivavoce.core.messages import ChatItem, Message, Role, ToolCall, ToolResult, ToolSpec
from vivavoce.engine.ahead import Ahead
from vivavoce.engine.history import History
from vivavoce.engine.think import fit
from vivavoce.testing import ScriptedLLM

pytestmark = pytest.mark.anyio

SYSTEM = Message(Role.SYSTEM, "Be brief.")
CALL, RESULT = ToolCall("1", "look", {}), ToolResult("1", "look", "nothing")


def user(words: int) -> Message:
    return Message(Role.USER, "word " * words)


def assistant(words: int) -> Message:
    return Message(Role.ASSISTANT, "word " * words)


# --- fit ----------------------------------------------------------------------------------------


def test_without_a_known_context_everything_is_shown() -> None:
    messages = [SYSTEM, user(10**5)]
    assert fit(ScriptedLLM(["Yes."]), messages, [CALL, RESULT], ()) == [*messages, CALL, RESULT]


@pytest.mark.parametrize(
    ("messages", "left"),
    [
        ([SYSTEM, user(400), assistant(50), user(50)], [SYSTEM, assistant(50), user(50)]),
        ([user(400), assistant(50), user(90)], [assistant(50), user(90)]),
        (
            [SYSTEM, user(400), CALL, RESULT, assistant(50), user(50)],
            [SYSTEM, assistant(50), user(50)],
        ),
        ([SYSTEM, user(400), CALL, RESULT, user(90)], [SYSTEM, user(90)]),
        ([SYSTEM, user(10**4)], [SYSTEM, user(10**4)]),
        ([SYSTEM, user(50)], [SYSTEM, user(50)]),
        ([], []),
    ],
)
def test_the_oldest_gives_way_to_the_context(
    messages: list[ChatItem], left: list[ChatItem]
) -> None:
    llm = ScriptedLLM(["Yes."], context_tokens=512 + 200)
    assert fit(llm, messages, (), ()) == left


def test_what_the_answer_used_itself_stays() -> None:
    llm = ScriptedLLM(["Yes."], context_tokens=512 + 200)
    used: list[ChatItem] = [assistant(150), CALL, RESULT]
    messages = [SYSTEM, user(100), assistant(100), user(10)]
    assert fit(llm, messages, used, ()) == [
        SYSTEM,
        user(10),
        *used,
    ]


# --- ahead --------------------------------------------------------------------------------------


class Warm(ScriptedLLM):
    """A prefill takes a second; `fail` makes it raise."""

    fail = False
    hang = False
    finished = 0

    async def prefill(self, messages: Sequence[ChatItem], tools: Sequence[ToolSpec] = ()) -> None:
        await super().prefill(messages, tools)
        if self.fail:
            raise Unlucky
        await anyio.sleep(1e6 if self.hang else 1)
        self.finished += 1


@asynccontextmanager
async def ahead(
    llm: ScriptedLLM, conversation: Conversation, failures: list[str] | None = None
) -> AsyncIterator[Ahead]:
    told: Callable[[str], None] = ([] if failures is None else failures).append
    work = Ahead(llm, (), History(conversation), told)
    async with anyio.create_task_group() as group:
        group.start_soon(work.run)
        yield work
        group.cancel_scope.cancel()


def of(texts: str, instructions: str = "") -> Conversation:
    """A conversation of words, by the user and the assistant in turn."""
    conversation = Conversation(instructions)
    for number, text in enumerate(texts.split("|")):
        role = Role.ASSISTANT if number % 2 else Role.USER
        conversation.add(Message(role, text))
    return conversation


async def test_the_prompt_is_computed_while_the_user_speaks_and_each_only_once() -> None:
    llm = Warm(["Yes."])
    async with ahead(llm, Conversation("Be brief.")) as work:
        for text in ("what is", "what is", "what is the", "what is the weather"):
            work.prefill(text)
            await anyio.sleep(0.2)
        await anyio.sleep(2)
    assert [view[-1] for view in llm.prefills] == [
        Message(Role.USER, "what is"),
        Message(Role.USER, "what is the weather"),
    ]


async def test_an_answer_that_is_needed_ends_what_is_done_ahead() -> None:
    llm = Warm(["Yes."])
    llm.hang = True
    async with ahead(llm, Conversation("Be brief.")) as work:
        work.prefill("what is")
        await anyio.sleep(1)
        work.prefill("what is the")
        work.pause()
        await anyio.sleep(1)
        assert len(llm.prefills) == 1
        llm.hang = False
        work.prefill("what is")
        await anyio.sleep(2)
    assert llm.finished == 1  # the one that was cut off was not done


async def test_a_failure_ahead_of_time_is_told_and_survived() -> None:
    llm, failures = Warm(["Yes."]), list[str]()
    llm.fail = True
    async with ahead(llm, Conversation("Be brief."), failures) as work:
        work.prefill("one")
        await anyio.sleep(1)
        llm.fail = False
        work.prefill("two")
        await anyio.sleep(2)
    assert failures == ["Unlucky"]
    assert llm.finished == 1


async def test_the_older_half_of_a_long_conversation_is_summarised_in_idle_time() -> None:
    conversation = of(f"{'a ' * 30}|{'b ' * 30}|{'c ' * 30}|{'d ' * 30}", "Be brief.")
    llm = ScriptedLLM([["They talked", CALL, " of letters."]], context_tokens=100)
    async with ahead(llm, conversation) as work:
        work.prefill("")
        await anyio.sleep(2)
    assert conversation.summary == "They talked of letters."
    (system, *rest) = conversation.messages()
    assert isinstance(system, Message)
    assert system.text.endswith("They talked of letters.")
    assert [item.text[0] for item in rest if isinstance(item, Message)] == ["c", "d"]


async def test_a_summary_is_summarised_with_what_followed() -> None:
    conversation = of(f"{'a ' * 30}|{'b ' * 30}|{'c ' * 30}|{'d ' * 30}")
    conversation.summary = "They met."
    llm = ScriptedLLM(["They met and talked."], context_tokens=100)
    async with ahead(llm, conversation) as work:
        work.prefill("")
        await anyio.sleep(2)
    (prompt,) = llm.requests
    assert prompt[0] == Message(Role.USER, "Earlier: They met.")
    assert conversation.summary == "They met and talked."


@pytest.mark.parametrize(
    ("texts", "context", "summary"),
    [
        ("a|b|c|d", 100, "Short."),  # there is room
        ("a|b|c|d", None, "Short."),  # nobody knows how much room there is
        ("a " * 200, 100, "Short."),  # nothing older than the last question
        (f"{'a ' * 90}|b|c|d", 100, "  "),  # the model has nothing to say
    ],
)
async def test_otherwise_a_conversation_is_left_as_it_is(
    texts: str, context: int | None, summary: str
) -> None:
    conversation = of(texts)
    before = list(conversation)
    async with ahead(ScriptedLLM([summary], context_tokens=context), conversation) as work:
        work.prefill("")
        await anyio.sleep(2)
    assert list(conversation) == before
    assert conversation.summary == ""


async def test_a_summary_of_what_was_deleted_meanwhile_is_dropped() -> None:
    conversation = of(f"{'a ' * 30}|{'b ' * 30}|{'c ' * 30}|{'d ' * 30}")
    async with ahead(ScriptedLLM(["Letters."], context_tokens=100), conversation) as work:
        work.prefill("")
        await anyio.sleep(0.1)
        for item in list(conversation):
            conversation.delete(item.id)
        await anyio.sleep(2)
    assert conversation.summary == ""
