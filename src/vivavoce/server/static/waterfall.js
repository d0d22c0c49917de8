// Where the time of a turn went: one line, that unfolds.

// Twilio's latency guide for voice agents (2025-11), as everywhere in vivavoce.
const GAP_BUDGET_MS = 1100;

const LABELS = {
  stt: "transcript", endpoint: "endpoint", llm: "first token", clause: "first clause",
  tts: "first voice", playout: "first sound",
  stt_partial: "partials", stt_final: "final pass", tool: "tool",
};
const OUTCOMES = { interrupted: "interrupted", superseded: "superseded", failed: "failed" };

const SVG = "http://www.w3.org/2000/svg";
const draw = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};
const make = (name, className, text = "") =>
  Object.assign(document.createElement(name), { className, textContent: text });

export const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(2)} s`;

// The <details> of a `vivavoce.turn` event; null where there is nothing to measure.
export function latencyLine({ gap_ms: gap, stages = [], outcome }) {
  if (gap === null || gap === undefined) return null;
  const details = make("details", "latency");
  const summary = make("summary", "");
  const over = gap > GAP_BUDGET_MS;
  summary.append(make("span", over ? "gap over" : "gap", seconds(gap)));
  summary.append(make("span", "unseen", over ? " to the first sound, over the budget" : " to the first sound, within the budget"));
  const scale = scaleOf(gap, stages);
  summary.append(strip(gap, stages, scale));
  summary.append(make("span", "outcome", OUTCOMES[outcome] ?? ""));
  details.append(summary, table(gap, stages, scale));
  return details;
}

// x in percent of the drawing's width; what began before the person stopped lies left of zero.
function scaleOf(gap, stages) {
  const first = Math.min(0, ...stages.map((stage) => stage.start_ms));
  const last = Math.max(GAP_BUDGET_MS, gap, ...stages.map((stage) => stage.start_ms + stage.duration_ms)) * 1.04;
  return (at) => `${(((at - first) / (last - first)) * 100).toFixed(2)}%`;
}

const width = (scale, from, to) => `${Math.max(0.4, parseFloat(scale(to)) - parseFloat(scale(from))).toFixed(2)}%`;

const bar = (scale, { name, start_ms: start, duration_ms: duration }, height, y) => draw("rect", {
  class: `stage stage-${name in LABELS ? name : "other"}`, x: scale(start), width: width(scale, start, start + duration), height, y,
});

const upright = (scale, at, className) => draw("line", { class: className, x1: scale(at), x2: scale(at), y1: 0, y2: "100%" });

function strip(gap, stages, scale) {
  const picture = draw("svg", { class: "strip", "aria-hidden": "true", focusable: "false" });
  for (const stage of stages) if (!isWork(stage)) picture.append(bar(scale, stage, 4, 6));
  picture.append(upright(scale, GAP_BUDGET_MS, "budget"));
  return picture;
}

// Work is what ran beside the chain of stages: its shares do not add up to the gap.
const isWork = ({ name }) => ["stt_partial", "stt_final", "tool"].includes(name);

function table(gap, stages, scale) {
  const body = make("table", "waterfall");
  body.append(make("caption", "unseen", "From the end of your speech to the first sound"));
  for (const stage of stages) body.append(row(LABELS[stage.name] ?? stage.name, stage, scale));
  body.append(total(gap, scale));
  return body;
}

function row(label, stage, scale) {
  const line = make("tr", isWork(stage) ? "work" : "");
  const heading = make("th", "", label);
  heading.scope = "row";
  const over = stage.budget_ms !== null && stage.budget_ms !== undefined && stage.duration_ms > stage.budget_ms;
  const picture = draw("svg", { class: "track", "aria-hidden": "true", focusable: "false" });
  picture.append(upright(scale, 0, "zero"), bar(scale, stage, 10, 7));
  if (stage.budget_ms) picture.append(draw("line", { class: "notch", x1: scale(stage.start_ms + stage.budget_ms), x2: scale(stage.start_ms + stage.budget_ms), y1: 3, y2: 21 }));
  picture.append(upright(scale, GAP_BUDGET_MS, "budget"));
  const cell = make("td", "");
  cell.append(picture);
  line.append(heading, cell, make("td", over ? "figure over" : "figure", `${Math.round(stage.duration_ms)} ms`));
  line.append(make("td", "figure limit", stage.budget_ms ? `of ${Math.round(stage.budget_ms)}` : ""));
  return line;
}

function total(gap, scale) {
  const line = make("tr", "total");
  const heading = make("th", "", "gap");
  heading.scope = "row";
  const picture = draw("svg", { class: "track", "aria-hidden": "true", focusable: "false" });
  picture.append(upright(scale, 0, "zero"), draw("rect", { class: "whole", x: scale(0), width: width(scale, 0, gap), y: 11, height: 2 }), upright(scale, GAP_BUDGET_MS, "budget"));
  const cell = make("td", "");
  cell.append(picture);
  line.append(heading, cell, make("td", gap > GAP_BUDGET_MS ? "figure over" : "figure", `${Math.round(gap)} ms`), make("td", "figure limit", `of ${GAP_BUDGET_MS}`));
  return line;
}
