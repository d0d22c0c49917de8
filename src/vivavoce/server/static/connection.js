// Holds the conversation's connection: WebRTC first, WebSocket if that is not there in two seconds,
// and after a loss the same conversation again, by its resume token.
//
// Events: event (one of the server's), status { phase, link?, seconds?, reason?, fallback? }, with
// phase connecting | open | gone | refused | unauthorised | ended | closed.

import { LinkError, openWebRtc, openWebSocket, request } from "./links.js";

const WEBRTC_MS = 2000;
const WEBSOCKET_MS = 8000;
const BACKOFF_S = [0.5, 1, 2, 4, 8];
const RESUMES = 3; // times that the server may not know of the loss yet
const KEY = "vivavoce-key";
const NORMAL = new Set([1000]); // the server meant to end it

export class Connection extends EventTarget {
  #sound;
  #askKey;
  #link = null;
  #wanted = false;
  #attempt = 0; // of the present series of reconnects
  #opening = null; // AbortController of the attempt under way
  #timer = 0;
  #skipWebRtc = false; // it did not connect once; do not make the person wait again
  #resume = null; // { token, seconds, session, until (in ms since 1970), refused (times) }
  #waiting = []; // events to send once open

  // askKey(rejected) -> the key that the person entered, or null.
  constructor(sound, askKey) {
    super();
    this.#sound = sound;
    this.#askKey = askKey;
  }

  get kind() { return this.#link?.kind ?? null; }
  get open() { return Boolean(this.#link); }
  get position() { return this.#link?.position ?? null; }

  async start() {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#attempt = 0;
    await this.#connect();
  }

  // Sends now, or as soon as the connection stands.
  send(event) {
    if (this.#link) this.#link.send(event);
    else this.#waiting.push(event);
  }

  // For what is only true now, such as sound.
  sendNow(event) { this.#link?.send(event); }

  retry() {
    if (!this.#wanted) return this.start();
    if (this.#link || this.#opening) return undefined;
    clearTimeout(this.#timer);
    return this.#connect();
  }

  stop(phase = "closed", details = {}) {
    this.#wanted = false;
    this.#resume = null;
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.#opening?.abort();
    this.#drop();
    this.#tell(phase, details);
  }

  async #connect() {
    const opening = new AbortController();
    this.#opening = opening;
    this.#tell("connecting");
    try {
      const secret = await this.#secret();
      const link = await this.#choose(secret, opening.signal);
      if (opening.signal.aborted) return link.close();
      this.#link = link;
      this.#attempt = 0;
      this.#sound.overSocket = link.kind === "websocket";
      this.#tell("open", { link: link.kind, fallback: this.#skipWebRtc });
      for (const event of this.#waiting.splice(0)) link.send(event);
    } catch (error) {
      if (!opening.signal.aborted) await this.#failed(error);
    } finally {
      if (this.#opening === opening) this.#opening = null;
    }
    return undefined;
  }

  async #choose(secret, signal) {
    const options = {
      query: { extensions: "vivavoce", resume: this.#resume?.until > Date.now() ? this.#resume.token : "" },
      secret, sound: this.#sound,
      receive: (event) => this.#receive(event),
      ended: (how) => this.#lost(how),
    };
    const within = (milliseconds) => AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
    let told = null;
    if (globalThis.RTCPeerConnection && !this.#skipWebRtc) {
      try {
        return await openWebRtc({ ...options, signal: within(WEBRTC_MS) });
      } catch (error) {
        if (signal.aborted || [401, 403, 410, 429].includes(error.status)) throw error;
        told = error.status ? error : null;
      }
    }
    try {
      const link = await openWebSocket({ ...options, signal: within(WEBSOCKET_MS) });
      this.#skipWebRtc = true;
      return link;
    } catch (error) {
      if (error.status) throw error;
      throw (await this.#diagnosis(signal)) ?? told ?? error;
    }
  }

  // A browser does not say why a WebSocket was refused; plain HTTP does.
  async #diagnosis(signal) {
    try {
      await request("v1/realtime/client_secrets", { body: "{}", headers: { "Content-Type": "application/json" }, signal });
    } catch (error) {
      if (error instanceof LinkError && [401, 403, 429, 503].includes(error.status)) return error;
    }
    return null;
  }

  async #failed(error) {
    if (error.status === 401 || error.status === 403) {
      const rejected = Boolean(storedKey());
      storeKey("");
      const key = await this.#askKey(rejected);
      if (key && this.#wanted) {
        storeKey(key);
        return this.#connect();
      }
      return this.stop("unauthorised");
    }
    if (error.status === 410) {
      this.#resume.refused += 1;
      if (this.#resume.refused < RESUMES) return this.#again("gone", this.#backoff());
      this.#resume.until = 0; // it is lost; a new one begins
      return this.#connect();
    }
    if (error.status === 429 || error.status === 503) {
      return this.#again("refused", Math.max(error.seconds, this.#backoff()));
    }
    return this.#again("gone", this.#backoff());
  }

  // A short-lived key made from the person's; none where the server asks for none.
  async #secret() {
    const key = storedKey();
    if (!key) return "";
    const answer = await request("v1/realtime/client_secrets", {
      secret: key, body: "{}", headers: { "Content-Type": "application/json" },
    });
    const { value, client_secret: older } = await answer.json();
    return value ?? older?.value ?? older;
  }

  #receive(event) {
    if (event.type === "vivavoce.session") {
      const fresh = Boolean(this.#resume) && this.#resume.session !== event.session_id;
      const { resume_token: token, resume_seconds: seconds, session_id: session } = event;
      this.#resume = { token, seconds, session, until: Infinity, refused: 0 };
      event.fresh = fresh; // the old conversation could not be resumed
    }
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
  }

  #lost({ code, reason }) {
    this.#drop();
    if (!this.#wanted) return;
    if (NORMAL.has(code)) {
      this.stop("ended", { reason });
      return;
    }
    if (this.#resume) this.#resume.until = Date.now() + this.#resume.seconds * 1000;
    this.#again(code === 1013 ? "refused" : "gone", this.#backoff(), { reason });
  }

  #drop() {
    this.#link?.close();
    this.#link = null;
    this.#sound.overSocket = false;
  }

  #backoff() {
    const seconds = BACKOFF_S[Math.min(this.#attempt, BACKOFF_S.length - 1)];
    this.#attempt += 1;
    return seconds;
  }

  // Counts down in whole seconds, then connects. The first second is cut by up to a half at random,
  // so that the clients of a restarted server do not all come back at once.
  #again(phase, seconds, details = {}) {
    if (!this.#wanted) return;
    this.#tell(phase, { seconds: Math.ceil(seconds), ...details });
    const step = seconds > 1 ? 1 : seconds * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => (seconds > 1 ? this.#again(phase, seconds - 1, details) : this.#connect()), step * 1000);
  }

  #tell(phase, details = {}) {
    this.dispatchEvent(new CustomEvent("status", { detail: { phase, ...details } }));
  }
}

// A key in the address (#key=…, as in the QR code) is taken over and wiped from the address bar.
export function adoptKey() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  storeKey(key);
  history.replaceState(null, "", location.pathname + location.search);
}

let memory = ""; // where storage is refused

function storedKey() {
  try {
    return sessionStorage.getItem(KEY) ?? memory;
  } catch {
    return memory;
  }
}

function storeKey(key) {
  memory = key;
  try {
    if (key) sessionStorage.setItem(KEY, key);
    else sessionStorage.removeItem(KEY);
  } catch {
    // The variable holds it as long as the page.
  }
}
