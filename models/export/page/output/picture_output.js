/* The answer of a model whose output is a picture, or a class for each pixel. */

import { make } from "../elements.js";
import { asImage } from "../input/channels.js";
import { percent } from "../numbers.js";
import * as texts from "../texts.js";
import { colourOf } from "./palette.js";

const MOST_NAMED = 12;

/* It has what `PredictionBars` has, for the page. */
export class PictureOutput {
  /* `range` is black and white in the output; `names` are those of the classes, if `isMap`. */
  constructor(element, node, names, range, isMap) {
    this.node = node;
    this.names = names;
    this.range = range;
    this.isMap = isMap;
    this.isNumber = true; // the output is shown as it is, and not made probabilities
    this.shares = node.values;
    const many = node.c === 2 && !isMap ? 2 : 1;
    this.canvases = Array.from({ length: many }, () => this.buildCanvas());
    this.legend = make("ul", { class: "classes", hidden: !isMap });
    element.classList.add("pictures");
    element.append(
      ...this.canvases,
      this.legend,
      make("p", { class: "soft small" }, isMap ? texts.CLASS_MAP : texts.outputRange(range)),
    );
  }

  buildCanvas() {
    const canvas = make("canvas", { role: "img", class: "output" });
    canvas.height = this.node.h;
    canvas.width = this.node.w;
    if (Math.max(this.node.h, this.node.w) > 200) canvas.classList.add("smooth");
    return canvas;
  }

  /* Show the model's outputs; null if they are not known. */
  draw(values) {
    this.known = values !== null;
    this.shares = values ?? [];
    this.legend.replaceChildren();
    for (const canvas of this.canvases) {
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
      canvas.setAttribute("aria-label", this.known ? this.answer().sentence : texts.NOT_KNOWN);
    }
    if (!this.known) return;
    if (this.isMap) this.drawMap(values);
    else this.drawPictures(values);
  }

  drawPictures(values) {
    const { h, w, c } = this.node,
      [low, high] = this.range;
    const pixels = values.map((value) => (255 * (value - low)) / (high - low));
    this.canvases.forEach((canvas, at) => {
      const image =
        c === 2
          ? asImage(
              pixels.filter((_, place) => place % 2 === at),
              h,
              w,
              1,
            )
          : asImage(pixels, h, w, c);
      canvas.getContext("2d").putImageData(image, 0, 0);
    });
  }

  drawMap(values) {
    const { h, w, c } = this.node,
      [canvas] = this.canvases;
    const image = new ImageData(w, h),
      counts = new Map();
    for (let at = 0; at < h * w; at++) {
      let unit = 0;
      for (let n = 1; n < c; n++) if (values[at * c + n] > values[at * c + unit]) unit = n;
      counts.set(unit, (counts.get(unit) ?? 0) + 1);
      image.data.set([...colourOf(unit), 255], 4 * at);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    this.counts = [...counts].sort((one, other) => other[1] - one[1]);
    canvas.setAttribute("aria-label", this.answer().sentence);
    for (const [unit, many] of this.counts.slice(0, MOST_NAMED)) {
      const key = make("i", { class: "key" });
      key.style.backgroundColor = `rgb(${colourOf(unit)})`;
      const name = make("span", { class: "who" }, texts.className(this.names, unit));
      this.legend.append(
        make("li", {}, key, name, make("span", { class: "amount" }, percent(many / (h * w)))),
      );
    }
  }

  /* The answer in a few words, and in a sentence. */
  answer() {
    if (!this.known) return { short: "", sentence: texts.NOT_KNOWN };
    if (!this.isMap || !this.counts) return { short: "", sentence: texts.OUTPUT_PICTURE };
    const [[unit, many]] = this.counts;
    const share = many / (this.node.h * this.node.w);
    const name = texts.className(this.names, unit);
    return { short: texts.best({ name, share }), sentence: texts.mostPixels(name, share) };
  }

  point() {}
}
