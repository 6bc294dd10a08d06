/** Layers that only apply an activation function: Activation, ReLU, Softmax, PReLU and others. */

import { only } from "./positions.js";

export const activation = {
  run(node, [input]) {
    node.values.set(input.values);
  },
  positions: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
};

/** A ReLU whose slope for negative values was learned. */
export const prelu = {
  run(node, [input]) {
    for (let y = 0, i = 0; y < node.h; y++) {
      for (let x = 0; x < node.w; x++) {
        for (let c = 0; c < node.c; c++, i++) {
          const value = input.values[i];
          node.values[i] = value > 0 ? value : value * slope(node, y, x, c);
        }
      }
    }
  },
  positions: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
};

/** The learned slope of a PReLU, which may be shared by rows, columns or channels. */
export function slope(node, y, x, c) {
  const shape = [1, 1, ...node.weightShapes.alpha].slice(-3);
  const [row, column, channel] = [y, x, c].map((place, axis) => (shape[axis] > 1 ? place : 0));
  return node.weights.alpha[(row * shape[1] + column) * shape[2] + channel];
}
