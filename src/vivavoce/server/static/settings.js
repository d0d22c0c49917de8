// The settings' dialog: devices, processing, push-to-talk, theme. Every change counts at once.

import { devices } from "./microphone.js";
import { prefer, preferences } from "./preferences.js";

const $ = (id) => document.getElementById(id);
const PROCESSING = {
  "echo-cancellation": "echoCancellation",
  "noise-suppression": "noiseSuppression",
  "gain-control": "autoGainControl",
};

export function applyTheme() {
  document.documentElement.dataset.theme = preferences.theme;
}

// `changed(names)` is told which preferences are new.
export function setUpSettings(changed) {
  const dialog = $("settings");
  const change = (changes) => {
    prefer(changes);
    changed(Object.keys(changes));
  };
  $("open-settings").addEventListener("click", () => openSettings());
  for (const [id, name] of Object.entries(PROCESSING)) {
    $(id).checked = preferences[name];
    $(id).addEventListener("change", ({ target }) => change({ [name]: target.checked }));
  }
  for (const [id, name] of [["push-setting", "pushToTalk"], ["listen-on-open", "listenOnOpen"]]) {
    $(id).checked = preferences[name];
    $(id).addEventListener("change", ({ target }) => change({ [name]: target.checked }));
  }
  for (const name of ["microphone", "loudspeaker"]) {
    $(name).addEventListener("change", ({ target }) => change({ [name]: target.value }));
  }
  for (const choice of dialog.querySelectorAll("[name=theme]")) {
    choice.checked = choice.value === preferences.theme;
    choice.addEventListener("change", () => {
      change({ theme: choice.value });
      applyTheme();
    });
  }
  dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); });
  navigator.mediaDevices?.addEventListener?.("devicechange", fillDevices);
}

export async function openSettings() {
  await fillDevices();
  $("settings").showModal();
}

export async function fillDevices() {
  await fill($("microphone"), "audioinput", preferences.microphone, "The system’s microphone");
  const canChoose = "setSinkId" in HTMLMediaElement.prototype;
  $("loudspeaker-field").hidden = !canChoose;
  if (canChoose) await fill($("loudspeaker"), "audiooutput", preferences.loudspeaker, "The system’s loudspeaker");
}

async function fill(select, kind, chosen, usual) {
  const options = [new Option(usual, "")];
  for (const [index, { deviceId, label }] of (await devices(kind)).entries()) {
    options.push(new Option(label || `Number ${index + 1} (named once the microphone is allowed)`, deviceId));
  }
  select.replaceChildren(...options);
  select.value = options.some(({ value }) => value === chosen) ? chosen : "";
}
