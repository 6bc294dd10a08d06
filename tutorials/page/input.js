/* Where pictures come from: a pen, a file that is dropped, chosen or pasted, or an example. */

import * as Digit from "./digit.js";
import * as Picture from "./picture.js";
import * as Writing from "./writing.js";

export class Input {
  /* `shape` is [height, width, channels] of the model's input. `changed()` is called whenever
     `pixels()` would give others, `say(sentence)` with what cannot be done ("" if all is well). */
  constructor(shape, { pad, undo, clear, choose, file, colours, examples, whole }, changed, say) {
    [this.height, this.width, this.channels] = shape;
    this.isDigit = this.channels === 1 && this.height === Digit.SIDE && this.width === Digit.SIDE;
    this.pad = pad;
    this.changed = changed;
    this.say = say;
    this.strokes = []; // {points: [[x, y], ...], colour}, in shares of the pad's sides
    this.picture = null; // Float32Array of the model's input
    this.name = ""; // of the picture
    this.colour = "#ffffff";
    this.cache = null;

    const scale = Math.max(1, Math.round(448 / Math.max(this.height, this.width)));
    pad.width = this.width * scale;
    pad.height = this.height * scale;
    pad.style.aspectRatio = `${this.width} / ${this.height}`;
    this.buttons = { undo, clear };
    this.listenToPen();
    undo.addEventListener("click", () => this.undo());
    clear.addEventListener("click", () => this.clear());
    choose.addEventListener("click", () => file.click());
    file.addEventListener("change", () => {
      this.take([...file.files]);
      file.value = ""; // so that the same file can be chosen again
    });
    this.listenToFiles(whole);
    if (this.channels === 3) this.offerColours(colours);
    this.examples = [...examples.querySelectorAll("button")];
    this.examples.forEach((button) => button.addEventListener("click", () => this.useExample(button)));
  }

  /* ---- Drawing ---- */

  listenToPen() {
    const place = (event) => {
      const box = this.pad.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    this.pad.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      event.preventDefault(); // no selection, no scrolling
      this.pad.focus({ preventScroll: true });
      this.pad.setPointerCapture(event.pointerId);
      this.begin(place(event));
    });
    this.pad.addEventListener("pointermove", (event) => {
      if (!this.drawing || !event.isPrimary) return;
      const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const step of steps.length ? steps : [event]) this.drawing.points.push(place(step));
      this.update();
    });
    for (const end of ["pointerup", "pointercancel"])
      this.pad.addEventListener(end, (event) => {
        if (event.isPrimary) this.drawing = null;
      });
    this.pad.addEventListener("keydown", (event) => {
      if (event.key === "Backspace" || event.key === "Delete") this.clear();
      else if (event.key === "z" && (event.ctrlKey || event.metaKey)) this.undo();
      else return;
      event.preventDefault();
    });
  }

  begin(point) {
    if (this.picture && this.channels === 1) {
      // a digit over another would be neither
      this.picture = null;
      this.strokes = [];
    }
    this.say("");
    this.turn = (this.turn || 0) + 1; // a picture that is being read comes too late
    this.drawing = { points: [point], colour: this.channels === 3 ? this.colour : "#ffffff" };
    this.strokes.push(this.drawing);
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

  offerColours(holder) {
    holder.hidden = false;
    const names = {
      white: "#ffffff",
      black: "#000000",
      red: "#d62828",
      yellow: "#f4c20d",
      green: "#2a9d4b",
      blue: "#1d6fd1",
    };
    for (const [name, colour] of Object.entries(names)) {
      const button = Writing.make("button", {
        type: "button",
        class: "swatch",
        "aria-label": `Draw in ${name}`,
        "aria-pressed": String(name === "white"),
      });
      button.style.backgroundColor = colour;
      button.addEventListener("click", () => {
        this.colour = colour;
        for (const other of holder.querySelectorAll("button"))
          other.setAttribute("aria-pressed", String(other === button));
      });
      holder.append(button);
    }
  }

  /* ---- Pictures ---- */

  listenToFiles(whole) {
    let depth = 0;
    const over = (on) => {
      depth = on ? depth : 0;
      whole.classList.toggle("dropping", on);
    };
    document.addEventListener("dragenter", (event) => {
      event.preventDefault();
      depth += 1;
      over(true);
    });
    document.addEventListener("dragleave", () => {
      depth -= 1;
      if (depth <= 0) over(false);
    });
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      const files = [...event.dataTransfer.files];
      if (files.length) this.take(files);
      else this.say("That is not a file; save the picture first, and drop the file.");
    });
    document.addEventListener("paste", (event) => {
      const files = [...event.clipboardData.files];
      if (files.length) this.take(files);
    });
  }

  /* Use the first of some files. */
  async take(files) {
    if (!files.length) return;
    const turn = (this.turn = (this.turn || 0) + 1);
    this.say("Reading the picture\u2026");
    try {
      const picture = await Picture.read(files[0]);
      const pixels = this.bring(picture, files[0]);
      if (turn !== this.turn) return; // another came meanwhile
      const others =
        files.length > 1 ? `${files.length} files came; this is the first, ${Picture.named(files[0])}.` : "";
      this.use(pixels, files[0].name || "a picture", others);
    } catch (error) {
      if (!(error instanceof Picture.Unreadable)) throw error;
      if (turn === this.turn) this.say(error.message, true);
    }
  }

  /* A picture as the model takes it. */
  bring(picture, file) {
    if (!this.isDigit) return Picture.fitted(picture, this.height, this.width, this.channels);
    const digit = Digit.fromGrey(Picture.grey(picture), picture.height, picture.width);
    if (!digit)
      throw new Picture.Unreadable(
        `${Picture.named(file)} shows no pen stroke; choose a picture of one dark digit on light paper.`,
      );
    return digit;
  }

  useExample(button) {
    this.turn = (this.turn || 0) + 1;
    const image = button.querySelector("img");
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext("2d", { willReadFrequently: true }).drawImage(image, 0, 0);
    const picture = Picture.fromCanvas(canvas);
    const same = picture.height === this.height && picture.width === this.width;
    const pixels =
      this.isDigit && !same
        ? this.bring(picture, { name: image.alt })
        : Picture.fitted(picture, this.height, this.width, this.channels);
    this.use(pixels, image.alt);
  }

  use(pixels, name, sentence = "") {
    this.picture = pixels;
    this.strokes = [];
    this.name = name;
    this.say(sentence);
    this.update();
  }

  /* ---- What the model gets ---- */

  update() {
    this.cache = null;
    this.stale = true;
    const empty = this.isEmpty();
    this.buttons.undo.disabled = !this.strokes.length;
    this.buttons.clear.disabled = empty;
    this.changed();
  }

  isEmpty() {
    return !this.picture && !this.strokes.length;
  }

  /* Float32Array of height x width x channels, 0 to 255. */
  pixels() {
    if (!this.cache) this.cache = this.compute();
    return this.cache;
  }

  compute() {
    const size = this.height * this.width * this.channels;
    if (this.isEmpty()) return new Float32Array(size);
    if (!this.strokes.length) return this.picture;
    if (this.isDigit) return this.drawnDigit() || new Float32Array(size);
    const canvas = this.board(this.height, this.width);
    const brush = canvas.getContext("2d");
    if (this.picture) brush.putImageData(this.asImage(this.picture), 0, 0);
    this.paintStrokes(brush, Math.max(1, this.penWidth(canvas)));
    return Picture.fitted(Picture.fromCanvas(canvas), this.height, this.width, this.channels);
  }

  /* The strokes with a pen a ninth of the digit wide, as in MNIST, however large it was drawn. */
  drawnDigit() {
    const points = this.strokes.flatMap((stroke) => stroke.points);
    const [xs, ys] = [0, 1].map((part) => points.map((point) => point[part]));
    const span = (values) =>
      values.reduce((most, v) => Math.max(most, v)) - values.reduce((least, v) => Math.min(least, v));
    const extent = Math.max(span(xs), span(ys));
    const pen = Math.max(extent / 8, Input.PEN / 4);
    const side = 10 * Digit.SIDE;
    const middle = (values) =>
      (values.reduce((most, v) => Math.max(most, v)) + values.reduce((least, v) => Math.min(least, v))) / 2;
    const scale = 0.9 / (extent + pen);
    const canvas = this.board(side, side);
    const brush = canvas.getContext("2d", { willReadFrequently: true });
    brush.translate(side / 2, side / 2);
    brush.scale(scale, scale);
    brush.translate(-middle(xs) * side, -middle(ys) * side);
    this.paintStrokes(brush, pen * side, side, side);
    const { red } = Picture.fromCanvas(canvas);
    return Digit.asMnist(
      red.map((value) => value / 255),
      side,
      side,
    );
  }

  board(height, width) {
    this.boards ||= new Map();
    const key = `${height} ${width}`;
    if (!this.boards.has(key)) {
      const canvas = document.createElement("canvas");
      canvas.height = height;
      canvas.width = width;
      canvas.getContext("2d", { willReadFrequently: true });
      this.boards.set(key, canvas);
    }
    const canvas = this.boards.get(key);
    const brush = canvas.getContext("2d");
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.fillStyle = "#000";
    brush.fillRect(0, 0, width, height);
    return canvas;
  }

  penWidth(canvas) {
    return canvas.width * (this.isDigit ? Input.PEN : 0.04);
  }

  /* Round, smooth strokes: curves through the middles between the points. */
  paintStrokes(brush, pen, height = brush.canvas.height, width = brush.canvas.width) {
    brush.lineCap = brush.lineJoin = "round";
    brush.lineWidth = pen;
    for (const { points, colour } of this.strokes) {
      const at = points.map(([x, y]) => [x * width, y * height]);
      brush.strokeStyle = colour;
      brush.beginPath();
      brush.moveTo(...at[0]);
      for (let n = 1; n < at.length - 1; n++)
        brush.quadraticCurveTo(...at[n], (at[n][0] + at[n + 1][0]) / 2, (at[n][1] + at[n + 1][1]) / 2);
      const [x, y] = at.at(-1);
      brush.lineTo(x + 0.01, y); // one point is a dot
      brush.stroke();
    }
  }

  asImage(pixels) {
    const image = new ImageData(this.width, this.height);
    for (let at = 0; at < this.width * this.height; at++) {
      for (let part = 0; part < 3; part++)
        image.data[4 * at + part] = pixels[at * this.channels + (this.channels === 3 ? part : 0)];
      image.data[4 * at + 3] = 255;
    }
    return image;
  }

  /* Show on the pad what has been drawn or chosen. */
  paint() {
    if (!this.stale) return;
    this.stale = false;
    const brush = this.pad.getContext("2d");
    brush.fillStyle = "#000";
    brush.fillRect(0, 0, this.pad.width, this.pad.height);
    if (this.picture) {
      const canvas = this.board(this.height, this.width);
      canvas.getContext("2d").putImageData(this.asImage(this.picture), 0, 0);
      brush.imageSmoothingEnabled = this.width > 64;
      brush.drawImage(canvas, 0, 0, this.pad.width, this.pad.height);
    }
    this.paintStrokes(brush, this.penWidth(this.pad));
    const what = this.isEmpty() ? "empty" : this.strokes.length ? "your drawing" : this.name;
    this.pad.setAttribute("aria-label", `Drawing area: ${what}`);
    this.pad.parentElement.classList.toggle("empty", this.isEmpty());
  }
}

Input.PEN = 0.08; // of the pad's width: the pen that is shown for digits
