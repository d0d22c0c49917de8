"""The items of a conversation, and what the language model sees of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vivavoce.core.conversation import CUT_MARK, Conversation
from vivavoce.core.errors import LocalProtocolError
from vivavoce.core.messages import ChatItem, Message, Role, ToolCall, ToolResult


def user(text: str) -> Message:
    return Message(Role.USER, text)


def assistant(text: str) -> Message:
    return Message(Role.ASSISTANT, text)


def call(id: str) -> ToolCall:
    return ToolCall(id, "weather", {"city": "Paris"})


def result(id: str) -> ToolResult:
    return ToolResult(id, "weather", "rain")


def conversation(*contents: ChatItem, instructions: str = "") -> Conversation:
    made = Conversation(instructions)
    for content in contents:
        made.add(content)
    return made


def test_items_stand_in_the_order_in_which_they_were_added() -> None:
    talk = conversation(user("one"), assistant("two"))
    assert [item.content for item in talk] == [user("one"), assistant("two")]
    assert len(talk) == 2
    assert talk.messages() == [user("one"), assistant("two")]


def test_items_can_be_put_first_or_behind_another() -> None:
    talk = Conversation()
    first = talk.add(user("b"))
    talk.add(user("d"))
    talk.add(user("c"), after=first.id)
    talk.add(user("a"), after="")
    assert talk.messages() == [user("a"), user("b"), user("c"), user("d")]


def test_an_item_is_found_and_deleted_by_its_id() -> None:
    talk = conversation(user("one"))
    item = talk.add(user("two"), id="mine", turn="turn_1")
    assert talk.get("mine") is item
    assert item.turn == "turn_1"
    assert talk.delete("mine") is item
    assert talk.messages() == [user("one")]


def test_ids_that_a_client_took_are_not_given_again() -> None:
    talk = Conversation()
    talk.add(user("mine"), id="item_000002")
    ids = [talk.add(user("ours")).id for _ in range(3)]
    assert ids == ["item_000001", "item_000003", "item_000004"]


@pytest.mark.parametrize("act", ["get", "delete"])
def test_an_unknown_id_is_the_callers_fault(act: str) -> None:
    with pytest.raises(LocalProtocolError, match="no item 'x'"):
        getattr(Conversation(), act)("x")


def test_items_that_cannot_be_placed_are_refused() -> None:
    talk = Conversation()
    talk.add(user("one"), id="mine")
    with pytest.raises(LocalProtocolError, match="already has an item 'mine'"):
        talk.add(user("two"), id="mine")
    with pytest.raises(LocalProtocolError, match="no item 'x'"):
        talk.add(user("two"), after="x")
    with pytest.raises(LocalProtocolError, match="no item 'x'"):
        talk.compact("all", "x")
    assert len(talk) == 1


def test_what_was_not_heard_to_its_end_carries_the_cut_mark() -> None:
    talk = conversation(user("a story"))
    talk.add(assistant("Once upon"), cut=True)
    talk.add(assistant(""), cut=True)
    talk.add(assistant(""))
    assert talk.messages() == [user("a story"), assistant(f"Once upon{CUT_MARK}")]


def test_a_late_truncate_amends_what_was_heard() -> None:
    talk = conversation(user("a story"))
    item = talk.add(assistant("Once upon a time"), turn="turn_1")
    amended = talk.amend(item.id, "Once", cut=True)
    assert talk.get(item.id) is amended
    assert amended.turn == "turn_1"
    assert talk.messages() == [user("a story"), assistant(f"Once{CUT_MARK}")]
    talk.amend(item.id, "", cut=True)
    assert talk.messages() == [user("a story")]


@pytest.mark.parametrize("content", [user("hello"), call("c"), result("c")])
def test_only_what_the_assistant_said_can_be_amended(content: ChatItem) -> None:
    talk = Conversation()
    talk.add(content, id="item")
    with pytest.raises(LocalProtocolError, match="not a message of the assistant"):
        talk.amend("item", "", cut=True)


def test_the_instructions_come_first_and_the_summary_is_part_of_them() -> None:
    talk = conversation(user("one"), assistant("two"), instructions="Be brief.")
    upto = talk.add(user("three")).id
    talk.add(assistant("four"))
    talk.compact("They counted.", upto)
    system = "Be brief.\n\nEarlier in this conversation: They counted."
    assert talk.messages() == [Message(Role.SYSTEM, system), assistant("four")]
    bare = conversation()
    bare.summary = "They counted."
    assert bare.messages() == [Message(Role.SYSTEM, "Earlier in this conversation: They counted.")]


def test_a_call_without_a_result_and_a_result_without_a_call_are_left_out() -> None:
    talk = conversation(user("rain?"), call("a"), result("b"), assistant("Let me see."))
    assert talk.messages() == [user("rain?"), assistant("Let me see.")]


def test_a_call_stands_with_its_result() -> None:
    talk = conversation(
        user("rain?"), call("a"), call("b"), result("b"), assistant("One moment."), result("a")
    )
    assert talk.messages() == [
        user("rain?"), call("b"), result("b"), assistant("One moment."), call("a"), result("a"),
    ]  # fmt: skip


def test_a_result_before_its_call_is_left_out() -> None:
    assert conversation(result("a"), call("a")).messages() == []


def test_only_the_first_result_of_a_call_is_shown() -> None:
    talk = conversation(call("a"), result("a"), result("a"))
    assert talk.messages() == [call("a"), result("a")]


def test_compaction_may_part_a_call_from_its_result() -> None:
    talk = Conversation()
    upto = talk.add(call("a")).id
    talk.add(result("a"))
    talk.compact("They asked for the weather.", upto)
    assert len(talk.messages()) == 1


contents = some.one_of(
    some.builds(user, some.text(max_size=3)),
    some.builds(assistant, some.text(max_size=3)),
    some.builds(call, some.sampled_from("abc")),
    some.builds(result, some.sampled_from("abc")),
    some.builds(Message, some.just(Role.SYSTEM), some.text(max_size=3)),
)


@given(some.lists(some.tuples(contents, some.booleans(), some.booleans()), max_size=30))
def test_the_prompt_only_grows_at_its_end_between_compactions(
    steps: list[tuple[ChatItem, bool, bool]],
) -> None:
    talk = Conversation("Be brief.")
    before = talk.messages()
    for content, cut, compacts in steps:
        item = talk.add(content, cut=cut)
        after = talk.messages()
        assert after[: len(before)] == before
        if compacts:
            talk.compact("summary", item.id)
            assert len(talk) == 0
            after = talk.messages()
        before = after
        calls = [item.id for item in after if isinstance(item, ToolCall)]
        results = [item.call_id for item in after if isinstance(item, ToolResult)]
        assert calls == results
