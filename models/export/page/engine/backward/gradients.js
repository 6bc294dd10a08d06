/**
 * Gradients: by how much the answer rises with each value of a layer, or of the picture.
 *
 * For each kind of node, BACKWARD has a function (node, inputs, gradient, to): `gradient` is that of the
 * answer with respect to what the node computed, before any activation function; it adds, for each
 * input, its share to `to[k]`, which is null where it is not needed. Those that take long, see ROWS, are also given
 * the first of the rows to go through, and the one after the last.
 */

import { KINDS } from "../kinds.js";
import { inParts } from "../parts.js";
import { hasDerivative, needsSums, throughActivation } from "./activations.js";
import { matmul, mixed, scores } from "./attention.js";
import { concatenate, copy, gather, pad, resize } from "./moving.js";
import { activation, merge, prelu, scale, standardize } from "./pixelwise.js";
import { globalPool, pool } from "./pooling.js";
import { conv, dense, depthwise, transposed } from "./weighted.js";

export const BACKWARD = {
  conv,
  depthwise,
  transposed,
  dense,
  pool,
  global: globalPool,
  rescale: scale,
  normalize: scale,
  standardize,
  activation,
  prelu,
  merge,
  copy,
  gather,
  pad,
  concatenate,
  resize,
  scores,
  mixed,
  matmul,
};

const ROWS = {
  conv: (node) => node.h,
  depthwise: (node) => node.h,
  transposed: (node, [input]) => input.h,
  dense: (node, [input]) => input.c,
};

const FINAL = new Set(["softmax", "sigmoid"]);

/**
 * The number that speaks for a class: its logit, before a final softmax or sigmoid, after which gradients
 * vanish where the model is sure. One neuron's logit is that of class 1, and counts the other way round for
 * class 0. Of a model that gives a number it is that number.
 *
 * @typedef {{id: number, index: number, sign: number, before: boolean}} Score
 *   The value `index` of node `id`, times `sign`; before the node's own activation function if `before`.
 * @returns {Score}
 */
export function scoreOf(model, unit, isNumber = false) {
  let node = model.nodes.at(-1);
  const single = node.values.length === 1;
  while (node.kind === "copy") node = model.nodes[node.inputs[0]];
  const final = !isNumber && FINAL.has(node.config.activation);
  const before = final && node.kind !== "activation";
  const { id } = final && !before ? model.nodes[node.inputs[0]] : node;
  return { id, index: single ? 0 : unit, sign: single && !isNumber && unit === 0 ? -1 : 1, before };
}

/** The score in the model's last run. */
export function scoreValue(model, { id, index, sign, before }) {
  const node = model.nodes[id];
  if (!before) return sign * node.values[index];
  const [kept, inputs] = [node.values.slice(), model.inputsOf(node)];
  KINDS[node.kind].run(node, inputs);
  const value = node.values[index];
  node.values.set(kept);
  return sign * value;
}

/** What a node's activation function was applied to: computed once more, since only the result was kept. */
async function beforeActivation(model, node, rest) {
  const inputs = model.inputsOf(node);
  if (node.kind === "activation") return inputs[0].values;
  const kept = node.values.slice();
  await model.sumsSlowly(node, -1, rest);
  const sums = node.values.slice();
  node.values.set(kept);
  return sums;
}

/** Which nodes a node's values go into: itself, and all that are computed from it. */
function follows(model, start) {
  const found = [];
  for (const { id, inputs } of model.nodes) found.push(id === start || inputs.some((from) => found[from]));
  return found;
}

/**
 * The nodes between one and the score whose gradients are not written.
 * @returns {Node[]}
 */
export function withoutGradient(model, score, start = 0) {
  const after = follows(model, start);
  const reached = new Set([score.id]);
  const missing = [];
  for (let id = score.id; id > start; id--) {
    if (!reached.has(id) || !after[id]) continue;
    const node = model.nodes[id];
    const known = BACKWARD[node.kind] && ((id === score.id && score.before) || hasDerivative(node));
    if (!known) missing.push(node);
    for (const from of node.inputs) reached.add(from);
  }
  return missing.reverse();
}

/**
 * The gradient of a score with respect to the values of a node, in the model's last run.
 * @param {Model} model
 * @param {Score} score
 * @param {number} start  The node's id; 0 is the picture.
 * @param {() => ?Promise} rest  Called after each layer, so that a page can do other things in between.
 * @returns {Promise<Float64Array>}
 */
export async function gradientOf(model, score, start = 0, rest = () => null) {
  const after = follows(model, start);
  const gradients = new Map();
  const of = (id) => {
    if (!gradients.has(id)) gradients.set(id, new Float64Array(model.nodes[id].values.length));
    return gradients.get(id);
  };
  of(score.id)[score.index] = score.sign;
  for (let id = score.id; id > start; id--) {
    if (!gradients.has(id) || !after[id]) continue;
    const node = model.nodes[id],
      gradient = of(id);
    const inputs = node.inputs.map((from) => model.nodes[from]);
    for (const c of node.off ?? []) for (let i = c; i < gradient.length; i += node.c) gradient[i] = 0;
    if (id !== score.id || !score.before) {
      const sums = needsSums(node) ? await beforeActivation(model, node, rest) : null;
      const through = (...part) => throughActivation(node, sums, gradient, ...part);
      await inParts(gradient.length, sums ? 20 * gradient.length : 0, through, rest);
    }
    const to = node.inputs.map((from) => (after[from] ? of(from) : null));
    const back = (...rows) => BACKWARD[node.kind](node, inputs, gradient, to, ...rows);
    const rows = ROWS[node.kind]?.(node, inputs);
    if (rows) await inParts(rows, KINDS[node.kind].parts(node, inputs).cost, back, rest);
    else back();
    gradients.delete(id);
    await rest();
  }
  return of(start);
}
