// What the server says, turned into captions, sound and state; and what of it was really played, told
// back. Knows nothing of the page's controls.
//
// Events: state, session (what the server is configured to do), failed, busy (an answer can be stopped).

const SERVER_ERRORS_SHOWN = new Set(["server_error"]); // others are about the page's own events

export class Conversation extends EventTarget {
  #connection;
  #sound;
  #captions;
  #answering = null; // response that sounds now
  #open = null; // response that is not done
  #stopped = new Set(); // responses the person stopped: what still comes of them is not played
  #held = false;
  #ducked = false;

  constructor(connection, sound, captions) {
    super();
    this.#connection = connection;
    this.#sound = sound;
    this.#captions = captions;
    connection.addEventListener("event", ({ detail }) => this.#take(detail));
    sound.addEventListener("onset", () => this.#duck());
    sound.addEventListener("unducked", () => { this.#ducked = false; });
    sound.addEventListener("position", ({ detail }) => this.#played(detail));
    sound.addEventListener("drained", ({ detail }) => {
      this.#played(detail);
      if (detail.response === this.#answering) this.#silent();
    });
    sound.addEventListener("flushed", ({ detail }) => this.#flushed(detail));
    sound.addEventListener("pcm", ({ detail }) => {
      connection.sendNow({ type: "input_audio_buffer.append", audio: encode(detail) });
    });
  }

  get busy() { return Boolean(this.#answering ?? this.#open); }

  say(text) {
    this.#captions.typed(text);
    this.#connection.send({ type: "vivavoce.text", text });
  }

  key(down) {
    this.#connection.sendNow({ type: "vivavoce.key", down });
  }

  stop() {
    const response = this.#answering ?? this.#open;
    if (!response) return;
    this.#stopped.add(response);
    this.#connection.sendNow({ type: "vivavoce.stop" });
    this.#letGo();
    this.#captions.cut(response);
  }

  // The connection is gone: what had arrived of an answer is not played on.
  lost() {
    this.#letGo();
    this.#open = null;
    this.#tell("busy");
  }

  #take(event) {
    this.#handlers[event.type]?.(event);
  }

  #handlers = {
    "session.created": ({ session }) => this.#tell("session", session),
    "vivavoce.session": ({ fresh }) => {
      if (fresh) this.#captions.divide("The server began a new conversation");
    },
    "vivavoce.state": ({ state }) => this.#state(state),
    "vivavoce.transcript": ({ text, stable, is_final: isFinal }) => this.#captions.hear(text, stable, isFinal),
    "input_audio_buffer.committed": ({ item_id: item }) => this.#captions.claim(item),
    "conversation.item.input_audio_transcription.completed": ({ item_id: item, transcript }) =>
      this.#captions.transcribed(item, transcript),
    "conversation.item.deleted": ({ item_id: item }) => this.#captions.forget(item),
    // Told once speech over an answer has turned out to be an interruption.
    "input_audio_buffer.speech_started": () => {
      const response = this.#answering;
      if (!response) return;
      this.#letGo();
      this.#captions.cut(response);
    },
    "response.created": ({ response }) => {
      this.#open = response.id;
      this.#captions.answer(response.id);
      this.#tell("busy");
    },
    "response.output_audio_transcript.delta": ({ response_id: response, delta }) => this.#captions.write(response, delta),
    "response.output_text.delta": ({ response_id: response, delta }) => this.#captions.write(response, delta),
    "response.output_audio.delta": ({ response_id: response, item_id: item, delta }) => {
      if (this.#stopped.has(response)) return;
      this.#sounds(response);
      this.#sound.play(response, item, decode(delta));
    },
    "response.done": ({ response }) => this.#done(response),
    "output_audio_buffer.started": ({ response_id: response }) => {
      this.#sounds(response);
      this.#connection.position?.start((milliseconds) => this.#report(response, milliseconds));
    },
    "output_audio_buffer.stopped": () => this.#silent(),
    "output_audio_buffer.cleared": () => this.#letGo(),
    "vivavoce.heard": ({ response_id: response, text }) => this.#captions.heard(response, text),
    "vivavoce.turn": (turn) => this.#captions.settle(turn),
    "vivavoce.tool": (tool) => this.#captions.tool(tool),
    "vivavoce.source": ({ response_id: response, ...source }) => this.#captions.source(response, source),
    "vivavoce.failed": ({ message, fatal }) => this.#tell("failed", { message, fatal }),
    error: ({ error }) => {
      if (SERVER_ERRORS_SHOWN.has(error?.type)) this.#tell("failed", { message: error.message, fatal: false });
    },
  };

  #state(state) {
    const held = state === "held";
    if (held !== this.#held && (held || state === "speaking")) {
      this.#held = held;
      this.#sound.held = held;
      if (this.#connection.position) this.#connection.position.held = held;
      this.#unduck(); // the server has decided
    }
    this.#tell("state", state);
  }

  #done({ id, status }) {
    if (this.#open === id) this.#open = null;
    if (status === "cancelled") {
      if (this.#answering === id) this.#letGo();
      this.#captions.cut(id);
    } else if (this.#answering === id) this.#sound.finish();
    this.#stopped.delete(id);
    this.#tell("busy");
  }

  #sounds(response) {
    if (this.#answering === response) return;
    this.#answering = response;
    this.#sound.cleared = false;
    this.#sound.playing = true;
    this.#tell("busy");
  }

  #silent() {
    this.#answering = null;
    this.#sound.playing = false;
    this.#connection.position?.stop();
    this.#unduck();
    this.#tell("busy");
  }

  // Whatever is still to be heard of an answer is dropped within this frame.
  #letGo() {
    if (this.#answering && this.#connection.kind === "webrtc") this.#sound.cleared = true;
    this.#held = false;
    this.#sound.flush();
    this.#silent();
  }

  #flushed({ response, item, itemMs, responseMs }) {
    this.#report(response, responseMs - this.#delay());
    this.#connection.sendNow({
      type: "conversation.item.truncate", item_id: item, content_index: 0,
      audio_end_ms: Math.max(0, Math.round(itemMs - this.#delay())),
    });
  }

  #played({ response, responseMs }) {
    this.#report(response, responseMs - this.#delay());
  }

  #report(response, milliseconds) {
    this.#connection.sendNow({
      type: "vivavoce.played", response_id: response, position_ms: Math.max(0, Math.round(milliseconds)),
    });
  }

  #delay() { return this.#sound.outputDelay * 1000; }

  // Somebody speaks, and the server has not yet said whether it is an interruption.
  #duck() {
    if (!this.#answering || this.#held || this.#ducked) return;
    this.#ducked = true;
    this.#sound.duck();
  }

  #unduck() {
    this.#ducked = false;
    this.#sound.unduck();
  }

  #tell(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }
}

const CHUNK = 0x2000; // as many arguments as a call takes everywhere

function encode(samples) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(text);
}

function decode(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Int16Array(bytes.buffer, 0, bytes.length >> 1);
}
