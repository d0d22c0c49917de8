// The words of both sides. The person's settle as they are recognised; the assistant's turn solid as
// they are heard, wait pale before, and are struck where the answer was cut. Pieces are joined as they
// come: languages that write no spaces get none.

import { latencyLine } from "./waterfall.js";

const NEAR_PX = 48; // this close to the end, the captions keep following
const FOCUS = 4; // lines (two turns) that stay in focus

const make = (name, className, text = "") =>
  Object.assign(document.createElement(name), { className, textContent: text });

// Han characters look different by language; the browser chooses the right ones by this.
function languageOf(text) {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  if (/[\u1100-\u11ff\uac00-\ud7af]/.test(text)) return "ko";
  return /[\u4e00-\u9fff]/.test(text) ? "zh" : "";
}

// How many characters of `written` were heard, whatever spaces the two differ by.
export function heardLength(written, heard) {
  let at = 0;
  for (const character of heard) {
    if (/\s/.test(character)) continue;
    while (at < written.length && /\s/.test(written[at])) at += 1;
    if (!written.startsWith(character, at)) break;
    at += character.length;
  }
  return at;
}

class Line {
  constructor(who, name) {
    this.at = new Date();
    this.element = make("li", `line ${who}`);
    this.words = make("p", "words");
    this.words.dir = "auto";
    this.element.append(make("span", "who", name), this.words);
    this.who = who;
    this.item = null;
  }

  set language(text) {
    const language = languageOf(text);
    if (language && this.words.lang !== language) this.words.lang = language;
  }
}

class UserLine extends Line {
  constructor() {
    super("user", "You");
    this.stable = document.createTextNode("");
    this.loose = make("span", "loose");
    this.words.append(this.stable, this.loose);
    this.settled = false;
  }

  get text() { return this.stable.data + this.loose.textContent; }

  write(text, stable, settled) {
    this.language = text;
    this.stable.data = text.slice(0, settled ? undefined : stable);
    this.loose.textContent = settled ? "" : text.slice(stable);
    this.settled = settled;
    this.element.classList.toggle("partial", !settled);
    this.element.hidden = !text;
  }
}

class AnswerLine extends Line {
  constructor(response) {
    super("assistant", "Assistant");
    this.response = response;
    this.written = "";
    this.said = 0; // characters heard
    this.heard = document.createTextNode("");
    this.rest = make("span", "pale");
    this.words.append(this.heard, this.rest);
    this.notes = make("div", "notes");
    this.notes.hidden = true;
    this.element.append(this.notes);
    this.over = false;
    this.tools = new Map();
    this.sources = new Set();
    this.element.hidden = true;
  }

  get text() { return this.written.slice(0, this.said); }

  write(text) {
    this.written += text;
    this.language = this.written;
    this.#show();
  }

  hear(text) {
    this.said = Math.max(this.said, heardLength(this.written, text));
    this.#show();
  }

  // The answer is silent for good: what was not heard by now will not be.
  cut() {
    if (this.rest.className === "cut") return;
    const struck = make("s", "cut");
    struck.setAttribute("aria-label", "not heard");
    this.rest.replaceWith(struck);
    this.rest = struck;
    this.element.classList.add("interrupted");
    this.#show();
  }

  settle({ written, heard, outcome }) {
    this.over = true;
    if (written) this.written = written;
    this.said = heardLength(this.written, heard ?? "");
    if (outcome === "completed" && this.said < this.written.trimEnd().length && !heard) this.said = this.written.length;
    if (outcome === "interrupted" || outcome === "superseded") this.cut();
    this.#show();
  }

  #show() {
    const spaces = /^\s*/.exec(this.written.slice(this.said))[0].length; // a space is not struck
    this.heard.data = this.written.slice(0, this.said + spaces);
    this.rest.textContent = this.written.slice(this.said + spaces).trimEnd();
    this.element.hidden = !this.written && this.notes.hidden;
  }
}

export class Captions {
  #list;
  #scroller;
  #announcer;
  #lines = [];
  #following = true;

  constructor(list, scroller, announcer) {
    this.#list = list;
    this.#scroller = scroller;
    this.#announcer = announcer;
    scroller.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = scroller;
      this.#following = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    });
    // What is unfolded is meant to be seen.
    list.addEventListener("toggle", ({ target }) => {
      if (target.open) target.scrollIntoView({ block: "nearest" });
    }, true);
  }

  get empty() { return !this.#lines.some((line) => line.text); }

  // --- the person ---

  // The words so far of what is being said; of one utterance until an item claims it.
  hear(text, stable, isFinal) {
    const open = this.#unclaimed();
    if (!open && !text) return;
    this.#keep(() => (open ?? this.#add(new UserLine())).write(text, stable, isFinal));
    if (isFinal) this.#announce(text ? `You: ${text}` : "");
  }

  // The server made an item of what was said.
  claim(item) {
    const line = this.#unclaimed() ?? this.#add(new UserLine());
    line.item = item;
    line.write(line.text, 0, true);
  }

  transcribed(item, text) {
    const line = this.#lines.find((each) => each.item === item);
    if (line) this.#keep(() => line.write(text, 0, true));
  }

  typed(text) {
    const line = new UserLine();
    line.item = "typed";
    this.#keep(() => {
      this.#add(line);
      line.write(text, 0, true);
    });
  }

  // The person went on, and an item with all the words follows.
  forget(item) {
    const line = this.#lines.find((each) => each.item === item);
    if (!line || line.who !== "user") return;
    line.item = null;
    if (this.#lines.some((each) => each !== line && each === this.#unclaimed())) this.#remove(line);
  }

  // --- the assistant ---

  answer(response) {
    return this.#answer(response) ?? this.#keep(() => this.#add(new AnswerLine(response)));
  }

  write(response, text) {
    this.#keep(() => this.answer(response).write(text));
  }

  heard(response, text) {
    this.#keep(() => this.#answer(response)?.hear(text));
  }

  cut(response) {
    this.#keep(() => this.#answer(response)?.cut());
  }

  settle(turn) {
    const line = this.#answer(turn.response_id);
    if (!line || line.over) return;
    this.#keep(() => {
      line.settle(turn);
      if (turn.outcome === "superseded" && !line.text) return this.#remove(line);
      for (const source of turn.sources ?? []) this.source(turn.response_id, source);
      const latency = latencyLine(turn);
      if (latency) line.element.append(latency);
      return this.#announce(line.text ? `Assistant: ${line.text}` : "");
    });
  }

  // A new conversation began where the old one could not be resumed.
  divide(words) {
    this.#keep(() => this.#list.append(make("li", "divider", words)));
  }

  // --- cards ---

  tool({ response_id: response, call_id: id, name, phase, arguments: given, result, is_error: failed }) {
    this.#keep(() => {
      const line = this.answer(response ?? this.#lines.at(-1)?.response);
      let card = line.tools.get(id);
      if (!card) {
        card = make("details", "card tool running");
        const summary = make("summary", "");
        summary.append(make("span", "card-name", name), make("span", "card-words", brief(given)), make("span", "card-state", "running"));
        card.append(summary, make("pre", "card-full", full(given)));
        line.tools.set(id, card);
        this.#note(line, card);
      }
      if (phase !== "ended") return;
      card.classList.remove("running");
      card.classList.toggle("failed", Boolean(failed));
      card.querySelector(".card-state").textContent = failed ? "failed" : "done";
      card.querySelector(".card-full").textContent += `\n\n${full(result)}`;
    });
  }

  source(response, { title, url, passage }) {
    const line = this.answer(response ?? this.#lines.at(-1)?.response);
    const name = `${url}\n${passage}`;
    if (line.sources.has(name)) return;
    line.sources.add(name);
    const card = make("details", "card source");
    const summary = make("summary", "");
    summary.append(make("span", "card-name", "source"), make("span", "card-words", title || url));
    card.append(summary, make("blockquote", "card-full", passage));
    if (/^https?:/.test(url ?? "")) {
      card.append(Object.assign(make("a", "", url), { href: url, target: "_blank", rel: "noopener noreferrer" }));
    }
    this.#keep(() => this.#note(line, card));
  }

  #note(line, card) {
    line.notes.hidden = false;
    line.element.hidden = false;
    line.notes.append(card);
  }

  // --- the list ---

  // The conversation as a text file: what was said and heard, and what was cut.
  asText() {
    const rows = this.#lines.filter((line) => line.text || line.written).map((line) => {
      const name = line.who === "user" ? "You" : "Assistant";
      const lost = line.written?.slice(line.said).trim();
      const note = lost ? ` [not heard: ${lost}]` : "";
      return `${line.at.toTimeString().slice(0, 8)}  ${name}: ${line.text.trim()}${note}`;
    });
    return `${rows.join("\n")}\n`;
  }

  #answer(response) {
    return this.#lines.find((line) => line.who === "assistant" && line.response === response);
  }

  #unclaimed() {
    return this.#lines.findLast((line) => line.who === "user" && !line.item);
  }

  #add(line) {
    this.#lines.push(line);
    this.#list.append(line.element);
    this.#lines.forEach((each, index) => each.element.classList.toggle("older", index < this.#lines.length - FOCUS));
    return line;
  }

  #remove(line) {
    this.#lines = this.#lines.filter((each) => each !== line);
    line.element.remove();
  }

  // Changes the captions and follows them, unless the person has scrolled back to read.
  #keep(change) {
    const result = change();
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    return result;
  }

  // Screen readers are told whole utterances, not every word that flickers by.
  #announce(words) {
    if (words && words !== this.#announcer.textContent) this.#announcer.textContent = words;
  }
}

const full = (value) => {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
};

const brief = (given) => (given && typeof given === "object"
  ? Object.values(given).map((value) => full(value)).join(", ")
  : full(given));
