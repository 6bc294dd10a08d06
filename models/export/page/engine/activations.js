/** Activation functions, as Keras defines them. */

import * as kernels from "./wasm/kernels.js";

export const sigmoid = (x) => 1 / (1 + Math.exp(-x));

const clip = (x, low, high) => Math.min(Math.max(x, low), high);

// log(1 + e^x), without an e^x that is too large to hold
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The error function, by its Taylor series in the middle and a continued fraction outside. */
export function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x,
      sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

/** Functions of one number, and of the numbers that Keras lets one set. */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x, { negative_slope = 0, max_value = null, threshold = 0 }) => {
    const low = negative_slope ? negative_slope * Math.max(threshold - x, 0) : 0;
    const high = x > threshold ? x : 0;
    return (max_value === null ? high : clip(high, 0, max_value)) - low;
  },
  relu6: (x) => clip(x, 0, 6),
  leaky_relu: (x, { negative_slope }) => (x > 0 ? x : negative_slope * x),
  elu: (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  celu: (x, { alpha }) => Math.max(x, 0) + alpha * Math.expm1(Math.min(x, 0) / alpha),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  gelu: (x, { approximate }) =>
    approximate
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf(x / Math.SQRT2)),
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  sigmoid,
  log_sigmoid: (x) => -softplus(-x),
  hard_sigmoid: (x) => clip(x + 3, 0, 6) / 6,
  hard_silu: (x) => (x * clip(x + 3, 0, 6)) / 6,
  tanh: Math.tanh,
  hard_tanh: (x) => clip(x, -1, 1),
  tanh_shrink: (x) => x - Math.tanh(x),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  exponential: Math.exp,
  log: Math.log,
  at_least: (x, { least }) => Math.max(x, least),
  clip: (x, { x_min, x_max }) => clip(x, x_min, x_max),
  square: (x) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  absolute: Math.abs,
};

export const isSoftmax = (node) => /softmax$/.test(node.config.activation || "");

/** Along which axis a softmax works: 0 for rows, 1 for columns, 2 for channels. */
export const axisOf = (node) => node.config.axis ?? 2;

/** Softmax of `count` numbers from `start` on, each `step` after the one before, in place; its logarithm if `log`. */
export function softmax(values, start, count, log, step = 1) {
  let largest = -Infinity,
    sum = 0;
  const end = start + count * step;
  for (let i = start; i < end; i += step) largest = Math.max(largest, values[i]);
  for (let i = start; i < end; i += step) sum += Math.exp(values[i] - largest);
  for (let i = start; i < end; i += step) {
    const score = values[i] - largest;
    values[i] = log ? score - Math.log(sum) : Math.exp(score) / sum;
  }
}

/** A softmax along rows, columns or channels. */
function softmaxOf({ config, values, h, w, c }) {
  const log = config.activation === "log_softmax";
  const axis = axisOf({ config });
  const step = [w * c, c, 1][axis],
    count = [h, w, c][axis];
  for (let start = 0; start < values.length; start += step * count)
    for (let first = start; first < start + step; first++) softmax(values, first, count, log, step);
}

/** The smallest and the largest value that an activation function lets through as it is; null if it does more. */
function limits({ config: { activation, options = {} } }) {
  if (activation === "relu6") return [0, 6];
  if (activation === "clip") return [options.x_min, options.x_max];
  const { negative_slope = 0, threshold = 0, max_value = null } = options;
  return activation === "relu" && !negative_slope && !threshold ? [0, max_value ?? Infinity] : null;
}

/** How many of a node's values its activation function takes for themselves, and about how long they all take. */
export const activationParts = (node) => ({
  count: node.values.length,
  cost: isSoftmax(node) || limits(node) ? 0 : (kernels.hasCurve(node) ? 2 : 20) * node.values.length,
});

/** Put a node's values, or only those of `from` to `to` - 1, through its activation function. */
export function activate(node, from = 0, to = node.values.length) {
  const { values } = node;
  const { activation = "linear", options = {} } = node.config;
  if (activation === "linear") return;
  if (isSoftmax(node)) {
    softmaxOf(node);
    return;
  }
  const range = limits(node);
  if (range ? kernels.clip(node, ...range) : kernels.curve(node, from, to)) return;
  if (node.plainRelu) {
    for (let i = from; i < to; i++) if (values[i] < 0) values[i] = 0;
  } else {
    const f = ACTIVATIONS[activation];
    for (let i = from; i < to; i++) values[i] = f(values[i], options);
  }
}
