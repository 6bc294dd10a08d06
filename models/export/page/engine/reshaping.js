/** Layers that pass values on: Flatten, Reshape, transposes, slices, and Dropout, which acts in training only. */

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

/** Values in other places: a transpose, a slice, a mirror image. `from` tells where each one was. */
export const gather = {
  prepare(node) {
    const { start, strides } = node.config;
    node.from = new Int32Array(node.values.length);
    if (node.weights.places) node.from.set(node.weights.places);
    else {
      for (let y = 0, i = 0; y < node.h; y++)
        for (let x = 0; x < node.w; x++)
          for (let c = 0; c < node.c; c++, i++)
            node.from[i] = start + y * strides[0] + x * strides[1] + c * strides[2];
    }
    node.weights = {}; // places are no weights
  },
  run(node, [input]) {
    for (let i = 0; i < node.from.length; i++) node.values[i] = input.values[node.from[i]];
  },
  positions(node, k, input, y, x, c) {
    const index = node.from[at(node, y, x, c)],
      pixel = Math.floor(index / input.c);
    return [only(Math.floor(pixel / input.w)), only(pixel % input.w), only(index % input.c)];
  },
};
