/* Plays what the model gets; a line moves over the waveform. */

import { make } from "../elements.js";
import { resampled } from "./resampling.js";

const LOWEST_RATE = 8000; // that every browser plays

export class Player {
  /* `frame()` is the element over which the line moves, `changed(isPlaying)` is called at the beginning and end. */
  constructor(frame, changed) {
    this.frame = frame;
    this.changed = changed;
    this.line = make("i", { class: "playhead" });
    this.source = null;
  }

  get isPlaying() {
    return this.source !== null;
  }

  async play(samples, rate) {
    this.stop();
    this.context ??= new AudioContext();
    await this.context.resume();
    const times = Math.max(1, Math.ceil(LOWEST_RATE / rate));
    const sound = times > 1 ? resampled(samples, rate, rate * times) : samples;
    const buffer = this.context.createBuffer(1, sound.length, rate * times);
    buffer.copyToChannel(Float32Array.from(sound), 0);
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    source.addEventListener("ended", () => this.source === source && this.stop());
    source.start();
    this.source = source;
    this.began = this.context.currentTime;
    this.frame().append(this.line);
    this.changed(true);
    this.move(source);
  }

  move(source) {
    if (this.source !== source) return;
    const share = (this.context.currentTime - this.began) / source.buffer.duration;
    this.line.style.left = `${100 * Math.min(1, share)}%`;
    requestAnimationFrame(() => this.move(source));
  }

  stop() {
    if (!this.source) return;
    const { source } = this;
    this.source = null;
    source.stop();
    this.line.remove();
    this.changed(false);
  }
}
