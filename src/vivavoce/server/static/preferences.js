// The choices that stay in this browser. Where storage is refused they last as long as the page.

const NAME = "vivavoce";
const DEFAULTS = {
  theme: "auto", // auto | light | dark
  volume: 100, // percent
  pushToTalk: false,
  listenOnOpen: false,
  microphone: "", // device id; empty: the system's
  loudspeaker: "",
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

const read = () => {
  try {
    return JSON.parse(localStorage.getItem(NAME) ?? "{}") ?? {};
  } catch {
    return {};
  }
};

export const preferences = { ...DEFAULTS, ...read() };

export function prefer(changes) {
  Object.assign(preferences, changes);
  try {
    localStorage.setItem(NAME, JSON.stringify(preferences));
  } catch {
    // Private windows refuse storage; the page works without.
  }
}
