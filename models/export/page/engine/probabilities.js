/** What the model answers: the probability of each class, or a number. */

import { sigmoid, softmax } from "./activations.js";

/**
 * What the model answers: the probability of each class, or, if `isNumber`, the number that it predicts.
 * @returns {Float32Array}
 */
export const answers = (model, isNumber) =>
  isNumber ? model.nodes.at(-1).values.slice() : probabilities(model);

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
  if (areShares(values)) return values;
  if (values.length === 1) values[0] = sigmoid(values[0]);
  else softmax(values, 0, values.length, false);
  return values;
}

/** Whether several numbers are shares already, as where a model divides by the sum itself. */
const areShares = (values) =>
  values.length > 1 &&
  values.every((value) => value >= 0) &&
  Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 1e-4;
