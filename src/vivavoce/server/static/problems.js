// Everything that can go wrong, each in its own words with what to do about it. Several may hold at
// once; the first in this list that holds is shown.

const PROBLEMS = {
  refused: {
    title: "The server has no room for another conversation.",
    remedy: ({ seconds }) => seconds
      ? `It asks you to come back in ${seconds}\u00a0s. The page tries again by itself.`
      : "Wait a moment, then try again.",
    action: "Try again",
  },
  unauthorised: {
    title: "The server did not accept the key.",
    remedy: () => "Copy the key from where the server was started and enter it again.",
    action: "Enter the key",
  },
  gone: {
    title: "The server does not answer.",
    remedy: ({ seconds }) => `Check that it is running. Trying again ${seconds ? `in ${seconds}\u00a0s` : "now"}; the conversation goes on where it was.`,
    action: "Try now",
  },
  ended: {
    title: "The server ended the conversation.",
    remedy: ({ reason }) => `${reason ? `It said: ${reason}. ` : ""}Press the round button to begin a new one.`,
  },
  asleep: {
    title: "The browser has paused this page’s sound.",
    remedy: () => "It does so to tabs that sleep, and before the first press. Nothing was heard meanwhile. Press to go on.",
    action: "Go on",
  },
  insecure: {
    title: "The browser gives no microphone to a page without HTTPS.",
    remedy: () => "Open the page by its https address (start the server with --lan), or as 127.0.0.1 on this machine. Typing works here too.",
  },
  permission: {
    title: "The browser may not use the microphone.",
    remedy: () => "Allow the microphone for this page at the left end of the address bar, then try again. You can type meanwhile.",
    action: "Try again",
  },
  missing: {
    title: "No microphone was found.",
    remedy: () => "Plug one in, or type below. The page notices a new microphone by itself.",
    action: "Try again",
  },
  busy: {
    title: "The microphone is in use elsewhere.",
    remedy: () => "Close the other programme that holds it, or choose another microphone in Settings.",
    action: "Try again",
  },
  lost: {
    title: "The microphone was disconnected.",
    remedy: () => "Plug it in again, or go on with another one.",
    action: "Use another microphone",
  },
  silent: {
    title: "The microphone sends only silence.",
    remedy: () => "It may be muted by a switch, by the system, or be the wrong one. Unmute it, or choose another in Settings.",
    action: "Open settings",
  },
  sample: {
    title: "The sample question could not be played.",
    remedy: () => "The server has none, or it was cut short. Speak or type instead.",
    action: "Dismiss",
  },
  failed: {
    title: "Part of the assistant failed.",
    remedy: ({ reason }) => `${reason} Ask again; the conversation goes on.`,
    action: "Dismiss",
  },
};

export class Problems extends EventTarget {
  #element;
  #holding = new Map();

  constructor(element) {
    super();
    this.#element = element;
  }

  has(name) { return this.#holding.has(name); }

  show(name, details = {}) {
    this.#holding.set(name, details);
    this.#render();
  }

  clear(...names) {
    const before = this.#holding.size;
    for (const name of names) this.#holding.delete(name);
    if (this.#holding.size !== before) this.#render();
  }

  #render() {
    const name = Object.keys(PROBLEMS).find((each) => this.#holding.has(each));
    this.#element.hidden = !name;
    if (!name) return this.#element.replaceChildren();
    const { title, remedy, action } = PROBLEMS[name];
    const words = remedy(this.#holding.get(name));
    // A countdown changes its own words only, so that the button keeps its focus.
    if (this.#element.dataset.problem === name && this.#element.childElementCount) {
      this.#element.querySelector(".remedy").textContent = words;
      return undefined;
    }
    this.#element.dataset.problem = name;
    const strong = Object.assign(document.createElement("strong"), { textContent: title });
    const paragraph = Object.assign(document.createElement("p"), { className: "remedy", textContent: words });
    this.#element.replaceChildren(strong, paragraph);
    if (action) {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: action });
      button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("remedy", { detail: name })));
      this.#element.append(button);
    }
    this.#element.scrollIntoView({ block: "nearest" });
    return undefined;
  }
}
