// The assistant: one round shape on a scale of ticks. The ticks are the microphone's level; the body
// is the state, by form: a still ring (ready), an edge that moves with the voice (listening), arcs
// that wander inside (thinking), a full disc that swells (speaking), a broken ring (held).

const SVG = "http://www.w3.org/2000/svg";
const TICKS = 72;
const POINTS = 120;
const RADIUS = 104;
const SETTLE_S = 0.06; // time constant of every change of form: settled in under 200 ms
const FALL_S = 0.18; // a level falls slower than it rises, as on any meter
const QUIETEST_DB = -56;

const level = (power) => Math.max(0, Math.min(1, 1 - (10 * Math.log10(power + 1e-12)) / QUIETEST_DB));

// [wave, swell, fill] of each state: how far the edge follows the microphone, the disc the answer.
const FORMS = {
  off: [0, 0, 0], connecting: [0, 0, 0], away: [0, 0, 0], ready: [0, 0, 0], listening: [1, 0, 0],
  thinking: [0.3, 0, 0], speaking: [0, 1, 1], held: [0.3, 0, 0],
};

export class Shape {
  input = 0; // power of the microphone, 0…1 of full scale squared
  output = 0; // of the answer
  state = "off";
  #body;
  #halo;
  #ticks;
  #lit = -1;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #form = [0, 0, 0];
  #shown = [0, 0]; // levels as drawn
  #last = 0;

  constructor(svg) {
    this.#body = svg.querySelector(".body");
    this.#halo = svg.querySelector(".halo");
    this.#ticks = Array.from({ length: TICKS }, (_, index) => tick(index));
    svg.querySelector(".ticks").append(...this.#ticks);
    this.#draw(0);
    requestAnimationFrame((time) => this.#frame(time));
  }

  #frame(time) {
    const passed = Math.min(0.1, (time - this.#last) / 1000);
    this.#last = time;
    const share = 1 - Math.exp(-passed / SETTLE_S);
    const form = FORMS[this.state] ?? FORMS.ready;
    this.#form = this.#form.map((value, index) => value + (form[index] - value) * share);
    const fall = 1 - Math.exp(-passed / FALL_S);
    this.#shown = [this.input, this.output].map((power, index) => {
      const aim = level(power);
      const shown = this.#shown[index];
      return shown + (aim - shown) * (aim > shown ? share : fall);
    });
    this.#draw(time / 1000);
    requestAnimationFrame((next) => this.#frame(next));
  }

  #draw(time) {
    const [input, output] = this.#shown;
    this.#light(Math.round(input * (TICKS / 2)));
    const still = this.#still.matches;
    const [wave, swell] = still ? [0, 0] : this.#form;
    this.#body.setAttribute("d", outline(wave * input, RADIUS + swell * (output * 14 - 6), time));
    this.#halo.setAttribute("r", String(RADIUS + swell * output * 26));
  }

  // Lights `count` ticks up both sides from the bottom.
  #light(count) {
    if (count === this.#lit) return;
    this.#lit = count;
    this.#ticks.forEach((element, index) => {
      const fromBottom = Math.min(index, TICKS - index);
      element.classList.toggle("lit", fromBottom < count);
    });
  }
}

function tick(index) {
  const angle = (index / TICKS) * 2 * Math.PI + Math.PI / 2;
  const [inner, outer] = [142, index % 6 ? 149 : 154];
  const line = document.createElementNS(SVG, "line");
  const put = (name, value) => line.setAttribute(name, value.toFixed(2));
  put("x1", Math.cos(angle) * inner);
  put("y1", Math.sin(angle) * inner);
  put("x2", Math.cos(angle) * outer);
  put("y2", Math.sin(angle) * outer);
  return line;
}

// A circle whose edge moves with the voice, in three slow waves that never line up.
function outline(amount, radius, time) {
  const points = Array.from({ length: POINTS }, (_, index) => {
    const angle = (index / POINTS) * 2 * Math.PI;
    const ripple = Math.sin(3 * angle + time * 2.1) * 0.5 + Math.sin(5 * angle - time * 3.3) * 0.3 + Math.sin(8 * angle + time * 4.7) * 0.2;
    const distance = radius + amount * (6 + 14 * ripple);
    return `${(Math.cos(angle) * distance).toFixed(1)} ${(Math.sin(angle) * distance).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
}
