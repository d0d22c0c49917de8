// The two ends of the sound on the audio thread. The ear watches the microphone (level, silence,
// onset of a voice) and, over WebSocket, cuts it into pcm16 at 24 kHz. The mouth plays an answer
// that came over WebSocket and always knows how much of it was played.

import { Resampler } from "./resampler.js";

const WIRE_RATE = 24000; // Hz, mono
const BLOCK_SAMPLES = 480; // 20 ms on the wire
const REPORT_S = 0.1; // how often the mouth says where it is
const LEVEL_S = 0.02;
const RAMP_S = 0.005; // every change of gain is a ramp this long: no clicks
const REFILL_S = 0.04; // what an answer that ran dry waits for, so that it does not stutter on

// A voice begins when three frames of 10 ms in a row stand 12 dB over the floor. While an answer
// plays, the floor follows what leaks from the loudspeaker within a fraction of a second.
const FRAME_S = 0.01;
const ONSET_DB = 12;
const ONSET_FRAMES = 3;
const QUIETEST_DB = -48;
const RISE_DB = 0.05;
const RISE_PLAYING_DB = 0.5;
const RELEASE_FRAMES = 20;

class OnsetDetector {
  constructor() {
    this.floor = QUIETEST_DB;
    this.loud = 0;
    this.quiet = RELEASE_FRAMES;
    this.voice = false;
  }

  // True at the frame where a voice begins.
  push(energy, playing) {
    const level = 10 * Math.log10(energy + 1e-10);
    const over = level > Math.max(this.floor + ONSET_DB, QUIETEST_DB);
    this.floor = level < this.floor ? level : Math.min(level, this.floor + (playing ? RISE_PLAYING_DB : RISE_DB));
    this.loud = over ? this.loud + 1 : 0;
    this.quiet = over ? 0 : this.quiet + 1;
    if (this.quiet >= RELEASE_FRAMES) this.voice = false;
    if (this.voice || this.loud < ONSET_FRAMES) return false;
    this.voice = true;
    return true;
  }
}

class Ear extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, WIRE_RATE);
    this.onset = new OnsetDetector();
    this.block = new Int16Array(BLOCK_SAMPLES);
    this.filled = 0;
    this.streaming = false;
    this.playing = false;
    this.frame = { energy: 0, count: 0 };
    this.meter = { energy: 0, count: 0, zero: true };
    this.silence = new Float32Array(128);
    this.port.onmessage = ({ data }) => Object.assign(this, data);
  }

  process([[input]]) {
    const samples = input ?? this.silence;
    this.#measure(samples);
    if (this.streaming) this.#cut(this.resampler.push(samples));
    return true;
  }

  #measure(samples) {
    for (const sample of samples) {
      const energy = sample * sample;
      this.frame.energy += energy;
      this.meter.energy += energy;
      if (sample !== 0) this.meter.zero = false;
    }
    this.frame.count += samples.length;
    this.meter.count += samples.length;
    if (this.frame.count >= sampleRate * FRAME_S) {
      if (this.onset.push(this.frame.energy / this.frame.count, this.playing)) this.port.postMessage({ kind: "onset" });
      this.frame = { energy: 0, count: 0 };
    }
    if (this.meter.count >= sampleRate * LEVEL_S) {
      const { energy, count, zero } = this.meter;
      this.port.postMessage({ kind: "level", power: energy / count, seconds: count / sampleRate, zero });
      this.meter = { energy: 0, count: 0, zero: true };
    }
  }

  #cut(samples) {
    for (const sample of samples) {
      this.block[this.filled] = Math.max(-1, Math.min(1, sample)) * 32767;
      this.filled += 1;
      if (this.filled < BLOCK_SAMPLES) continue;
      this.port.postMessage({ kind: "pcm", samples: this.block }, [this.block.buffer]);
      this.block = new Int16Array(BLOCK_SAMPLES);
      this.filled = 0;
    }
  }
}

class Mouth extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(WIRE_RATE, sampleRate);
    this.queue = []; // { response, item, samples, at }
    this.gain = 1;
    this.target = 1;
    this.held = false;
    this.fade = 1; // falls to 0 while held
    this.tail = []; // the last few ms of a flushed answer, already faded
    this.#forget();
    this.meter = { energy: 0, count: 0 };
    this.port.onmessage = ({ data }) => this[data.kind](data);
  }

  audio({ response, item, samples }) {
    this.ended = false;
    const floats = Float32Array.from(samples, (sample) => sample / 32768);
    this.queue.push({ response, item, samples: this.resampler.push(floats), at: 0 });
  }

  end() { this.ended = true; }
  volume({ gain }) { this.target = gain; }
  hold({ held }) { this.held = held; }

  // Lets go at once; says how much of the answer had been played. Nothing playing: says nothing.
  flush() {
    const position = this.#position();
    const length = Math.round(sampleRate * RAMP_S);
    const ahead = this.queue.flatMap(({ samples, at }) => [...samples.subarray(at, at + length)]).slice(0, length);
    this.tail = ahead.map((sample, index) => sample * this.gain * this.fade * (1 - index / length));
    this.queue = [];
    this.resampler.reset();
    this.#forget();
    this.held = false;
    if (position) this.port.postMessage({ kind: "flushed", ...position });
  }

  process(_, [channels]) {
    const output = channels[0];
    const step = 1 / (sampleRate * RAMP_S);
    for (let index = 0; index < output.length; index += 1) {
      this.gain += Math.max(-step, Math.min(step, this.target - this.gain));
      this.fade += Math.max(-step, Math.min(step, (this.held ? 0 : 1) - this.fade));
      output[index] = this.tail.length ? this.tail.shift() : this.#next();
      this.meter.energy += output[index] ** 2;
    }
    for (const channel of channels.slice(1)) channel.set(output);
    this.#report(output.length);
    return true;
  }

  #next() {
    if (this.held && this.fade === 0) return 0; // what is held is kept
    const head = this.queue[0];
    if (!head || !this.#ready()) return 0;
    if (head.response !== this.response) Object.assign(this, { response: head.response, responseSamples: 0, first: true });
    if (head.item !== this.item) Object.assign(this, { item: head.item, itemSamples: 0 });
    const sample = head.samples[head.at] ?? 0;
    head.at += 1;
    this.itemSamples += 1;
    this.responseSamples += 1;
    this.started = true;
    if (head.at >= head.samples.length) {
      this.queue.shift();
      if (!this.queue.length && !this.ended) this.waiting = sampleRate * REFILL_S;
    }
    return sample * this.gain * this.fade;
  }

  #ready() {
    if (!this.waiting || this.ended) return true;
    const ahead = this.queue.reduce((sum, { samples, at }) => sum + samples.length - at, 0);
    if (ahead < this.waiting) return false;
    this.waiting = 0;
    return true;
  }

  #position() {
    if (!this.started) return null;
    const milliseconds = (count) => Math.round((count / sampleRate) * 1000);
    return {
      response: this.response, item: this.item,
      itemMs: milliseconds(this.itemSamples), responseMs: milliseconds(this.responseSamples),
    };
  }

  #report(count) {
    this.meter.count += count;
    if (this.meter.count >= sampleRate * LEVEL_S) {
      this.port.postMessage({ kind: "level", power: this.meter.energy / this.meter.count });
      this.meter = { energy: 0, count: 0 };
    }
    if (!this.started) return;
    this.sinceReport += count;
    const drained = this.ended && !this.queue.length;
    if (drained || this.first || this.sinceReport >= sampleRate * REPORT_S) {
      this.port.postMessage({ kind: drained ? "drained" : "position", ...this.#position() });
      this.sinceReport = 0;
      this.first = false;
    }
    if (drained) this.#forget();
  }

  #forget() {
    Object.assign(this, {
      response: null, item: null, itemSamples: 0, responseSamples: 0,
      started: false, ended: false, first: true, sinceReport: 0, waiting: 0,
    });
  }
}

registerProcessor("ear", Ear);
registerProcessor("mouth", Mouth);
