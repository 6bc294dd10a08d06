/**
 * Gradients: by how much the answer rises with each value of a layer, or of the picture.
 *
 * For each kind of node, BACKWARD has a function (node, inputs, gradient, to): `gradient` is that of the
 * answer with respect to what the node computed, before any activation function; it adds, for each
 * input, its share to `to[k]`, which is null where it is not needed.
 */

import { KINDS } from "../kinds.js";
import { hasDerivative, throughActivation } from "./activations.js";
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
  return sign * (before ? beforeActivation(model, node) : node.values)[index];
}

/** What a node's activation function was applied to: computed once more, since only the result was kept. */
function beforeActivation(model, node) {
  const inputs = node.inputs.map((id) => model.nodes[id]);
  if (node.kind === "activation") return inputs[0].values;
  const { values } = node;
  const sums = new Float32Array(values.length);
  node.values = sums;
  KINDS[node.kind].run(node, inputs);
  node.values = values;
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
    if (id !== score.id || !score.before)
      throughActivation(node, () => beforeActivation(model, node), gradient);
    const to = node.inputs.map((from) => (after[from] ? of(from) : null));
    BACKWARD[node.kind](node, inputs, gradient, to);
    gradients.delete(id);
    await rest();
  }
  return of(start);
}
