/** Fully connected layers: Dense. */

import { all, only } from "./positions.js";
import { addTimes } from "./sums.js";
import * as kernels from "./wasm/kernels.js";

/** Each neuron adds up all values, each times its weight. */
export const dense = {
  parts: (node, [input]) => ({ count: input.c, cost: node.weights.kernel.length }),
  run(node, [input], example, from = 0, to = input.c) {
    if (kernels.dense(node, input, from, to)) return;
    const { kernel, bias } = node.weights;
    const sums = node.sums;
    if (!from) {
      if (bias) sums.set(bias);
      else sums.fill(0);
    }
    for (let i = from; i < to; i++) {
      const value = input.values[i];
      if (value !== 0) addTimes(sums, 0, value, kernel, i * node.c, node.c);
    }
    node.values.set(sums);
  },
  positions: (node, k, input) => [only(0), only(0), all(input.c)],
  weigh: (node, inputs, y, x, c) => (k, inY, inX, inC) => node.weights.kernel[inC * node.c + c],
  bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
};
