/**
 * How one value was computed: each input value times its weight, the bias and the activation function.
 *
 * @typedef {{input: number, y: number, x: number, c: number, value: number, weight: number,
 *   product: number}} Term
 */

import { slope } from "./activation_layers.js";
import { ACTIVATIONS, isSoftmax, softmax } from "./activations.js";
import { KINDS } from "./kinds.js";
import { at, forEach } from "./positions.js";
import { under } from "./windows.js";

/** The terms and the bias of one value, before any activation. */
function additions(model, node, y, x, c) {
  const kind = KINDS[node.kind], inputs = node.inputs.map((id) => model.nodes[id]);
  const weigh = kind.weigh ? kind.weigh(node, inputs, y, x, c) : () => 1;
  const terms = [];
  inputs.forEach((input, k) => {
    const [rows, columns, channels] = kind.positions(node, k, input, y, x, c);
    forEach(rows, (inY) =>
      forEach(columns, (inX) =>
        forEach(channels, (inC) => {
          const value = input.values[at(input, inY, inX, inC)], weight = weigh(k, inY, inX, inC);
          terms.push({ input: input.id, y: inY, x: inX, c: inC, value, weight, product: value * weight });
        }),
      ),
    );
  });
  const bias = kind.bias ? kind.bias(node, y, x, c, terms.length) : 0;
  const sum = terms.reduce((total, term) => total + term.product, bias);
  return { terms, bias, sum };
}

// Kinds that are written out in the same way bear one name
const NAMES = { depthwise: "conv", global: "pool", prelu: "activation", rescale: "normalize" };

/**
 * How one value was computed: value × weight, added up, plus the bias, through the activation.
 * @returns {{kind: string, terms: Term[], bias: number, sum: number, activation: string,
 *   result: number, outside: number, text: string}} `outside` counts the positions of a window that
 *   lie in the padding, where there is no term.
 */
export function arithmetic(model, node, y, x, c) {
  const { terms, bias, sum } = additions(model, node, y, x, c);
  let { activation = "linear" } = node.config;
  let result;
  if (node.kind === "input") {
    result = node.values[at(node, y, x, c)];
  } else if (isSoftmax(node)) {
    const scores = Float64Array.from({ length: node.c }, (_, i) => additions(model, node, y, x, i).sum);
    softmax(scores, 0, node.c, activation !== "softmax");
    result = scores[c];
  } else if (node.kind === "prelu") {
    activation = "prelu";
    result = sum > 0 ? sum : sum * slope(node, y, x, c);
  } else {
    result = ACTIVATIONS[activation](sum, node.config.options || {});
  }
  let outside = 0;
  if (node.config.kernel_size) {
    const [kh, kw] = node.config.kernel_size;
    const [rows, columns] = under(node, model.nodes[node.inputs[0]], y, x);
    outside = kh * kw - rows[2] * columns[2];
  } else if (node.kind === "pad" && !terms.length) {
    outside = 1;
  }
  const found = { kind: nameOfKind(node), terms, bias, sum, activation, result, outside };
  return { ...found, text: sentence(model, node, found) };
}

function nameOfKind(node) {
  if (node.kind === "merge") return node.config.mode;
  return NAMES[node.kind] || node.kind;
}

const short = (number) => String(Number(number.toPrecision(3)));

/** The arithmetic of one value in one sentence. */
function sentence(model, node, { kind, terms, bias, sum, activation, result, outside }) {
  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const padded = outside && node.config.kernel_size;
  const padding = padded ? `, ${count(outside, "place")} outside the picture` : "";
  const first = terms.length ? short(terms[0].value) : "";
  const name = activation.replace("_", " ");
  const then = activation === "linear" ? "" : `; ${name} makes that ${short(result)}`;
  switch (node.kind) {
    case "input":
      return `A value of the image: ${short(result)}.`;
    case "conv":
    case "depthwise":
    case "dense":
      return (
        `${count(terms.length, "value")}, each times its weight${padding}, ` +
        `plus the bias ${short(bias)}: ${short(sum)}${then}.`
      );
    case "pool":
    case "global": {
      const what = node.config.mode === "max" ? "largest" : "mean";
      return `The ${what} of ${count(terms.length, "value")}${padding}: ${short(result)}.`;
    }
    case "rescale":
    case "normalize":
      return `${first} times ${short(terms[0].weight)} plus ${short(bias)}: ${short(sum)}.`;
    case "merge": {
      const sign = { add: " + ", subtract: " − ", multiply: " × " }[kind];
      const values = terms.map((term) => short(term.value));
      if (sign) return `${values.join(sign)} = ${short(result)}.`;
      const names = { average: "mean", max: "largest", min: "smallest" };
      return `The ${names[kind]} of ${values.join(", ")}: ${short(result)}.`;
    }
    case "resize":
      return `${count(terms.length, "nearby pixel")}, each times its share: ${short(result)}.`;
    case "activation":
    case "prelu":
      return `${name} of ${first}: ${short(result)}.`;
    default:
      return terms.length ? `The value ${first}, passed on.` : `Outside the picture: ${short(result)}.`;
  }
}

/**
 * How each neuron of the layer before votes for one neuron of a dense layer.
 * @param {number} unit
 * @returns {{index: number, value: number, weight: number, product: number}[]} the strongest
 *   vote first, for or against.
 */
export function votes(model, node, unit) {
  if (node.kind !== "dense") throw new Error(`${node.name} is no dense layer: nothing votes in it.`);
  return additions(model, node, 0, 0, unit)
    .terms.map(({ c, value, weight, product }) => ({ index: c, value, weight, product }))
    .sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
}
