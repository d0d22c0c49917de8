// The sound graph. In: microphone or sample question -> ear (levels, onset, pcm16) and, over WebRTC,
// a track. Out: the mouth (WebSocket) or the audio element (WebRTC), behind one volume.
//
// Events: level {input|output}, onset, pcm, silent, sounding, position, drained, flushed, outgoing.

const SILENT_S = 3; // of samples that are all exactly zero: no microphone is that quiet
const DUCK_GAIN = 0.25; // while it is unclear whether the person interrupts
const DUCK_S = 0.7; // the longest wait for the server's word on it
const SAMPLE_LEAD_S = 0.2; // of silence before it: speech needs something to stand out from

export class Sound extends EventTarget {
  context = null;
  #ear = null;
  #mouth = null;
  #element;
  #microphone = null; // source node
  #track = null; // of the microphone
  #question = null; // source node of the sample
  #wire = null; // track made of the sample or of silence, for WebRTC
  #volume = 1;
  #ducked = 0; // timer
  #held = false;
  #cleared = false;
  #streaming = false;
  #zeroSeconds = 0;
  #listening = false; // sound is expected from the microphone
  #analyser = null;

  constructor(element) {
    super();
    this.#element = element;
  }

  get running() { return this.context?.state === "running"; }
  get canPlay() { return Boolean(this.#mouth); }

  async open() {
    this.#opening ??= this.#build();
    await this.#opening;
    if (this.context.state !== "running") await Promise.race([this.context.resume(), wait(300)]);
  }
  #opening = null;

  async #build() {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.context.addEventListener("statechange", () => this.#emit("context", this.context.state));
    this.#wire = this.context.createMediaStreamDestination();
    const silence = new ConstantSourceNode(this.context, { offset: 0 }); // or the track would stall
    silence.connect(this.#wire);
    silence.start();
    if (!this.context.audioWorklet) return; // not a secure context: words only
    await this.context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
    const mono = { channelCount: 1, channelCountMode: "explicit" };
    this.#ear = new AudioWorkletNode(this.context, "ear", { numberOfOutputs: 0, ...mono });
    this.#mouth = new AudioWorkletNode(this.context, "mouth", { numberOfInputs: 0, outputChannelCount: [1] });
    this.#mouth.connect(this.context.destination);
    this.#ear.port.onmessage = ({ data }) => this.#hear(data);
    this.#mouth.port.onmessage = ({ data }) => this.#spoke(data);
    this.#ear.port.postMessage({ streaming: this.#streaming });
    this.#applyGain();
  }

  async suspend() { if (this.running) await this.context.suspend(); }

  // --- in ---

  listen(stream) {
    this.#microphone?.disconnect();
    this.#microphone = stream && this.context.createMediaStreamSource(stream);
    this.#track = stream?.getAudioTracks()[0] ?? null;
    this.#zeroSeconds = 0;
    this.#route();
  }

  // Whether the microphone is meant to be heard: not muted, and the key down in push-to-talk.
  set listening(listening) {
    this.#listening = listening;
    this.#zeroSeconds = 0;
  }

  // The track that goes out over WebRTC.
  get outgoing() {
    return (!this.#question && this.#track) || this.#wire.stream.getAudioTracks()[0];
  }

  set overSocket(over) {
    this.#socket = over;
    this.#route();
  }
  #socket = false;

  // Feeds recorded speech in as if it were spoken; resolves when it has been.
  async ask(encoded) {
    const buffer = await this.context.decodeAudioData(encoded);
    this.#question?.stop();
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    this.#question = source;
    this.#route();
    const aloud = new GainNode(this.context, { gain: 0.5 * this.#volume });
    source.connect(aloud).connect(this.context.destination);
    source.connect(this.#wire);
    if (this.#ear) source.connect(this.#ear);
    const ended = new Promise((resolve) => source.addEventListener("ended", resolve, { once: true }));
    source.start(this.context.currentTime + SAMPLE_LEAD_S);
    await ended;
    if (this.#question === source) {
      this.#question = null;
      this.#route();
    }
  }

  #route() {
    if (!this.#ear) return;
    if (this.#microphone) {
      this.#microphone.disconnect();
      if (!this.#question) this.#microphone.connect(this.#ear);
    }
    // Once begun, the stream goes on with silence: the server counts time in sound received.
    this.#streaming = this.#socket && Boolean(this.#streaming || this.#microphone || this.#question);
    this.#ear.port.postMessage({ streaming: this.#streaming });
    this.#emit("outgoing", this.outgoing);
  }

  #hear(message) {
    if (message.kind === "level") {
      this.#emit("level", { input: message.power });
      this.#watch(message);
    } else this.#emit(message.kind, message.samples);
  }

  #watch({ zero, seconds }) {
    if (!this.#microphone || this.#question || !this.#listening) return;
    const before = this.#zeroSeconds;
    this.#zeroSeconds = zero ? before + seconds : 0;
    if (before < SILENT_S && this.#zeroSeconds >= SILENT_S) this.#emit("silent");
    if (before >= SILENT_S && !zero) this.#emit("sounding");
  }

  // --- out ---

  play(response, item, samples) {
    this.#mouth?.port.postMessage({ kind: "audio", response, item, samples }, [samples.buffer]);
  }

  finish() { this.#mouth?.port.postMessage({ kind: "end" }); }

  // Lets go of what is playing; "flushed" says how far it had come.
  flush() {
    this.unduck();
    this.#held = false;
    this.#mouth?.port.postMessage({ kind: "flush" });
    this.#applyGain();
  }

  // The loudspeaker side of a WebRTC connection; null takes it off again.
  attach(stream) {
    this.#element.srcObject = stream;
    this.#analyser = null;
    if (!stream || !this.context) return;
    this.#analyser = new AnalyserNode(this.context, { fftSize: 1024 });
    this.context.createMediaStreamSource(stream).connect(this.#analyser);
    this.#element.play().catch(() => this.#emit("context", "suspended"));
  }

  // The outgoing power of a WebRTC connection now, for the shape.
  get remotePower() {
    if (!this.#analyser) return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  }

  set playing(playing) { this.#ear?.port.postMessage({ playing }); }

  set volume(volume) {
    this.#volume = volume;
    this.#applyGain();
  }

  // A hold keeps what has not been played; a cleared answer's last packets are not heard.
  set held(held) {
    this.#held = held;
    this.#mouth?.port.postMessage({ kind: "hold", held });
    this.#applyGain();
  }

  set cleared(cleared) {
    this.#cleared = cleared;
    this.#applyGain();
  }

  duck() {
    clearTimeout(this.#ducked);
    this.#ducked = setTimeout(() => {
      this.unduck();
      this.#emit("unducked");
    }, DUCK_S * 1000);
    this.#applyGain();
  }

  unduck() {
    clearTimeout(this.#ducked);
    this.#ducked = 0;
    this.#applyGain();
  }

  async setLoudspeaker(id) {
    await this.#element.setSinkId?.(id);
    await this.context?.setSinkId?.(id);
  }

  // Seconds between a sample's leaving the graph and its being heard.
  get outputDelay() { return this.context?.outputLatency || 0; }

  #applyGain() {
    const gain = this.#volume * (this.#ducked ? DUCK_GAIN : 1);
    this.#element.volume = this.#held || this.#cleared ? 0 : gain;
    this.#mouth?.port.postMessage({ kind: "volume", gain });
  }

  #spoke({ kind, power, ...position }) {
    if (kind === "level") this.#emit("level", { output: power });
    else this.#emit(kind, position);
  }

  #emit(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }
}

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
