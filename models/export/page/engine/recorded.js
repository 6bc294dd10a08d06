/** What is not computed from the picture: closed boxes, other inputs, and numbers that are always the same. */

import { all } from "./positions.js";

/** Values that are the same for each picture, such as an embedding of each position. */
export const constant = {
  prepare(node) {
    node.values.set(node.weights.values);
    node.weights = {};
  },
  run() {},
};

/** The picture, or another input, which keeps the values of the example that was chosen last or typed numbers. */
export const input = {
  prepare(node) {
    if (!node.config.other) return;
    node.recorded = node.weights.values;
    node.examples = node.weightShapes.values[0];
    node.weights = {};
  },
  run(node, inputs, example) {
    if (!node.config.other || example < 0 || example >= node.examples) return;
    const size = node.values.length;
    node.values.set(node.recorded.subarray(example * size, (example + 1) * size));
  },
};

/** Closed boxes: what this engine cannot compute. Keras computed their values for the examples. */

export const recorded = {
  /* The numbers are no weights: they are kept apart. */
  prepare(node) {
    node.recorded = node.weights.values;
    node.examples = node.weightShapes.values[0];
    node.weights = {};
  },
  run(node, inputs, example) {
    const size = node.values.length;
    node.values.set(node.recorded.subarray(example * size, (example + 1) * size));
  },
  positions: (node, k, input) => [all(input.h), all(input.w), all(input.c)],
};
