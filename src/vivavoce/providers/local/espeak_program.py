"""The program around espeak-ng: `python espeak_program.py LIBRARY DATA_PARENT`.

espeak-ng is GPL-3, so it lives in a process of its own and is spoken to over pipes. This file is
run as a script and imports the standard library only. One JSON object a line comes in on stdin, one
goes out on stdout:

    {"do": "phonemes", "voice": "en-us", "texts": [...]}  →  {"phonemes": [...]}
    {"do": "speak", "voice": "ko", "text": "..."}         →  {"bytes": n, "words": [...]}
    {"do": "languages"}                                   →  {"languages": [...]}

Phonemes are one string of IPA a text. After the line about speech come n bytes of int16 samples at
22050 Hz; a word is [at, length, milliseconds]. `at` and `length` count characters of the text. What
fails gives {"error": "..."}. The end of stdin ends the program.
"""

import ctypes
import json
import os
import sys

SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: the callback runs inside espeak_Synth
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: a missing data folder is an error, not an exit
UTF8 = 1  # espeakCHARS_UTF8
IPA = 2  # phonememode bit 1
END, WORD = 0, 1  # espeak_EVENT_TYPE
BUFFER_MS = 200
ESPEAK_OK = 0


class EventId(ctypes.Union):
    """What an event names."""

    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h; `audio_position` is milliseconds, `text_position` from 1."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", EventId),
    )


class Voice(ctypes.Structure):
    """`espeak_VOICE` of speak_lib.h; `languages` is a priority byte and a name, repeated."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.POINTER(ctypes.c_char)),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


class Espeak:
    """The library, initialised once."""

    def __init__(self, library: str, data_parent: str) -> None:
        self.voice = ""
        self.audio = bytearray()
        self.words: list[list[int]] = []
        self.library = ctypes.CDLL(library)
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self.library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(Voice))
        if data_parent:
            # The library keeps paths in 160 bytes, and virtual environments lie deep: go there.
            os.chdir(data_parent)
        path = b"." if data_parent else None
        rate = self.library.espeak_Initialize(SYNCHRONOUS, BUFFER_MS, path, DONT_EXIT)
        if rate != 22050:
            raise OSError(f"espeak_Initialize gave {rate} for the data in {data_parent!r}")
        self.callback = Callback(self.take)
        self.library.espeak_SetSynthCallback(self.callback)

    def take(
        self,
        samples: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[Event]",
    ) -> int:
        """The synthesis callback: keep the samples and the starts of words; 0 goes on."""
        if count > 0:
            self.audio += ctypes.string_at(samples, 2 * count)
        index = 0
        while events[index].type != END:
            event = events[index]
            if event.type == WORD:
                word = [event.text_position - 1, event.length, event.audio_position]
                self.words.append(word)
            index += 1
        return 0

    def select(self, voice: str) -> None:
        """Speak with that voice from now on. Raises ValueError when there is none."""
        if voice != self.voice:
            if self.library.espeak_SetVoiceByName(voice.encode()) != ESPEAK_OK:
                raise ValueError(f"espeak-ng has no voice {voice!r}")
            self.voice = voice

    def phonemes(self, text: str) -> str:
        """IPA, words apart by a space."""
        buffer = ctypes.create_string_buffer(text.encode(errors="replace"))
        rest = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses = []
        while rest.value:
            clause = self.library.espeak_TextToPhonemes(ctypes.byref(rest), UTF8, IPA)
            clauses.append(clause.decode().strip())
        return " ".join(clause for clause in clauses if clause)

    def speak(self, text: str) -> None:
        """Fill `audio` and `words`."""
        self.audio.clear()
        self.words.clear()
        data = text.encode(errors="replace")
        size = ctypes.c_size_t(len(data) + 1)
        if self.library.espeak_Synth(data, size, 0, 0, 0, UTF8, None, None) != ESPEAK_OK:
            raise ValueError("espeak_Synth refused the text")
        self.library.espeak_Synchronize()

    def languages(self) -> list[str]:
        """The first language of each voice, as `ko`, `en-us` or `cmn`."""
        found = set()
        voices = self.library.espeak_ListVoices(None)
        index = 0
        while voices[index]:
            name = ctypes.cast(voices[index].contents.languages, ctypes.c_char_p).value or b" "
            found.add(name[1:].decode())  # behind a priority byte
            index += 1
        return sorted(found)


def answer(espeak: Espeak, request: dict[str, object]) -> tuple[dict[str, object], bytes]:
    """The reply to one request, and the samples that follow it."""
    match request:
        case {"do": "phonemes", "voice": str(voice), "texts": list(texts)}:
            espeak.select(voice)
            return {"phonemes": [espeak.phonemes(str(text)) for text in texts]}, b""
        case {"do": "speak", "voice": str(voice), "text": str(text)}:
            espeak.select(voice)
            espeak.speak(text)
            return {"bytes": len(espeak.audio), "words": espeak.words}, bytes(espeak.audio)
        case {"do": "languages"}:
            return {"languages": espeak.languages()}, b""
        case _:
            raise ValueError(f"unknown request {sorted(request)}")


def main() -> None:
    """Answer requests until stdin ends."""
    replies = sys.stdout.buffer
    espeak = Espeak(sys.argv[1], sys.argv[2])
    for line in sys.stdin.buffer:
        try:
            reply, audio = answer(espeak, json.loads(line))
        except ValueError as error:
            reply, audio = {"error": str(error)}, b""
        replies.write(json.dumps(reply).encode() + b"\n" + audio)
        replies.flush()


if __name__ == "__main__":
    main()
