// The page: its controls, its words, and how the parts are wired together.

import { Captions } from "./captions.js";
import { Connection, adoptKey } from "./connection.js";
import { Conversation } from "./conversation.js";
import { address } from "./links.js";
import { Microphone } from "./microphone.js";
import { prefer, preferences } from "./preferences.js";
import { Problems } from "./problems.js";
import { applyTheme, fillDevices, openSettings, setUpSettings } from "./settings.js";
import { Shape } from "./shape.js";
import { Sound } from "./sound.js";

const KEY_TAIL_MS = 200; // fingers leave the key before the last sound has left the mouth
const TICK_MS = 1000;
const ASLEEP_MS = 20_000; // a timer that is this late was not merely throttled
const MICROPHONE_PROBLEMS = ["permission", "missing", "busy", "lost", "silent", "insecure"];
const CONNECTION_PROBLEMS = ["refused", "gone", "ended", "unauthorised"];
const WORDS = {
  off: "Ready", connecting: "Connecting", away: "Away", ready: "Ready", listening: "Listening",
  thinking: "Thinking", speaking: "Speaking", held: "Held",
};

const $ = (id) => document.getElementById(id);

applyTheme();
adoptKey();

const microphone = new Microphone();
const sound = new Sound($("answer"));
const problems = new Problems($("problem"));
const captions = new Captions($("captions"), $("conversation"), $("announcer"));
const connection = new Connection(sound, askKey);
const conversation = new Conversation(connection, sound, captions);
const shape = new Shape($("shape"));

let state = "off"; // as the server says
let muted = false;
let keyDown = false;
let asking = false; // a sample question is being played
let turnDetection; // the server's own, to go back to after push-to-talk

// --- starting and ending --------------------------------------------------------------------

async function begin({ withMicrophone }) {
  problems.clear(...CONNECTION_PROBLEMS, "asleep");
  const opening = sound.open();
  if (withMicrophone) {
    // Both at once: the permission's question must not hold up the connection.
    await Promise.all([opening.then(() => connection.start()), openMicrophone(opening)]);
  } else {
    await opening;
    await connection.start();
  }
}

async function openMicrophone(ready) {
  try {
    const stream = await microphone.start();
    await ready;
    problems.clear(...MICROPHONE_PROBLEMS);
    sound.listen(stream);
    fillDevices();
  } catch (error) {
    if (!error.problem) throw error;
    problems.show(error.problem);
  }
  show();
}

function end() {
  microphone.stop();
  if (sound.context) sound.listen(null);
  conversation.lost();
  connection.stop();
  problems.clear(...CONNECTION_PROBLEMS, ...MICROPHONE_PROBLEMS);
  muted = false;
  state = "off";
  show();
}

async function playSample() {
  if (asking) return;
  asking = true;
  show();
  try {
    const [response] = await Promise.all([fetch(address("static/sample.wav")), begin({ withMicrophone: false })]);
    if (!response.ok) throw new Error(`sample question: ${response.status}`);
    const encoded = await response.arrayBuffer();
    if (connection.open) await sound.ask(encoded);
  } catch (error) {
    problems.show("sample");
    console.warn("sample question", error);
  } finally {
    asking = false;
    show();
  }
}

// --- what is shown --------------------------------------------------------------------------

function show() {
  const on = connection.open;
  const live = Boolean(microphone.track);
  const waiting = { connecting: "connecting", gone: "away", refused: "away" };
  const shown = on ? state : waiting[phase] ?? "off";
  const talk = $("talk");
  talk.dataset.state = shown;
  talk.classList.toggle("muted", live && muted);
  talk.setAttribute("aria-pressed", String(live));
  shape.state = shown;
  if ($("state").textContent !== WORDS[shown]) $("state").textContent = WORDS[shown];
  $("hint").textContent = hint(on, live, shown);
  $("mute").disabled = !live;
  $("mute").setAttribute("aria-pressed", String(muted));
  $("mute").textContent = muted ? "Muted" : "Mute";
  $("stop").disabled = !conversation.busy;
  $("end").disabled = phase === "closed";
  $("push").setAttribute("aria-pressed", String(preferences.pushToTalk));
  $("sample").disabled = asking;
  $("sample").textContent = asking ? "Playing the question" : "Play a sample question";
  $("save").disabled = captions.empty;
  const open = live && !muted && (!preferences.pushToTalk || keyDown);
  microphone.open = open;
  sound.listening = open;
}

function hint(on, live, shown) {
  if (shown === "connecting") return "One moment";
  if (shown === "away") return "No connection: nothing is heard";
  if (!live) return on ? "Press to talk" : "Press and speak";
  if (preferences.pushToTalk) return keyDown ? "Let go when you are done" : "Hold to talk, or hold the space bar";
  if (muted) return "You are muted";
  return shown === "speaking" || shown === "held" ? "Just speak to interrupt" : "Just speak. Press to stop";
}

let phase = "closed";

connection.addEventListener("status", ({ detail }) => {
  phase = detail.phase;
  if (phase !== "connecting") problems.clear(...CONNECTION_PROBLEMS);
  if (phase === "open") {
    if (sound.running) problems.clear("asleep");
    else problems.show("asleep");
    $("link").textContent = detail.link === "webrtc" ? "WebRTC" : "WebSocket, because WebRTC did not connect";
  } else $("link").textContent = phase === "connecting" ? "Connecting" : "";
  if (["gone", "refused", "ended"].includes(phase)) conversation.lost();
  if (CONNECTION_PROBLEMS.includes(phase)) problems.show(phase, detail);
  if (phase === "ended") microphone.stop();
  show();
});

conversation.addEventListener("state", ({ detail }) => {
  state = detail;
  show();
});
conversation.addEventListener("busy", show);
conversation.addEventListener("failed", ({ detail }) => problems.show("failed", { reason: detail.message }));
conversation.addEventListener("session", ({ detail }) => {
  state = "ready";
  turnDetection = detail?.audio?.input?.turn_detection;
  if (preferences.pushToTalk) tellTurnDetection();
  show();
});

sound.addEventListener("level", ({ detail: { input, output } }) => {
  if (input !== undefined) shape.input = asking || (microphone.track && !muted) ? input : 0;
  if (connection.kind === "webrtc") shape.output = sound.remotePower;
  else if (output !== undefined) shape.output = output;
});
sound.addEventListener("silent", () => problems.show("silent"));
sound.addEventListener("sounding", () => problems.clear("silent"));
sound.addEventListener("context", ({ detail }) => {
  if (detail === "running") problems.clear("asleep");
  else if (connection.open) problems.show("asleep");
});
microphone.addEventListener("lost", () => {
  microphone.stop();
  sound.listen(null);
  problems.show("lost");
  show();
});

problems.addEventListener("remedy", async ({ detail: name }) => {
  if (["gone", "refused", "unauthorised"].includes(name)) connection.retry();
  else if (name === "silent") await openSettings();
  else if (name === "asleep") {
    await sound.open();
    if (sound.running) problems.clear("asleep");
    connection.retry();
  } else if (["permission", "missing", "busy", "lost"].includes(name)) {
    if (name === "lost") preferences.microphone = "";
    await begin({ withMicrophone: true });
  } else problems.clear(name);
});

// --- controls -------------------------------------------------------------------------------

function press() {
  if (microphone.track && connection.open) end();
  else begin({ withMicrophone: true });
}

function setKey(down) {
  if (keyDown === down) return;
  keyDown = down;
  if (down) {
    conversation.key(true);
    show();
  } else {
    $("hint").textContent = "Hold to talk, or hold the space bar";
    setTimeout(() => {
      if (keyDown) return;
      conversation.key(false);
      show();
    }, KEY_TAIL_MS);
  }
}

const holdsToTalk = () => preferences.pushToTalk && microphone.track && connection.open;

function tellTurnDetection() {
  if (turnDetection === undefined) return;
  const detection = preferences.pushToTalk ? null : turnDetection;
  connection.sendNow({ type: "session.update", session: { type: "realtime", audio: { input: { turn_detection: detection } } } });
}

function setPush(pushToTalk) {
  prefer({ pushToTalk });
  $("push-setting").checked = pushToTalk;
  setKey(false);
  tellTurnDetection();
  show();
}

let pressedToHold = false; // a hold's click is not a press
$("talk").addEventListener("pointerdown", (event) => {
  pressedToHold = Boolean(holdsToTalk());
  if (!pressedToHold) return;
  $("talk").setPointerCapture(event.pointerId);
  setKey(true);
});
for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
  $("talk").addEventListener(name, () => { if (pressedToHold) setKey(false); });
}
$("talk").addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on a phone
$("talk").addEventListener("click", () => {
  if (!pressedToHold) press();
  pressedToHold = false;
});
$("mute").addEventListener("click", () => {
  muted = !muted;
  problems.clear("silent");
  show();
});
$("stop").addEventListener("click", () => conversation.stop());
$("end").addEventListener("click", end);
$("push").addEventListener("click", () => setPush(!preferences.pushToTalk));
$("sample").addEventListener("click", playSample);
$("volume").value = preferences.volume;
$("volume").addEventListener("input", ({ target }) => {
  prefer({ volume: Number(target.value) });
  sound.volume = preferences.volume / 100;
});
$("typing").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("typed").value.trim();
  if (!text) return;
  $("typed").value = "";
  if (!connection.open && phase !== "connecting") begin({ withMicrophone: false });
  await sound.open();
  conversation.say(text);
  show();
});
$("save").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob([captions.asText()], { type: "text/plain;charset=utf-8" }));
  const name = `vivavoce ${new Date().toISOString().slice(0, 16).replace("T", " ").replace(":", ".")}.txt`;
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), TICK_MS);
});

// The space bar talks, unless it is needed where the keyboard is.
const spaceIsTaken = (target) => target.closest("input, textarea, select, dialog, summary, a")
  || (target.closest("button") && target.id !== "talk" && target.matches(":focus-visible"));

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) conversation.stop();
  if (event.key !== " " || !holdsToTalk() || spaceIsTaken(event.target)) return;
  event.preventDefault();
  setKey(true);
});
addEventListener("keyup", (event) => {
  if (event.key !== " " || !keyDown) return;
  event.preventDefault();
  setKey(false);
});
addEventListener("blur", () => setKey(false));

setUpSettings(async (names) => {
  if (names.includes("pushToTalk")) setPush(preferences.pushToTalk);
  if (names.includes("loudspeaker")) await sound.setLoudspeaker(preferences.loudspeaker).catch(() => {});
  const reopened = ["microphone", "echoCancellation", "noiseSuppression", "autoGainControl"];
  if (microphone.track && names.some((name) => reopened.includes(name))) await openMicrophone(sound.open());
});

// The person enters a key, or gives up (null).
function askKey(rejected) {
  const dialog = $("key-dialog");
  if (rejected) $("key-words").textContent = "The key was not accepted, or has expired. Copy it again from where the server was started.";
  $("key").value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const done = (key) => {
      $("key-form").onsubmit = null;
      dialog.onclose = null;
      dialog.close();
      resolve(key);
    };
    $("key-form").onsubmit = (event) => {
      event.preventDefault();
      done($("key").value.trim());
    };
    $("key-cancel").onclick = () => done(null);
    dialog.onclose = () => done(null);
  });
}

// --- sleep, networks, devices ---------------------------------------------------------------

let ticked = Date.now();
setInterval(() => {
  const late = Date.now() - ticked > ASLEEP_MS;
  ticked = Date.now();
  if (late && phase !== "closed") wake();
}, TICK_MS);

document.addEventListener("resume", wake); // the page life cycle's own word for it
addEventListener("online", () => connection.retry());

// The tab was suspended: say so where the sound does not come back by itself.
async function wake() {
  if (phase === "closed") return;
  problems.show("asleep");
  await sound.open();
  if (sound.running) problems.clear("asleep");
  if (!connection.open) connection.retry();
}

navigator.mediaDevices?.addEventListener?.("devicechange", () => {
  if (!microphone.track && (problems.has("missing") || problems.has("lost"))) openMicrophone(sound.open());
});

// --- on opening -----------------------------------------------------------------------------

sound.volume = preferences.volume / 100;
$("privacy").textContent = `Nothing is recorded. Your voice goes to ${location.host}, is answered and forgotten.`;
if (preferences.loudspeaker) sound.setLoudspeaker(preferences.loudspeaker).catch(() => {});
if (!isSecureContext) problems.show("insecure");
show();

if (preferences.listenOnOpen) {
  const permission = await navigator.permissions?.query({ name: "microphone" }).catch(() => null);
  if (permission?.state === "granted") await begin({ withMicrophone: true });
}
