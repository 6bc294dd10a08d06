/* Runs a network of token ids, and tells what its last layer says. */

import { decompress, fromBase64, readWeight } from "../../page/engine/weights.js";
import { KINDS } from "./kinds.js";
import { state } from "./rows.js";

export class Network {
  constructor(nodes) {
    this.nodes = nodes;
    this.end = nodes.at(-1);
    this.single = this.end.weightShapes.kernel[1] === 1; // one output: the second of two classes
  }

  /**
   * Run the network on the numbers of one text.
   * @param {number[]} ids
   * @param {boolean} keep  Whether to keep the parts of recurrent layers.
   * @returns {State[]} one for each node
   */
  run(ids, keep = false) {
    const states = [state(Float64Array.from(ids), ids.length, 1)];
    for (const node of this.nodes.slice(1)) {
      const inputs = node.inputs.map((id) => states[id]);
      states.push(KINDS[node.kind](node, inputs, keep));
    }
    return states;
  }

  /* The sums of the last layer, one for each class: what the network says before sigmoid or softmax. */
  logits(states) {
    const { sums } = states.at(-1);
    return this.single ? [0, sums[0]] : [...sums];
  }
}

/* Probabilities of all classes, of logits. */
export function shares(logits) {
  const most = Math.max(...logits);
  const parts = logits.map((logit) => Math.exp(logit - most));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

/* Log-odds of a class: the logarithm of its probability over that of all others together. */
export function logOdds(logits, unit) {
  const others = logits.filter((_, at) => at !== unit);
  const most = Math.max(...others);
  return logits[unit] - most - Math.log(others.reduce((sum, each) => sum + Math.exp(each - most), 0));
}

/** The weights of `portable_texts`: a function from their descriptions to numbers. */
export async function reader(portable) {
  const buffer = await decompress(fromBase64(portable.weights));
  return (description) => readWeight(buffer, description);
}

export function build(portable, read) {
  const nodes = portable.nodes.map((description) => {
    const node = { ...description, weights: {}, weightShapes: {} };
    for (const [key, weight] of Object.entries(description.weights)) {
      node.weights[key] = read(weight);
      node.weightShapes[key] = weight.shape;
    }
    return node;
  });
  return new Network(nodes);
}
