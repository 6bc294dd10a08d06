/* What the second model gets: the picture of the first, brought to its own size. */

import { fittedPixels } from "../input/picture.js";

export class SecondInput {
  /* `inputs` are those of the first model, `node` is the second one's picture. */
  constructor({ input, others }, node) {
    Object.assign(this, { input, others, node });
    this.isSameSize = node.h === input.height && node.w === input.width;
    this.nothing = input.nothing;
  }

  isEmpty() {
    return this.input.isEmpty();
  }

  pixels() {
    return this.brought(this.input.pixels());
  }

  /* Pixels of the first model's size in its own. */
  brought(pixels) {
    if (this.isSameSize) return pixels;
    const { h, w, c } = this.node;
    return fittedPixels(pixels, this.input, { height: h, width: w }, c);
  }

  /* The first model's input is painted by its own run. */
  paint() {}

  /* As a `Runner` takes what it follows. */
  followers() {
    const example = () => (this.isSameSize ? this.others.example() : -1);
    return { input: this, others: { example, draw() {} } };
  }
}
