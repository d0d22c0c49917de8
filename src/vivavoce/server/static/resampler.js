// Changes the rate of a stream of samples, with a windowed sinc in as many phases as the two rates
// need, so every output sample has its exact filter. Delay: HALF_WIDTH samples of the slower rate.

const HALF_WIDTH = 16; // zero crossings a side: stop band below -60 dB, delay 0.7 ms at 24 kHz
const PASS = 0.92; // of the lower Nyquist frequency; the rest is the filter's slope

const divisor = (a, b) => (b ? divisor(b, a % b) : a);

export class Resampler {
  constructor(from, to) {
    const common = divisor(from, to);
    this.phases = to / common;
    this.step = from / common; // in 1/phases of an input sample
    this.even = from === to;
    const cutoff = PASS * Math.min(1, to / from);
    this.half = Math.ceil(HALF_WIDTH / Math.min(1, to / from));
    this.filters = Array.from({ length: this.phases }, (_, phase) => this.#filter(phase / this.phases, cutoff));
    this.reset();
  }

  reset() {
    this.kept = new Float32Array(this.half - 1); // silence before the first sample
    this.index = this.half - 1;
    this.phase = 0;
  }

  // Float32Array at the first rate -> Float32Array at the second.
  push(samples) {
    if (this.even) return samples;
    const input = new Float32Array(this.kept.length + samples.length);
    input.set(this.kept);
    input.set(samples, this.kept.length);
    const output = new Float32Array(Math.ceil((samples.length * this.phases) / this.step) + 1);
    let { index, phase } = this;
    let count = 0;
    while (index + this.half < input.length) {
      const filter = this.filters[phase];
      const first = index - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < filter.length; tap += 1) sum += filter[tap] * input[first + tap];
      output[count] = sum;
      count += 1;
      phase += this.step;
      index += Math.floor(phase / this.phases);
      phase %= this.phases;
    }
    const from = Math.min(index - this.half + 1, input.length);
    this.kept = input.slice(from);
    this.index = index - from;
    this.phase = phase;
    return output.subarray(0, count);
  }

  #filter(fraction, cutoff) {
    const taps = new Float32Array(2 * this.half);
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap += 1) {
      const at = tap - this.half + 1 - fraction;
      const angle = Math.PI * cutoff * at;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * at) / (this.half + 1)); // Hann
      taps[tap] = (angle === 0 ? 1 : Math.sin(angle) / angle) * window;
      sum += taps[tap];
    }
    return taps.map((tap) => tap / sum);
  }
}
