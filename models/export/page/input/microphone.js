/* The microphone: while a button is held, what is heard is recorded. */

import * as texts from "../sound_texts.js";

const BLOCK = 1024; // samples that come at once
const LONGEST = 10; // seconds of a recording, beside what the model takes
const KEPT_OPEN = 60000; // milliseconds after a recording: a page that lies in a file is asked each time anew

export class Microphone {
  /* `seconds` is what the model takes. `on` are called: `hear(heard, rate)` again and again while it records, where
     `heard()` gives all so far; `end(samples, rate)` when the button is let go; `state(name, seconds)` for "idle", "asking" and
     "listening"; and `fail(sentence, bad)`. */
  constructor(button, seconds, on) {
    this.seconds = seconds;
    this.on = on;
    this.state = "idle";
    this.blocks = [];
    this.listen(button);
  }

  listen(button) {
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.press();
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
      button.addEventListener(end, () => this.release());
    }
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // of a finger that stays
    button.addEventListener("keydown", (event) => {
      if (![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
      if (!event.repeat) this.press();
    });
    button.addEventListener("keyup", (event) => {
      if (![" ", "Enter"].includes(event.key)) return;
      event.preventDefault();
      this.release();
    });
    // A screen reader only clicks: it records for as long as a sound lasts
    button.addEventListener("click", (event) => {
      if (event.detail || this.state !== "idle") return;
      this.press(this.seconds + 0.5);
    });
  }

  /* Begin; with `seconds`, end by itself after as many. */
  async press(seconds = this.seconds + LONGEST) {
    if (this.state !== "idle") return;
    this.isHeld = true;
    this.longest = seconds;
    this.change("asking");
    try {
      await this.open();
    } catch (error) {
      this.change("idle");
      this.on.fail(whyNot(error), true);
      return;
    }
    if (this.isHeld) {
      this.blocks = [];
      this.change("listening");
    } else {
      this.change("idle");
      this.on.fail(texts.ALLOWED_NOW, false); // while it was asked, the button was let go
    }
  }

  release() {
    this.isHeld = false;
    if (this.state !== "listening") return;
    this.change("idle");
    this.closing = setTimeout(() => this.close(), KEPT_OPEN);
    this.on.end(this.heard(), this.context.sampleRate);
  }

  change(state) {
    this.state = state;
    this.on.state(state, 0);
  }

  /* Ask for the microphone, unless it is open. */
  async open() {
    clearTimeout(this.closing);
    if (this.stream?.active) {
      await this.context.resume();
      return;
    }
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "NotSupportedError");
    // Nothing that makes speech clearer and claps quieter
    const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
    this.context = new AudioContext();
    await this.context.resume();
    // Not a worklet, which is a script of its own: this page allows no other
    const processor = this.context.createScriptProcessor(BLOCK, 1, 1);
    processor.addEventListener("audioprocess", ({ inputBuffer }) => this.take(inputBuffer.getChannelData(0)));
    this.context.createMediaStreamSource(this.stream).connect(processor);
    processor.connect(this.context.destination); // its output is silent
    this.processor = processor; // or it would be collected
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    this.context.close();
    this.stream = null;
  }

  take(block) {
    if (this.state !== "listening") return;
    this.blocks.push(block.slice());
    const rate = this.context.sampleRate;
    const count = this.blocks.length * BLOCK;
    this.on.state("listening", count / rate);
    if (count > this.longest * rate) this.release();
    else this.on.hear(() => this.heard(), rate);
  }

  /* All that was heard since the button was pressed. */
  heard() {
    const samples = new Float32Array(this.blocks.length * BLOCK);
    this.blocks.forEach((block, n) => {
      samples.set(block, n * BLOCK);
    });
    return samples;
  }
}

function whyNot(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return texts.NOT_ALLOWED;
  if (error.name === "NotFoundError") return texts.NO_MICROPHONE;
  if (error.name === "NotSupportedError") return texts.NO_MICROPHONE_HERE;
  return texts.microphoneFailed(error);
}
