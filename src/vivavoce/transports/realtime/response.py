"""One response as it is told: its items, their parts and deltas, and its end."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from vivavoce.core.audio import AudioFrame
from vivavoce.core.messages import ToolCall, Usage
from vivavoce.transports.realtime.items import Item, Items
from vivavoce.transports.realtime.sound import Encoder

__all__ = ["Response"]

Json = dict[str, Any]
Tell = Callable[..., None]


class Response:
    """From `response.created` to `response.done`. `turn` is the engine's, None for one out of
    band, whose items stay out of the conversation."""

    def __init__(
        self,
        tell: Tell,
        new_id: Callable[[str], str],
        items: Items,
        session: Mapping[str, Any],
        *,
        turn: str | None,
        on_track: bool,
        request: Json,
    ) -> None:
        self.id = new_id("resp")
        self.turn = turn
        self.is_over = False
        self.waits_for_tools = False
        self._tell = tell
        self._new_id = new_id
        self._items = items
        self._on_track = on_track  # audio travels beside the events
        self._sounds = False
        self._previous: dict[str, str | None] = {}  # the items before ours
        self._output: dict[int, Json] = {}  # by their index: a message may end after a call
        self._text = ""
        self._message: Item | None = None
        self._index = 0
        modalities = request.get("output_modalities") or session["output_modalities"]
        self.speaks = modalities == ["audio"]
        output = {**session["audio"]["output"], **request.get("audio", {}).get("output", {})}
        self._encoder = Encoder(output["format"]["type"])
        self.told: Json = {
            "object": "realtime.response",
            "id": self.id,
            "status": "in_progress",
            "status_details": None,
            "output": [],
            "conversation_id": "conv_default" if turn is not None else None,
            "output_modalities": modalities,
            "max_output_tokens": request.get("max_output_tokens") or session["max_output_tokens"],
            "audio": {"output": output},
            "usage": None,
            "metadata": request.get("metadata"),
        }
        self._tell("response.created", response=dict(self.told))

    @property
    def item_id(self) -> str | None:
        """The message that is being said."""
        return self._message.id if self._message is not None else None

    # --- what is said -----------------------------------------------------------------------

    def text(self, delta: str) -> None:
        """More of the answer was written."""
        message = self._opened()
        self._text += delta
        kind = "output_audio_transcript" if self.speaks else "output_text"
        self._tell(f"response.{kind}.delta", **self._ids(message), delta=delta)

    def sound(self, frame: AudioFrame) -> None:
        """More of it is heard."""
        message = self._opened()
        if message.start is None:
            message.start = frame.start
        message.end = frame.end
        if self._on_track:
            if not self._sounds:
                self._tell("output_audio_buffer.started", response_id=self.id)
            self._sounds = True
            return
        self._sounds = True
        delta = b64encode(self._encoder.encode(frame)).decode()
        self._tell("response.output_audio.delta", **self._ids(message), delta=delta)

    def call(self, call: ToolCall) -> Item:
        """A function that the client is to run."""
        arguments = json.dumps(dict(call.arguments), ensure_ascii=False, separators=(",", ":"))
        item = self._item(
            type="function_call",
            call_id=call.id,
            name=call.name,
            arguments="",
            status="in_progress",
        )
        index = self._index
        if self._message is not None:
            index += 1
        self._tell(
            "response.output_item.added", response_id=self.id, output_index=index, item=item.told
        )
        self._add(item)
        ids = {
            "response_id": self.id,
            "item_id": item.id,
            "output_index": index,
            "call_id": call.id,
        }
        self._tell("response.function_call_arguments.delta", **ids, delta=arguments)
        self._tell(
            "response.function_call_arguments.done", **ids, arguments=arguments, name=call.name
        )
        item.told = {**item.told, "arguments": arguments, "status": "completed"}
        self._done(item, index)
        if self._message is None:
            self._index = index + 1
        self.waits_for_tools = True
        return item

    # --- the end ----------------------------------------------------------------------------

    def end(
        self,
        status: str = "completed",
        *,
        reason: str | None = None,
        error: str = "",
        usage: Usage | None = None,
    ) -> None:
        """The response is over: completed, cancelled (why: `reason`) or failed."""
        if self.is_over:
            return
        self.is_over = True
        if self._message is not None:
            self._close(self._message, "completed" if status == "completed" else "incomplete")
        details: Json | None = None
        if status == "cancelled":
            details = {"type": status, "reason": reason}
        elif status == "failed":
            details = {
                "type": status,
                "error": {"type": "server_error", "code": "provider_failed", "message": error},
            }
        self.told |= {"status": status, "status_details": details, "usage": _usage(usage)}
        if self._on_track and self._sounds and status == "cancelled":
            self._tell("output_audio_buffer.cleared", response_id=self.id)
        self._tell("response.done", response=dict(self.told))
        if self._on_track and self._sounds and status != "cancelled":
            self._tell("output_audio_buffer.stopped", response_id=self.id)

    # --- parts ------------------------------------------------------------------------------

    def _item(self, **told: Any) -> Item:  # Any: JSON
        id = self._new_id("item")
        return Item(id, {"id": id, "object": "realtime.item", **told}, self.turn)

    def _add(self, item: Item) -> None:
        if self.turn is None:
            return
        previous = self._previous[item.id] = self._items.add(item)
        self._tell("conversation.item.added", previous_item_id=previous, item=item.told)

    def _opened(self) -> Item:
        """The message, begun if need be."""
        if self._message is None:
            item = self._item(type="message", role="assistant", status="in_progress", content=[])
            self._message, self._text = item, ""
            self._tell(
                "response.output_item.added",
                response_id=self.id,
                output_index=self._index,
                item=item.told,
            )
            self._add(item)
            self._tell("response.content_part.added", **self._ids(item), part=self._part(""))
        return self._message

    def _close(self, message: Item, status: str) -> None:
        ids = self._ids(message)
        if self.speaks:
            if not self._on_track:
                self._tell("response.output_audio.done", **ids)
            self._tell("response.output_audio_transcript.done", **ids, transcript=self._text)
        else:
            self._tell("response.output_text.done", **ids, text=self._text)
        self._tell("response.content_part.done", **ids, part=self._part(self._text))
        if self.speaks:
            content = {"type": "output_audio", "transcript": self._text}
        else:
            content = {"type": "output_text", "text": self._text}
        message.told = {**message.told, "status": status, "content": [content]}
        self._done(message, self._index)

    def _done(self, item: Item, index: int) -> None:
        if self.turn is not None:
            previous = self._previous[item.id]
            self._tell("conversation.item.done", previous_item_id=previous, item=item.told)
        self._output[index] = item.told
        self.told["output"] = [self._output[place] for place in sorted(self._output)]
        self._tell(
            "response.output_item.done", response_id=self.id, output_index=index, item=item.told
        )

    def _ids(self, item: Item) -> Json:
        return {
            "response_id": self.id,
            "item_id": item.id,
            "output_index": self._index,
            "content_index": 0,
        }

    def _part(self, text: str) -> Json:
        if self.speaks:
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}


def _usage(usage: Usage | None) -> Json:
    prompt, completion, cached = (
        (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) if usage else (0, 0, 0)
    )
    return {
        "total_tokens": prompt + completion,
        "input_tokens": prompt,
        "output_tokens": completion,
        "input_token_details": {
            "text_tokens": prompt,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": cached,
            "cached_tokens_details": {"text_tokens": cached, "audio_tokens": 0, "image_tokens": 0},
        },
        "output_token_details": {"text_tokens": completion, "audio_tokens": 0},
    }
