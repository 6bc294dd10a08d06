/* The model's input, a sound: recorded with the microphone, read from a file, or one of the examples. */

import { decompress, fromBase64 } from "../engine/weights.js";
import * as texts from "../sound_texts.js";
import { listenToFiles } from "./files.js";
import { Microphone } from "./microphone.js";
import { Unreadable } from "./picture.js";
import { Player } from "./player.js";
import { resampled } from "./resampling.js";
import { isSilent, limited, loudestPart, readSound } from "./sound_files.js";

const LOUDEST = 32767; // of an example's samples
const SHORTEST = 0.1; // seconds that the button must be held
const LIVE = 200; // milliseconds from one look at a recording to the next, at least

export class SoundInput {
  /* `count` is how many samples the model takes, at `rate` a second; `examples` are their bytes as `models.export`
     wrote them. `changed()` and `say(sentence, bad)` are as for `Input`. */
  constructor(count, { rate, examples }, elements, changed, say) {
    this.count = count;
    this.rate = rate;
    this.packed = examples;
    this.elements = elements;
    this.changed = changed;
    this.say = say;
    this.nothing = texts.NOTHING_HEARD;
    this.samples = null;
    this.name = "";
    this.chosen = -1; // which example it is; -1 for none
    this.turn = 0; // counts inputs, so that a file that was read too late is dropped
    this.shownAt = 0; // when a recording was last looked at
    this.usedAt = 0; // when the last sound came
    this.cost = 0; // milliseconds that the model took for it
    this.player = new Player(
      () => elements.seen.querySelector(".frame"),
      (on) => {
        elements.play.textContent = on ? texts.STOP : texts.PLAY;
      },
    );
    this.microphone = new Microphone(elements.record, count / rate, {
      hear: (heard, from) => this.hear(heard, from),
      end: (samples, from) => this.takeRecording(samples, from),
      state: (state, seconds) => this.showState(state, seconds),
      fail: say,
    });
    this.listen(elements);
  }

  listen(elements) {
    elements.play.addEventListener("click", () => this.playOrStop());
    elements.choose.addEventListener("click", () => elements.file.click());
    listenToFiles(
      elements.whole,
      elements.file,
      (files) => this.take(files),
      () => this.say(texts.NOT_A_FILE),
    );
    this.examples = [...elements.examples.querySelectorAll("button")];
    for (const button of this.examples) {
      button.addEventListener("click", () => {
        this.useExample(button);
        this.player.play(this.samples, this.rate);
      });
    }
  }

  /* Until the examples can be used. */
  async ready() {
    const bytes = await decompress(fromBase64(this.packed));
    this.known = Float32Array.from(new Int16Array(bytes), (sample) => sample / LOUDEST);
  }

  playOrStop() {
    if (this.player.isPlaying) this.player.stop();
    else if (this.samples) this.player.play(this.samples, this.rate);
  }

  /* ---- Recording ---- */

  showState(state, seconds) {
    const { record } = this.elements;
    record.classList.toggle("recording", state === "listening");
    record.textContent = { idle: texts.HOLD, asking: texts.ASKING }[state] ?? texts.listening(seconds);
    if (state !== "idle") this.player.stop();
  }

  /* While the button is held: what was heard last. */
  hear(heard, from) {
    if (performance.now() - this.shownAt < Math.max(LIVE, 2 * this.cost)) return;
    this.shownAt = performance.now();
    const last = heard().slice(-Math.ceil((this.count / this.rate) * from));
    this.use(limited(resampled(last, from, this.rate).subarray(0, this.count), this.count), texts.RECORDING);
  }

  takeRecording(heard, from) {
    if (heard.length < SHORTEST * from) this.say(texts.HELD_TOO_SHORT, true);
    else if (isSilent(heard)) this.say(texts.SILENT_RECORDING, true);
    else {
      const sound = resampled(heard, from, this.rate);
      const part = limited(loudestPart(sound, this.count), this.count);
      const sentence = sound.length > this.count ? texts.loudest(this.count, sound.length, this.rate) : "";
      this.use(part, texts.RECORDING, sentence);
    }
  }

  /* ---- Files and examples ---- */

  /* Use the first of some files. */
  async take(files) {
    if (!files.length) return;
    this.turn += 1;
    const { turn } = this;
    this.say(texts.READING);
    try {
      const { samples, sentence } = await readSound(files[0], this.count, this.rate);
      if (turn !== this.turn) return; // another came meanwhile
      const first = files.length > 1 ? texts.firstOfSeveral(files) : "";
      this.use(samples, files[0].name, [first, sentence].filter(Boolean).join(" "));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      if (turn === this.turn) this.say(error.message, true);
    }
  }

  useExample(button) {
    const at = this.examples.indexOf(button);
    this.use(this.known.slice(at * this.count, (at + 1) * this.count), button.textContent.trim());
    this.chosen = at;
    this.paint();
  }

  use(samples, name, sentence = "") {
    this.player.stop();
    this.turn += 1;
    this.samples = samples;
    this.chosen = -1;
    this.name = name;
    this.say(sentence);
    this.usedAt = performance.now();
    this.changed();
  }

  /* ---- What the model gets ---- */

  /* For the bars' announcements and `OtherInputs`, as `Input` has them. */
  isEmpty() {
    return !this.samples;
  }

  example() {
    return this.chosen;
  }

  /* Float32Array of the samples, -1 to 1. */
  pixels() {
    return this.samples ?? new Float32Array(this.count);
  }

  update() {
    this.changed();
  }

  /* Show which sound it is; the waveform is drawn as a tile of the model's input. */
  paint() {
    this.cost = performance.now() - this.usedAt;
    this.elements.play.disabled = !this.samples;
    this.examples.forEach((button, at) => {
      button.setAttribute("aria-pressed", String(at === this.chosen));
    });
  }
}
