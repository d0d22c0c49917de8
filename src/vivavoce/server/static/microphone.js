// The microphone: opened with the person's choices, watched for loss. Errors carry the name of the
// problem that stands in problems.js.

import { preferences } from "./preferences.js";

const PROBLEM_OF = {
  NotAllowedError: "permission",
  SecurityError: "permission",
  NotFoundError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

export class MicrophoneError extends Error {
  constructor(problem, cause) {
    super(problem, { cause });
    this.problem = problem;
  }
}

export class Microphone extends EventTarget {
  stream = null;

  get track() { return this.stream?.getAudioTracks()[0] ?? null; }

  set open(open) { if (this.track) this.track.enabled = open; }

  async start() {
    this.stop();
    if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError("insecure");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: this.#constraints() });
    } catch (error) {
      if (error.name === "OverconstrainedError" && preferences.microphone) {
        preferences.microphone = ""; // for this page: the chosen one is not plugged in
        return this.start();
      }
      throw new MicrophoneError(PROBLEM_OF[error.name] ?? "missing", error);
    }
    this.track.addEventListener("ended", () => this.dispatchEvent(new Event("lost")));
    return this.stream;
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  #constraints() {
    const { microphone, echoCancellation, noiseSuppression, autoGainControl } = preferences;
    return {
      channelCount: 1, echoCancellation, noiseSuppression, autoGainControl,
      ...(microphone && { deviceId: { exact: microphone } }),
    };
  }
}

// The devices of one kind ("audioinput" or "audiooutput"); names are empty before permission.
export async function devices(kind) {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return all.filter((device) => device.kind === kind && device.deviceId && device.deviceId !== "default");
}
