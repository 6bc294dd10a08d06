/** Gradients of what works value by value: scaling, normalization, PReLU, and joining layers. */

import { slope } from "../activation_layers.js";
import { at } from "../positions.js";
import { standardize as forward, setOf } from "../standardizing.js";

export function scale(node, inputs, gradient, [to]) {
  for (let i = 0; i < gradient.length; i++) to[i] += gradient[i] * node.scale[i % node.c];
}

export function activation(node, inputs, gradient, [to]) {
  for (let i = 0; i < gradient.length; i++) to[i] += gradient[i];
}

export function prelu(node, [input], gradient, [to]) {
  for (let y = 0, i = 0; y < node.h; y++)
    for (let x = 0; x < node.w; x++)
      for (let c = 0; c < node.c; c++, i++)
        to[i] += gradient[i] * (input.values[i] > 0 ? 1 : slope(node, y, x, c));
}

/**
 * A mean and a deviation that are the picture's own: when one value rises, so does the mean, and all
 * others of its set fall.
 */
export function standardize(node, [input], gradient, [to]) {
  const { center, sum, epsilon } = node.config;
  const { means, factors, sets } = node;
  const count = gradient.length / sets;
  const [plain, turned] = [new Float64Array(sets), new Float64Array(sets)];
  const inner = new Float64Array(gradient.length); // gradients before gamma
  const set = new Int32Array(gradient.length);
  for (let y = 0, i = 0; y < node.h; y++) {
    for (let x = 0; x < node.w; x++) {
      for (let c = 0; c < node.c; c++, i++) {
        set[i] = setOf(node, y, x, c);
        inner[i] = (gradient[i] * forward.weigh(node, [input], y, x, c)()) / factors[set[i]];
        plain[set[i]] += inner[i];
        turned[set[i]] += inner[i] * (input.values[i] - means[set[i]]) * factors[set[i]];
      }
    }
  }
  for (let i = 0; i < gradient.length; i++) {
    const factor = factors[set[i]];
    const away = (input.values[i] - means[set[i]]) * factor;
    const clipped = sum && factor >= 1 / epsilon; // where all values are 0
    to[i] +=
      factor *
      (inner[i] -
        (center ? plain[set[i]] / count : 0) -
        (clipped ? 0 : (away * turned[set[i]]) / (sum ? 1 : count)));
  }
}

/** Add, Multiply, Maximum and so on: each input gets its share, a map of one pixel that of all pixels. */
export function merge(node, inputs, gradient, to) {
  const share = SHARES[node.config.mode];
  const values = new Array(inputs.length);
  for (let y = 0, i = 0; y < node.h; y++) {
    for (let x = 0; x < node.w; x++) {
      for (let c = 0; c < node.c; c++, i++) {
        if (!gradient[i]) continue;
        const places = inputs.map((input) =>
          at(input, input.h > 1 ? y : 0, input.w > 1 ? x : 0, input.c > 1 ? c : 0),
        );
        inputs.forEach((input, k) => {
          values[k] = input.values[places[k]];
        });
        to.forEach((sums, k) => {
          if (sums) sums[places[k]] += gradient[i] * share(values, k, node.config);
        });
      }
    }
  }
}

/* By how much the result rises with the k-th value. Of several maxima the first counts. */
const SHARES = {
  add: (values, k, { scales }) => (scales ? scales[k] : 1),
  subtract: (values, k) => (k ? -1 : 1),
  average: (values) => 1 / values.length,
  multiply: (values, k) => values.reduce((product, value, i) => (i === k ? product : product * value), 1),
  divide: ([one, other], k) => (k ? -one / other ** 2 : 1 / other),
  max: (values, k) => (values.indexOf(Math.max(...values)) === k ? 1 : 0),
  min: (values, k) => (values.indexOf(Math.min(...values)) === k ? 1 : 0),
};
