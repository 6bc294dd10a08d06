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

/** Whether each pixel is a set, with weights for each channel: as in LayerNormalization after a convolution. */
const isByPixel = ({ config, weights, c }) =>
  config.over !== "all" &&
  !config.sum &&
  [weights.gamma, weights.beta].every((weight) => !weight || weight.length === c);

/** The same as `run` below for such nodes, without a function for each value. */
function byPixel(node, { values }) {
  const { means, factors, c } = node;
  const { center, epsilon } = node.config;
  const { gamma, beta } = node.weights;
  for (let set = 0, start = 0; set < node.sets; set++, start += c) {
    let [mean, variance] = [0, 0];
    if (center) for (let i = 0; i < c; i++) mean += values[start + i] / c;
    for (let i = 0; i < c; i++) variance += (values[start + i] - mean) ** 2 / c;
    const factor = 1 / Math.sqrt(variance + epsilon);
    means[set] = mean;
    factors[set] = factor;
    for (let i = 0; i < c; i++) {
      const value = (values[start + i] - mean) * factor;
      node.values[start + i] = value * (gamma ? gamma[i] : 1) + (beta ? beta[i] : 0);
    }
  }
}

export const standardize = {
  prepare(node) {
    const { over, groups } = node.config;
    node.sets = over === "all" ? groups : node.h * node.w;
    node.means = new Float64Array(node.sets);
    node.factors = new Float64Array(node.sets);
  },
  run(node, [input]) {
    if (isByPixel(node)) {
      byPixel(node, input);
      return;
    }
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
