"""The user's side as the Realtime API tells it: when there was speech, and which item it became."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vivavoce.core import events as news
from vivavoce.transports.realtime.items import Item, Items

__all__ = ["Hearing", "milliseconds"]

Json = dict[str, Any]


class Hearing:
    """Tells of speech and makes items of it. The arguments are those of the narrator."""

    def __init__(
        self,
        tell: Callable[..., None],
        new_id: Callable[[str], str],
        items: Items,
        session: Callable[[], Json],
    ) -> None:
        self._tell = tell
        self._new_id = new_id
        self._items = items
        self._session = session
        self._speaking = False
        self._speech: str | None = None  # the id of the item that the user's speech will be
        self._speech_end = 0.0
        self._onset: float | None = None  # of speech over an answer, which was not told yet
        self._closed: Item | None = None  # an item that the client closed, without its text yet
        self._deltas = 0  # characters of a transcript that were told

    def happened(self, event: news.Event, *, over_an_answer: bool) -> None:
        """Tell of an event, if it is one of the user's side."""
        match event:
            case news.SpeechStarted(at=at):
                self._speaking = True
                if over_an_answer:
                    self._onset = at
                else:
                    self._onset = None
                    self._speech_started(at)
            case news.SpeechStopped(at=at):
                self._speaking, self._speech_end = False, at
            case news.SpeechIgnored():
                self.passed_over()
            case news.TranscriptUpdated():
                self._transcript(event)
            case news.UserSaid():
                self._said(event)
            case _:
                pass

    def closed(self) -> None:
        """The client has closed the audio so far as an item."""
        self._closed = self._user_item(None)

    def asked(self, turn: str, text: str) -> None:
        """What was said is what a turn answers."""
        item, self._closed = self._closed or self._user_item(turn), None
        item.turn = turn
        self._transcribed(item, text)

    def answered(self, at: float) -> None:
        """An answer begins; speech that goes on is over it from now on."""
        if self._speaking:
            self._onset = at

    def interrupted(self) -> None:
        """Speech over an answer has ended it."""
        if self._onset is not None:
            self._speech_started(self._onset)
            self._onset = None

    def outlasted(self) -> None:
        """An answer has ended by itself. Speech over it is told if it goes on; where it is over,
        its words decide whether it was any."""
        if self._speaking:
            self.interrupted()

    def forget(self) -> None:
        """The client is gone."""
        self._speaking = False
        self._speech = self._onset = self._closed = None

    def _speech_started(self, at: float) -> None:
        if self._speech is None:
            self._speech = self._new_id("item")
            self._deltas = 0
            self._tell(
                "input_audio_buffer.speech_started",
                audio_start_ms=milliseconds(at),
                item_id=self._speech,
            )

    def _speech_stopped(self) -> None:
        if self._speech is not None:
            self._tell(
                "input_audio_buffer.speech_stopped",
                audio_end_ms=milliseconds(self._speech_end),
                item_id=self._speech,
            )

    def passed_over(self) -> None:
        """What was said is nobody's."""
        self._speech_stopped()
        self._speech = self._onset = None

    def _user_item(self, turn: str | None) -> Item:
        """The user's speech becomes an item."""
        self.interrupted()  # if it was said over an answer that has ended since
        id = self._speech or self._new_id("item")
        self._speech_stopped()
        self._speech = None
        content = {"type": "input_audio", "transcript": None}
        told = {
            "id": id,
            "object": "realtime.item",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [content],
        }
        item = Item(id, told, turn)
        previous = self._items.add(item)
        self._tell("input_audio_buffer.committed", item_id=id, previous_item_id=previous)
        self._tell("conversation.item.added", item=told, previous_item_id=previous)
        self._tell("conversation.item.done", item=told, previous_item_id=previous)
        return item

    def _transcribed(self, item: Item, text: str) -> None:
        content = {"type": "input_audio", "transcript": text}
        item.told = {**item.told, "content": [content]}
        if self._session()["audio"]["input"]["transcription"] is None:
            return
        kind = "conversation.item.input_audio_transcription"
        rest = text[self._deltas :]
        self._deltas = 0
        if rest:
            self._tell(f"{kind}.delta", item_id=item.id, content_index=0, delta=rest)
        self._tell(
            f"{kind}.completed",
            item_id=item.id,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": round(item.end, 3)},
        )

    def _transcript(self, event: news.TranscriptUpdated) -> None:
        """A session that only transcribes is told what is stable while it is spoken."""
        session = self._session()
        if session["type"] != "transcription" or self._speech is None:
            return
        stable = event.transcript.stable_text
        if not event.transcript.is_final and len(stable) > self._deltas:
            self._tell(
                "conversation.item.input_audio_transcription.delta",
                item_id=self._speech,
                content_index=0,
                delta=stable[self._deltas :],
            )
            self._deltas = len(stable)

    def _said(self, event: news.UserSaid) -> None:
        item, self._closed = self._closed, None
        if item is None:
            if not event.text:
                self.passed_over()
                return
            item = self._user_item(None)
        item.stored = event.item or None
        self._transcribed(item, event.text)


def milliseconds(seconds: float) -> int:
    """A time as the API has it."""
    return max(0, round(1000 * seconds))
