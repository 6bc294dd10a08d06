/** The probability of each class. */

import { sigmoid, softmax } from "./activations.js";

/**
 * The probability of each class. A model may end in scores instead (logits); then they are
 * squashed here: by softmax, or by sigmoid if there is only one.
 * @returns {{values: Float32Array, squashed: boolean}}
 */
export function scores(model) {
  let node = model.nodes[model.nodes.length - 1];
  const values = node.values.slice();
  while (node.kind === "copy") node = model.nodes[node.inputs[0]];
  if (["softmax", "sigmoid"].includes(node.config.activation)) return { values, squashed: false };
  if (values.length === 1) values[0] = sigmoid(values[0]);
  else softmax(values, 0, values.length, false);
  return { values, squashed: true };
}
