/* The model's input: drawn with a pen, read from a file, or one of the examples. */

import { make } from "../elements.js";
import * as texts from "../texts.js";
import { asImage, drawnOver } from "./channels.js";
import { drawnDigit } from "./drawn_digit.js";
import { listenToFiles } from "./files.js";
import { fromGrey } from "./mnist.js";
import { blackboard, listenToPen, paintStrokes } from "./pen.js";
import { fitted, fromCanvas, grey, read, Unreadable } from "./picture.js";

const PEN = 0.08; // of the drawing area's width: the pen that is shown for digits
const PHOTO_PEN = 0.04;

export class Input {
  /* `shape` is [height, width, channels] of the model's input, `isDigit` whether it reads digits, for which
     pictures are centred and scaled as MNIST's are. `changed()` is called whenever `pixels()`
     would give others, `say(sentence, bad)` with what cannot be done ("" if all is well). `raw` are the bytes of
     all examples where no image file holds them, else null. */
  constructor(shape, isDigit, elements, changed, say, raw = null) {
    [this.height, this.width, this.channels] = shape;
    this.isDigit = isDigit;
    this.elements = elements;
    this.changed = changed;
    this.say = say;
    this.raw = raw;
    this.nothing = texts.NOTHING_DRAWN;
    this.strokes = [];
    this.drawing = null; // the stroke that is being drawn
    this.picture = null; // Float32Array of the model's input
    this.name = ""; // of the picture
    this.chosen = -1; // which example the picture is; -1 for none
    this.colour = "#ffffff";
    this.cache = null;
    this.turn = 0; // counts inputs, so that a picture that was read too late is dropped
    this.sizePad(elements.pad);
    listenToPen(elements.pad, {
      begin: (point) => this.begin(point),
      move: (points) => this.extend(points),
      end: () => {
        this.drawing = null;
      },
      undo: () => this.undo(),
      clear: () => this.clear(),
    });
    elements.undo.addEventListener("click", () => this.undo());
    elements.clear.addEventListener("click", () => this.clear());
    elements.choose.addEventListener("click", () => elements.file.click());
    listenToFiles(
      elements.whole,
      elements.file,
      (files) => this.take(files),
      () => this.say(texts.NOT_A_FILE),
    );
    if (this.channels > 2) this.offerPens(elements.pens);
    this.examples = [...elements.examples.querySelectorAll("button")];
    for (const button of this.examples) button.addEventListener("click", () => this.useExample(button));
  }

  /* Until the examples can be used. */
  ready() {
    const images = this.examples.map((button) => button.querySelector("img"));
    return Promise.all(images.map((image) => image.decode().catch(() => null)));
  }

  sizePad(pad) {
    const scale = Math.max(1, Math.round(448 / Math.max(this.height, this.width)));
    pad.width = this.width * scale;
    pad.height = this.height * scale;
    pad.style.aspectRatio = `${this.width} / ${this.height}`;
  }

  /* ---- Drawing ---- */

  begin(point) {
    if (this.picture && this.isDigit) {
      // a digit over another would be neither
      this.picture = null;
      this.strokes = [];
    }
    this.say("");
    this.turn += 1;
    this.drawing = { points: [point], colour: this.channels > 2 ? this.colour : "#ffffff" };
    this.strokes.push(this.drawing);
    this.update();
  }

  extend(points) {
    if (!this.drawing) return;
    this.drawing.points.push(...points);
    this.update();
  }

  undo() {
    if (!this.strokes.pop()) return;
    this.say("");
    this.update();
  }

  clear() {
    this.strokes = [];
    this.picture = null;
    this.say("");
    this.update();
  }

  offerPens(holder) {
    holder.hidden = false;
    for (const [name, colour] of Object.entries(texts.PENS)) {
      const choose = () => {
        this.colour = colour;
        for (const other of holder.querySelectorAll("button")) {
          other.setAttribute("aria-pressed", String(other === button));
        }
      };
      const button = make("button", {
        type: "button",
        class: "swatch",
        "aria-label": texts.penLabel(name),
        "aria-pressed": String(colour === this.colour),
        onclick: choose,
      });
      button.style.backgroundColor = colour;
      holder.append(button);
    }
  }

  /* ---- Pictures ---- */

  /* Use the first of some files. */
  async take(files) {
    if (!files.length) return;
    this.turn += 1;
    const { turn } = this;
    this.say(texts.READING);
    try {
      const picture = await read(files[0], this.channels === 4);
      const pixels = this.convert(picture, files[0]);
      if (turn !== this.turn) return; // another came meanwhile
      const first = files.length > 1 ? texts.firstOfSeveral(files) : "";
      const both = this.channels === 2 ? texts.BOTH_CHANNELS : "";
      this.use(pixels, files[0].name || texts.A_PICTURE, [first, both].filter(Boolean).join(" "));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      if (turn === this.turn) this.say(error.message, true);
    }
  }

  /* A picture as the model takes it. */
  convert(picture, file) {
    if (!this.isDigit) return fitted(picture, this.height, this.width, this.channels);
    const digit = fromGrey(grey(picture), picture.height, picture.width);
    if (!digit) throw new Unreadable(texts.noPenStroke(file));
    return digit;
  }

  useExample(button) {
    this.turn += 1;
    const at = this.examples.indexOf(button);
    this.use(this.pixelsOf(at), button.querySelector("img").alt);
    this.chosen = at;
  }

  /* An example as the model takes it. */
  pixelsOf(at) {
    return this.raw ? this.rawExample(at) : this.shownExample(this.examples[at].querySelector("img"));
  }

  rawExample(at) {
    const size = this.height * this.width * this.channels;
    return Float32Array.from(this.raw.subarray(at * size, (at + 1) * size));
  }

  shownExample(image) {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(image, 0, 0);
    const picture = fromCanvas(canvas);
    const same = picture.height === this.height && picture.width === this.width;
    if (this.isDigit && !same) return this.convert(picture, { name: image.alt });
    return fitted(picture, this.height, this.width, this.channels);
  }

  use(pixels, name, sentence = "") {
    this.picture = pixels;
    this.chosen = -1;
    this.strokes = [];
    this.name = name;
    this.say(sentence);
    this.update();
  }

  /* ---- What the model gets ---- */

  update() {
    this.cache = null;
    this.stale = true;
    this.elements.undo.disabled = !this.strokes.length;
    this.elements.clear.disabled = this.isEmpty();
    this.changed();
  }

  isEmpty() {
    return !this.picture && !this.strokes.length;
  }

  /* Which of the examples the model gets, unchanged; -1 for none. */
  example() {
    return this.picture && !this.strokes.length ? this.chosen : -1;
  }

  /* Float32Array of height × width × channels, 0 to 255. */
  pixels() {
    this.cache ??= this.compute();
    return this.cache;
  }

  compute() {
    const size = this.height * this.width * this.channels;
    if (this.isEmpty()) return new Float32Array(size);
    if (!this.strokes.length) return this.picture;
    if (this.isDigit) return drawnDigit(this.strokes, PEN / 4) || new Float32Array(size);
    const canvas = blackboard(this.height, this.width);
    const brush = canvas.getContext("2d"),
      pen = Math.max(1, this.penWidth(canvas));
    if (this.channels % 2 === 0) {
      // No canvas holds these channels: strokes alone, over the numbers
      brush.clearRect(0, 0, canvas.width, canvas.height);
      paintStrokes(brush, this.strokes, pen);
      const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
      return drawnOver(this.picture ?? this.blank(), data, this.channels);
    }
    if (this.picture) brush.putImageData(this.asImage(this.picture), 0, 0);
    paintStrokes(brush, this.strokes, pen);
    return fitted(fromCanvas(canvas), this.height, this.width, this.channels);
  }

  penWidth(canvas) {
    return canvas.width * (this.isDigit ? PEN : PHOTO_PEN);
  }

  /* Black; of four channels, opaque. */
  blank() {
    const pixels = new Float32Array(this.height * this.width * this.channels);
    if (this.channels === 4) for (let at = 3; at < pixels.length; at += 4) pixels[at] = 255;
    return pixels;
  }

  asImage(pixels) {
    return asImage(pixels, this.height, this.width, this.channels);
  }

  /* Show in the drawing area what has been drawn or chosen. */
  paint() {
    if (!this.stale) return;
    this.stale = false;
    const { pad } = this.elements;
    const brush = pad.getContext("2d");
    brush.fillStyle = "#000";
    brush.fillRect(0, 0, pad.width, pad.height);
    if (this.picture) {
      const canvas = blackboard(this.height, this.width);
      canvas.getContext("2d").putImageData(this.asImage(this.picture), 0, 0);
      brush.imageSmoothingEnabled = this.width > 64;
      brush.drawImage(canvas, 0, 0, pad.width, pad.height);
    }
    paintStrokes(brush, this.strokes, this.penWidth(pad));
    const content = this.isEmpty() ? texts.EMPTY : this.strokes.length ? texts.YOUR_DRAWING : this.name;
    pad.setAttribute("aria-label", texts.padLabel(content));
    pad.parentElement.classList.toggle("empty", this.isEmpty());
  }
}
