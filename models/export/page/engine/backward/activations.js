/** Derivatives of the activation functions, as TensorFlow takes them where there is a corner. */

import { axisOf, erf, isSoftmax, sigmoid } from "../activations.js";

const between = (x, low, high) => (x > low && x < high ? 1 : 0);

// tanh(softplus(x)), of mish
const softer = (x) => Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));

const ROOT = Math.sqrt(2 / Math.PI);

function ofGelu(x, { approximate }) {
  if (!approximate) {
    return 0.5 * (1 + erf(x / Math.SQRT2)) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
  }
  const tanh = Math.tanh(ROOT * (x + 0.044715 * x ** 3));
  return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh ** 2) * ROOT * (1 + 3 * 0.044715 * x * x);
}

/** The slope of each function of one number at x: the same keys as ACTIVATIONS. */
export const DERIVATIVES = {
  linear: () => 1,
  relu: (x, { negative_slope = 0, max_value = null, threshold = 0 }) => {
    if (x <= threshold) return x < threshold ? negative_slope : 0;
    return max_value === null || x < max_value ? 1 : 0;
  },
  relu6: (x) => between(x, 0, 6),
  leaky_relu: (x, { negative_slope }) => (x > 0 ? 1 : negative_slope),
  elu: (x, { alpha }) => (x > 0 ? 1 : alpha * Math.exp(x)),
  celu: (x, { alpha }) => (x > 0 ? 1 : Math.exp(x / alpha)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? 1 : 1.6732632423543772 * Math.exp(x)),
  gelu: ofGelu,
  silu: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  mish: (x) => softer(x) + x * (1 - softer(x) ** 2) * sigmoid(x),
  sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  log_sigmoid: (x) => sigmoid(-x),
  hard_sigmoid: (x) => between(x, -3, 3) / 6,
  hard_silu: (x) => (x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
  hard_tanh: (x) => between(x, -1, 1),
  tanh_shrink: (x) => Math.tanh(x) ** 2,
  softplus: sigmoid,
  softsign: (x) => 1 / (1 + Math.abs(x)) ** 2,
  exponential: Math.exp,
  log: (x) => 1 / x,
  at_least: (x, { least }) => (x >= least ? 1 : 0),
  clip: (x, { x_min, x_max }) => (x >= x_min && x <= x_max ? 1 : 0),
  square: (x) => 2 * x,
  sqrt: (x) => 0.5 / Math.sqrt(x),
  rsqrt: (x) => -0.5 / (x * Math.sqrt(x)),
  absolute: Math.sign,
};

/** Whether the slope of a node's activation can be computed. */
export const hasDerivative = ({ config: { activation = "linear" } }) =>
  activation in DERIVATIVES || isSoftmax({ config: { activation } });

/** Whether the slope of a node's activation follows from what it was applied to, and not from its result. */
export const needsSums = (node) =>
  !node.plainRelu && !isSoftmax(node) && (node.config.activation ?? "linear") !== "linear";

/**
 * From the gradient with respect to a node's values to that before its activation function, in place; for values
 * `from` to `to` - 1 only, if `needsSums`.
 * @param {?ArrayLike<number>} sums  What the activation was applied to, if `needsSums`.
 */
export function throughActivation(node, sums, gradient, from, to) {
  const { activation = "linear", options = {} } = node.config;
  if (activation === "linear") return;
  if (isSoftmax(node)) throughSoftmax(node, gradient, activation === "log_softmax");
  else if (node.plainRelu) {
    for (let i = 0; i < gradient.length; i++) if (!(node.values[i] > 0)) gradient[i] = 0;
  } else {
    const slope = DERIVATIVES[activation];
    for (let i = from; i < to; i++) if (gradient[i]) gradient[i] *= slope(sums[i], options);
  }
}

/** Softmax along channels, rows or columns: a value falls when another rises. */
function throughSoftmax(node, gradient, log) {
  const { values, h, w, c } = node;
  const axis = axisOf(node);
  const step = [w * c, c, 1][axis],
    length = step * [h, w, c][axis];
  for (let start = 0; start < values.length; start += length) {
    for (let first = start; first < start + step; first++) {
      let sum = 0;
      for (let i = first; i < start + length; i += step) sum += gradient[i] * (log ? 1 : values[i]);
      for (let i = first; i < start + length; i += step) {
        gradient[i] = log ? gradient[i] - Math.exp(values[i]) * sum : values[i] * (gradient[i] - sum);
      }
    }
  }
}
