// The two ways to the server. A link is { kind, send(event), close() }; what comes in goes to
// `receive(event)`, and the end of the link to `ended({ code, reason })`, once.

const ROOT = new URL("..", import.meta.url); // the page's own address, wherever it is mounted
const DELTA_MS = 100; // how often the played position is read off the receiver

export class LinkError extends Error {
  // status: of the HTTP answer; 0 when there was none. seconds: the server's retry hint.
  constructor(message, { status = 0, seconds = 0 } = {}) {
    super(message);
    Object.assign(this, { status, seconds });
  }
}

export const address = (path, query = {}) => {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
  return url;
};

// An HTTP answer, or a LinkError with what the server said.
export async function request(path, { query, secret, ...options }) {
  const headers = { ...options.headers, ...(secret && { Authorization: `Bearer ${secret}` }) };
  const response = await fetch(address(path, query), { method: "POST", credentials: "omit", ...options, headers });
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  const seconds = Number.parseFloat(response.headers.get("Retry-After")) || 0;
  throw new LinkError(told.error?.message ?? response.statusText, { status: response.status, seconds });
}

export async function openWebRtc({ query, secret, sound, signal, receive, ended }) {
  const peer = new RTCPeerConnection();
  const channel = peer.createDataChannel("oai-events");
  const { sender, receiver } = peer.addTransceiver(sound.outgoing, { direction: "sendrecv" });
  receiver.jitterBufferTarget = 0;
  const replace = ({ detail }) => sender.replaceTrack(detail).catch(() => {}); // closed meanwhile
  sound.addEventListener("outgoing", replace);
  const close = () => {
    sound.removeEventListener("outgoing", replace);
    sound.attach(null);
    peer.close();
  };
  try {
    await peer.setLocalDescription();
    const answer = await request("v1/realtime/calls", {
      query, secret, signal, body: peer.localDescription.sdp, headers: { "Content-Type": "application/sdp" },
    });
    channel.addEventListener("message", ({ data }) => receive(JSON.parse(data)));
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await opened(channel, signal);
  } catch (error) {
    close();
    throw error;
  }
  sound.attach(new MediaStream([receiver.track]));
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    close();
    ended({ code: 1006, reason: "" });
  };
  channel.addEventListener("close", end);
  peer.addEventListener("connectionstatechange", () => {
    if (["failed", "closed"].includes(peer.connectionState)) end();
  });
  return {
    kind: "webrtc",
    position: playoutPosition(receiver),
    send: (event) => { if (channel.readyState === "open") channel.send(JSON.stringify(event)); },
    close: () => { over = true; close(); },
  };
}

// Tells how much of an answer has come out of the receiver's jitter buffer. What came out while the
// answer was held is the server's silence, not the answer.
function playoutPosition(receiver) {
  let timer = 0;
  let last = null;
  let emitted = 0;
  let held = false;
  const read = async () => {
    for (const report of (await receiver.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      const delay = report.jitterBufferEmittedCount ? report.jitterBufferDelay / report.jitterBufferEmittedCount : 0;
      return { count: report.jitterBufferEmittedCount ?? 0, delay };
    }
    return null;
  };
  return {
    set held(value) { held = value; },
    // Calls `tell(milliseconds)` now and then, from the answer's first sound on.
    start(tell) {
      this.stop();
      last = null;
      emitted = 0;
      held = false;
      read().then((now) => { last ??= now; });
      timer = setInterval(async () => {
        const now = await read();
        if (!now) return;
        if (last && !held) emitted += now.count - last.count;
        last = now;
        const played = Math.round((emitted / 48000 - now.delay) * 1000); // Opus: always 48 kHz
        if (played > 0 && !held) tell(played);
      }, DELTA_MS);
    },
    stop() { clearInterval(timer); },
  };
}

export async function openWebSocket({ query, secret, signal, receive, ended }) {
  const url = address("v1/realtime", query);
  url.protocol = url.protocol.replace("http", "ws");
  // A browser cannot send headers with a WebSocket; the key goes as a subprotocol.
  const protocols = secret ? ["realtime", `openai-insecure-api-key.${secret}`] : ["realtime"];
  const socket = new WebSocket(url, protocols);
  let established = false;
  const first = new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => { socket.close(); reject(signal.reason); }, { once: true });
    socket.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      if (!established) {
        if (event.type === "error") return reject(refusal(event.error ?? {}));
        established = true;
        resolve();
      }
      return receive(event);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (established) return ended({ code, reason });
      return reject(new LinkError(reason, { status: CLOSE_STATUS[code] ?? 0, seconds: retryHint(reason) }));
    });
  });
  await first; // the handshake alone says little: a full server closes right after it
  return {
    kind: "websocket",
    send: (event) => { if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(event)); },
    close: () => {
      established = false;
      socket.close(1000);
    },
  };
}

const CLOSE_STATUS = { 1008: 401, 1013: 503 };
const retryHint = (reason) => Number(/(\d+)\s*s/.exec(reason)?.[1] ?? 0);
const refusal = ({ code, message = "" }) =>
  new LinkError(message, { status: code === "resume_expired" ? 410 : 503, seconds: retryHint(message) });

function opened(channel, signal) {
  return new Promise((resolve, reject) => {
    channel.addEventListener("open", resolve, { once: true });
    channel.addEventListener("close", () => reject(new LinkError("the data channel was closed")), { once: true });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
