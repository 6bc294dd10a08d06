/** Layers that pass all values on: Flatten, Reshape, and Dropout, which acts in training only. */

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
