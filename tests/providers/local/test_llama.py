"""The language model, on the smallest weights that there are."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path

import anyio
import pytest

from vivavoce.core.errors import BadReply, ModelError, ProviderRefused
from vivavoce.core.messages import (
    ChatItem,
    LLMDelta,
    Message,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)
from vivavoce.core.protocols import LLM
from vivavoce.models import path
from vivavoce.providers.local.llama import Llama
from vivavoce.providers.local.llama_server import LlamaServer
from vivavoce.providers.local.runtime import Runtime

(WEIGHTS,) = path("smollm2-135m").glob("*.gguf")

pytestmark = pytest.mark.anyio

STORY = [Message(Role.USER, "Tell me a long story about a fox.")]
ECHO = ToolSpec(
    "echo",
    "Say a word back.",
    {"type": "object", "properties": {"word": {"enum": ["fox"]}}, "required": ["word"]},
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime(2) as runtime:
        yield runtime


@pytest.fixture
def llama(runtime: Runtime) -> Llama:
    return Llama(runtime, WEIGHTS, name="local/smollm2-135m", max_tokens=24)


async def everything(
    llama: Llama, items: Sequence[ChatItem], tools: Sequence[ToolSpec]
) -> list[LLMDelta]:
    async with aclosing(llama.reply(items, tools)) as deltas:
        return [delta async for delta in deltas]


async def idle(runtime: Runtime) -> None:
    """Wait for the lane's one thread: calls are served in order."""
    with anyio.fail_after(20):
        await runtime.lane("llm").run(int)


async def test_a_reply_is_text_in_tokens_and_at_last_its_cost(llama: Llama) -> None:
    assert isinstance(llama, LLM)
    *texts, usage = await everything(llama, [*STORY], [])
    assert all(isinstance(delta, TextDelta) and delta.text for delta in texts)
    assert isinstance(usage, Usage)
    assert 3 <= len(texts) <= usage.completion_tokens <= 24


async def test_what_is_said_holds_no_markup_and_no_line_break(llama: Llama) -> None:
    asked = Message(Role.USER, "Write a markdown list with three **bold** fruits.")
    *texts, _ = await everything(llama, [asked], [])
    text = "".join(delta.text for delta in texts if isinstance(delta, TextDelta))
    assert text
    assert not set(text) & set("*#`\n|")


async def test_a_second_turn_pays_only_for_what_is_new(llama: Llama) -> None:
    first = await everything(llama, [*STORY], [])
    text = "".join(delta.text for delta in first if isinstance(delta, TextDelta))
    items = [*STORY, Message(Role.ASSISTANT, text), Message(Role.USER, "And then?")]
    usage = (await everything(llama, items, []))[-1]
    assert isinstance(usage, Usage)
    assert usage.cached_tokens > 0.6 * usage.prompt_tokens


async def test_what_was_read_ahead_is_not_read_again(llama: Llama) -> None:
    start = "Please tell me in a few short words what the quick brown fox did to the lazy"
    await llama.prefill([Message(Role.USER, start + " do")])
    usage = (await everything(llama, [Message(Role.USER, start + " dog yesterday.")], []))[-1]
    assert isinstance(usage, Usage)
    assert usage.prompt_tokens - usage.cached_tokens <= 12  # two words, a stop and the template


async def test_another_conversation_does_not_cost_the_first_its_prompt(llama: Llama) -> None:
    instructions = Message(Role.SYSTEM, "You know everything about foxes and their dens. " * 8)
    other = Message(Role.SYSTEM, "An entirely different person with other interests. " * 8)
    await everything(llama, [instructions, *STORY], [])
    await everything(llama, [other, *STORY], [])
    usage = (await everything(llama, [instructions, *STORY], []))[-1]
    assert isinstance(usage, Usage)
    assert usage.cached_tokens > 0.8 * usage.prompt_tokens


async def test_closing_a_reply_ends_its_generation(runtime: Runtime) -> None:
    assert WEIGHTS is not None
    llama = Llama(runtime, WEIGHTS, max_tokens=2000, style="")
    replies = llama.reply(STORY)
    async with aclosing(replies) as deltas:
        async for _ in deltas:
            break
    await idle(runtime)
    seconds = runtime.lane("llm").statistics().seconds
    assert seconds < 10  # of thread time; 2000 tokens take thirty


async def test_cancelling_at_any_token_leaves_the_model_usable(
    llama: Llama, runtime: Runtime
) -> None:
    for count in range(4):
        with anyio.CancelScope() as scope:
            async with aclosing(llama.reply(STORY)) as deltas:
                read = 0
                async for _ in deltas:
                    read += 1
                    if read > count:
                        scope.cancel()
    await idle(runtime)
    assert len(await everything(llama, [*STORY], [])) > 3


async def test_a_cancelled_prefill_keeps_what_it_has_read(llama: Llama, runtime: Runtime) -> None:
    long = [Message(Role.SYSTEM, "The fox jumps over the dog. " * 60), *STORY]
    await llama.warm()
    async with anyio.create_task_group() as group:
        group.start_soon(llama.prefill, long)
        for _ in range(20):  # steps, until it computes
            await anyio.lowlevel.checkpoint()
        assert runtime.lane("llm").busy
        group.cancel_scope.cancel()
    await idle(runtime)
    await llama.prefill(long)
    usage = (await everything(llama, [*long], []))[-1]
    assert isinstance(usage, Usage)
    assert usage.cached_tokens > 0.9 * usage.prompt_tokens


async def test_a_call_comes_whole_and_decoded(llama: Llama, runtime: Runtime) -> None:
    server = await llama._load()
    request = {
        "messages": [{"role": "user", "content": "Use the tool."}],
        "grammar": "%llguidance {}\nstart: %json "
        '{"const": {"tool": "echo", "arguments": {"word": "fox"}}}',
    }
    pieces: list[str | Usage] = []
    await runtime.lane("llm").run(server.complete, request, pieces.append, lambda: False)
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    call = llama._call(text)
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("echo", {"word": "fox"})


@pytest.mark.parametrize(
    "text", ['{"tool":"echo","argum', "{}", '{"tool":1,"arguments":{}}', "[1]"]
)
async def test_a_call_that_is_none_is_a_bad_reply(llama: Llama, text: str) -> None:
    with pytest.raises(BadReply, match="malformed"):
        llama._call(text)


async def test_only_tools_that_exist_are_called(llama: Llama) -> None:
    deltas = await everything(llama, [Message(Role.USER, "Use the tool to echo fox.")], [ECHO])
    for delta in deltas:
        if isinstance(delta, ToolCall):
            assert (delta.name, delta.arguments) == ("echo", {"word": "fox"})
    assert isinstance(deltas[-1], Usage)


async def test_a_prompt_longer_than_the_context_is_refused_with_a_remedy(
    runtime: Runtime,
) -> None:
    assert WEIGHTS is not None
    llama = Llama(runtime, WEIGHTS, context_tokens=256)
    items = [Message(Role.USER, "word " * 400)]
    with pytest.raises(ProviderRefused, match="shorten"):
        await everything(llama, [*items], [])
    await llama.prefill(items)  # a hint never fails
    assert llama.count_tokens(items) > 300


async def test_tokens_are_estimated_not_too_low(llama: Llama) -> None:
    text = "To boil an egg, place it in a pot of 12 litres of water and wait for 10 minutes. " * 5
    items = [Message(Role.USER, text)]
    usage = (await everything(llama, [*items], []))[-1]
    assert isinstance(usage, Usage)
    assert 0.8 * usage.prompt_tokens <= llama.count_tokens(items) <= 1.6 * usage.prompt_tokens


async def test_a_missing_and_a_broken_file_are_model_errors(
    runtime: Runtime, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    for written in (tmp_path / "none.gguf", broken):
        with pytest.raises(ModelError, match=written.name):
            await Llama(runtime, written).warm()


def native_threads() -> int:
    """How many there are once Python's own of the lanes have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("vivavoce"):
            thread.join(10)
    return len(list(Path("/proc/self/task").iterdir()))


def llama_sockets() -> list[Path]:
    """Those of this process: other ones may run their own."""
    ours = set()
    for descriptor in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # that of the listing itself
            ours.add(str(descriptor.readlink()))
    lines = [line.split()[6:] for line in Path("/proc/net/unix").read_text().splitlines()]
    return [
        Path(inode_and_place[1])
        for inode_and_place in lines
        if f"socket:[{inode_and_place[0]}]" in ours and "llama.sock" in inode_and_place[-1]
    ]


async def test_nothing_can_reach_the_listener_and_no_model_leaves_threads_behind() -> None:
    assert WEIGHTS is not None
    counts = []
    for _ in range(3):
        async with Runtime(2) as runtime:
            await Llama(runtime, WEIGHTS).warm()
            sockets = llama_sockets()
            assert sockets
            assert not any(socket.exists() for socket in sockets)
        counts.append(native_threads())
    assert counts[2] <= counts[1]  # the library keeps a few of its own from the first time on
    assert not llama_sockets()


def test_a_closed_model_says_so() -> None:
    assert WEIGHTS is not None
    server = LlamaServer(WEIGHTS, threads=1, context_tokens=256, name="local/test")
    server.close()
    server.close()
    with pytest.raises(Exception, match="closed"):
        server.complete({}, lambda _: None, lambda: False)
