/**
 * How one value was computed: each input value times its weight, the bias and the activation function.
 *
 * @typedef {{input: number, y: number, x: number, c: number, value: number, weight: number,
 *   product: number}} Term
 */

import * as texts from "../texts.js";
import { slope } from "./activation_layers.js";
import { ACTIVATIONS, axisOf, isSoftmax, softmax } from "./activations.js";
import { KINDS } from "./kinds.js";
import { at, forEach } from "./positions.js";
import { under } from "./windows.js";

/** The terms and the bias of one value, before any activation. */
function additions(model, node, y, x, c) {
  const kind = KINDS[node.kind],
    inputs = node.kind === "recorded" ? [] : node.inputs.map((id) => model.nodes[id]);
  const weigh = kind.weigh ? kind.weigh(node, inputs, y, x, c) : () => 1;
  const terms = [];
  inputs.forEach((input, k) => {
    const [rows, columns, channels] = kind.positions(node, k, input, y, x, c);
    forEach(rows, (inY) =>
      forEach(columns, (inX) =>
        forEach(channels, (inC) => {
          const value = input.values[at(input, inY, inX, inC)],
            weight = weigh(k, inY, inX, inC);
          terms.push({ input: input.id, y: inY, x: inX, c: inC, value, weight, product: value * weight });
        }),
      ),
    );
  });
  const bias = kind.bias ? kind.bias(node, y, x, c, terms.length) : 0;
  const sum = terms.reduce((total, term) => total + term.product, bias);
  return { terms, bias, sum };
}

// Kinds whose arithmetic is written in the same way have one name
const NAMES = {
  depthwise: "conv",
  transposed: "conv",
  global: "pool",
  prelu: "activation",
  rescale: "normalize",
  standardize: "normalize",
  gather: "copy",
  scores: "attention",
  mixed: "attention",
  matmul: "attention",
};

/**
 * How one value was computed: value × weight, added up, plus the bias, through the activation.
 * @returns {{kind: string, terms: Term[], bias: number, sum: number, activation: string,
 *   result: number, outside: number}} `outside` counts the positions of a window that
 *   lie in the padding, where there is no term.
 */
export function arithmetic(model, node, y, x, c) {
  const { terms, bias, sum } = additions(model, node, y, x, c);
  let { activation = "linear" } = node.config;
  let result;
  if (["input", "constant", "recorded", "spectrogram"].includes(node.kind)) {
    result = node.values[at(node, y, x, c)];
  } else if (isSoftmax(node)) {
    const axis = axisOf(node),
      along = (i) => [y, x, c].map((place, other) => (other === axis ? i : place));
    const scores = Float64Array.from(
      { length: [node.h, node.w, node.c][axis] },
      (_, i) => additions(model, node, ...along(i)).sum,
    );
    softmax(scores, 0, scores.length, activation !== "softmax");
    result = scores[[y, x, c][axis]];
  } else if (node.kind === "prelu") {
    activation = "prelu";
    result = sum > 0 ? sum : sum * slope(node, y, x, c);
  } else {
    result = ACTIVATIONS[activation](sum, node.config.options || {});
  }
  let outside = 0;
  if (node.config.kernel_size && node.kind !== "transposed") {
    const [kh, kw] = node.config.kernel_size;
    const [rows, columns] = under(node, model.nodes[node.inputs[0]], y, x);
    outside = kh * kw - rows[2] * columns[2];
  } else if (node.kind === "pad" && !terms.length) {
    outside = 1;
  }
  return { kind: nameOfKind(node), terms, bias, sum, activation, result, outside };
}

function nameOfKind(node) {
  if (node.kind === "merge") return node.config.mode;
  return NAMES[node.kind] || node.kind;
}

/**
 * How each neuron of the layer before votes for one neuron of a dense layer.
 * @param {number} unit
 * @returns {{index: number, value: number, weight: number, product: number}[]} the strongest
 *   vote first, for or against.
 */
export function votes(model, node, unit) {
  if (node.kind !== "dense") throw new Error(texts.notDense(node));
  return additions(model, node, 0, 0, unit)
    .terms.map(({ c, value, weight, product }) => ({ index: c, value, weight, product }))
    .sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
}
