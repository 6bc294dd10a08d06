/** Layers that pass all values on: Flatten, Reshape, a mirror image, and Dropout, which acts in training only. */

import { at, only } from "./positions.js";

/** The same values, perhaps in rows and columns of another length: Flatten, Reshape, Dropout. */
export const copy = {
  prepare(node, [input]) {
    node.values = input.values; // shared, not copied
  },
  run() {},
  positions(node, k, input, y, x, c) {
    const index = at(node, y, x, c),
      pixel = Math.floor(index / input.c);
    return [only(Math.floor(pixel / input.w)), only(pixel % input.w), only(index % input.c)];
  },
};

/** The mirror image: left and right change places. */
export const flip = {
  run(node, [input]) {
    const { values, h, w, c } = node;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const from = at(input, y, w - 1 - x, 0);
        values.set(input.values.subarray(from, from + c), at(node, y, x, 0));
      }
    }
  },
  positions: (node, k, input, y, x, c) => [only(y), only(input.w - 1 - x), only(c)],
};
