/** The probability of each class. */

import { sigmoid, softmax } from "./activations.js";

/**
 * The values of the model's last layer, once they have gone through a softmax or a sigmoid. Where the
 * model ends in logits, these are applied here: a sigmoid if there is one logit, a softmax if there are more.
 * @returns {Float32Array}
 */
export function probabilities(model) {
  let node = model.nodes.at(-1);
  const values = node.values.slice();
  while (node.kind === "copy") node = model.nodes[node.inputs[0]];
  if (["softmax", "sigmoid"].includes(node.config.activation)) return values;
  if (values.length === 1) values[0] = sigmoid(values[0]);
  else softmax(values, 0, values.length, false);
  return values;
}
