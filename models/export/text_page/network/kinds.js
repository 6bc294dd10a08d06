/* What each kind of node computes: from its weights and the states of its inputs to its own state. */

import { ACTIVATIONS, isSoftmax, softmax } from "../../page/engine/activations.js";
import { first, globalMaximum, globalMean, inOrder, mean, meanAndMaximum, scores } from "./pooling.js";
import { beside, merge, recurrent } from "./recurrent.js";
import { addProduct, empty, state } from "./rows.js";

/* Token ids to vectors. With `mask_zero`, id 0 stands for no word. */
function embedding(node, [ids]) {
  const { vectors } = node.weights;
  const [, c] = node.weightShapes.vectors;
  const mask = node.config.mask_zero ? Uint8Array.from(ids.values, (id) => (id ? 1 : 0)) : null;
  const made = empty(ids.rows, c, mask);
  for (let t = 0; t < ids.rows; t++) {
    const from = ids.values[t] * c;
    made.values.set(vectors.subarray(from, from + c), t * c);
  }
  return made;
}

const isWord = (node, [ids]) =>
  state(
    ids.values.map((id) => (id ? 1 : 0)),
    ids.rows,
    1,
  );

/* One of the inputs may have a single number in each row. */
function multiply(node, inputs) {
  const c = Math.max(...inputs.map((each) => each.c));
  const made = empty(inputs[0].rows, c, inputs.find((each) => each.mask)?.mask);
  made.values.fill(1);
  for (const each of inputs) {
    for (let at = 0; at < made.values.length; at++) {
      made.values[at] *= each.values[each.c === 1 ? Math.floor(at / c) : at];
    }
  }
  return made;
}

function activateRows(made, config) {
  const { activation, options } = config;
  if (activation === "linear") return made;
  if (isSoftmax({ config })) {
    for (let t = 0; t < made.rows; t++)
      softmax(made.values, t * made.c, made.c, activation === "log_softmax");
    return made;
  }
  const f = ACTIVATIONS[activation];
  for (let at = 0; at < made.values.length; at++) made.values[at] = f(made.values[at], options);
  return made;
}

const activation = (node, [x]) =>
  activateRows(state(Float64Array.from(x.values), x.rows, x.c, x.mask), node.config);

/* Each row times the kernel. `sums` are what the activation function gets. */
function dense(node, [x]) {
  const { kernel, bias } = node.weights;
  const [, c] = node.weightShapes.kernel;
  const made = empty(x.rows, c, x.mask);
  for (let t = 0; t < x.rows; t++) {
    const row = made.values.subarray(t * c, (t + 1) * c);
    if (bias) row.set(bias);
    addProduct(row, x.values, t * x.c, x.c, kernel);
  }
  return activateRows(Object.assign(made, { sums: Float64Array.from(made.values) }), node.config);
}

/* How many rows before the first one the window of a convolution begins. */
export const before = ({ config }) => (config.padding === "same" ? Math.floor((config.size - 1) / 2) : 0);

/* Each window of neighbouring rows times the kernel. */
function conv(node, [x]) {
  const { kernel, bias } = node.weights;
  const [size, , c] = node.weightShapes.kernel;
  const rows = node.config.padding === "same" ? x.rows : Math.max(0, x.rows - size + 1);
  const made = empty(rows, c, null);
  for (let t = 0; t < rows; t++) {
    const row = made.values.subarray(t * c, (t + 1) * c);
    if (bias) row.set(bias);
    for (let k = 0; k < size; k++) {
      const from = t + k - before(node);
      if (from < 0 || from >= x.rows) continue;
      addProduct(row, x.values, from * x.c, x.c, kernel.subarray(k * x.c * c, (k + 1) * x.c * c));
    }
  }
  return activateRows(made, node.config);
}

/* Rows one after the other. */
function join(node, inputs) {
  const rows = inputs.reduce((sum, each) => sum + each.rows, 0);
  const made = empty(rows, inputs[0].c);
  let at = 0;
  for (const each of inputs) {
    made.values.set(each.values, at);
    at += each.values.length;
  }
  return made;
}

/* A number for each pair of neighbouring words: several pairs may share one. */
function pairs(node, [ids]) {
  const { rows, factor } = node.config;
  const count = Math.max(0, ids.rows - 1);
  const made = empty(count, 1);
  for (let t = 0; t < count; t++) made.values[t] = (ids.values[t] * factor + ids.values[t + 1]) % rows;
  return made;
}

function arePairs(node, [, mask]) {
  const count = Math.max(0, mask.rows - 1);
  return state(
    Float64Array.from({ length: count }, (_, t) => mask.values[t] * mask.values[t + 1]),
    count,
    1,
  );
}

const copy = (node, [x]) => (node.config.masking ? x : { ...x, mask: null });

/** {kind: function(node, states of its inputs, whether to keep parts) -> State}. */
export const KINDS = {
  embedding,
  is_word: isWord,
  multiply,
  copy,
  activation,
  recurrent,
  merge,
  dense,
  conv,
  join,
  concatenate: beside,
  mean,
  mean_and_maximum: meanAndMaximum,
  global_mean: globalMean,
  global_maximum: globalMaximum,
  pairs,
  are_pairs: arePairs,
  in_order: inOrder,
  first,
  scores,
};
