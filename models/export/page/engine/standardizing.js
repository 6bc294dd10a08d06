/**
 * Layers that use the mean and deviation of the picture that they get: LayerNormalization,
 * GroupNormalization, RMSNormalization, UnitNormalization.
 */

import { all, only } from "./positions.js";

/** Which of the sets of values that share a mean a value belongs to. */
export const setOf = (node, y, x, c) =>
  node.config.over === "all" ? Math.floor(c / (node.c / node.config.groups)) : y * node.w + x;

/** What a value is multiplied by, after its set's own factor; 1 if nothing was learned. */
const gamma = (node, y, x, c) => learned(node, node.weights.gamma, y, x, c, 1);
const beta = (node, y, x, c) => learned(node, node.weights.beta, y, x, c, 0);

/** A weight for each channel, or for each value. */
function learned(node, weight, y, x, c, missing) {
  if (!weight) return missing;
  return weight[weight.length === node.c ? c : (y * node.w + x) * node.c + c];
}

export const standardize = {
  prepare(node) {
    const { over, groups } = node.config;
    node.sets = over === "all" ? groups : node.h * node.w;
    node.means = new Float64Array(node.sets);
    node.factors = new Float64Array(node.sets);
  },
  run(node, [input]) {
    const { means, factors, values } = node;
    const { center, epsilon } = node.config;
    const count = values.length / node.sets;
    means.fill(0);
    factors.fill(0);
    const each = (action) => {
      for (let y = 0, i = 0; y < node.h; y++)
        for (let x = 0; x < node.w; x++)
          for (let c = 0; c < node.c; c++, i++) action(setOf(node, y, x, c), i, y, x, c);
    };
    if (center)
      each((set, i) => {
        means[set] += input.values[i] / count;
      });
    each((set, i) => {
      factors[set] += (input.values[i] - means[set]) ** 2;
    });
    for (let set = 0; set < node.sets; set++) {
      factors[set] = node.config.sum
        ? Math.min(1 / Math.sqrt(factors[set]), 1 / epsilon)
        : 1 / Math.sqrt(factors[set] / count + epsilon);
    }
    each((set, i, y, x, c) => {
      values[i] = (input.values[i] - means[set]) * factors[set] * gamma(node, y, x, c) + beta(node, y, x, c);
    });
  },
  positions: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
  sees(node, k, input, y, x, c) {
    if (node.config.over === "channels") return [only(y), only(x), all(input.c)];
    const many = input.c / node.config.groups;
    return [all(input.h), all(input.w), [Math.floor(c / many) * many, 1, many]];
  },
  weigh: (node, inputs, y, x, c) => () => node.factors[setOf(node, y, x, c)] * gamma(node, y, x, c),
  bias(node, y, x, c) {
    const set = setOf(node, y, x, c);
    return beta(node, y, x, c) - node.means[set] * node.factors[set] * gamma(node, y, x, c);
  },
};
