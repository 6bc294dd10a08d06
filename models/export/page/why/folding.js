/* Batch normalization folded into the layer before it: the same function with fewer steps, as it is run on phones. */

import { prepare, sameLayer } from "./weights.js";

const FOLDED_INTO = new Set(["conv", "depthwise", "dense"]);

/* What a transpose takes from [row, column, channel] of its result on, where it is regular. */
const isGather = ({ kind, config }, strides, sides) =>
  kind === "gather" &&
  config.start === 0 &&
  strides.every((stride, axis) => config.strides[axis] === stride || sides[axis] === 1);

/* The layer whose values a node takes. Where channels come first, there are two transposes in between: one puts them
   first, as Keras has them, and one last again, as the page computes. */
function maker(model, node, takers) {
  const back = model.nodes[node.inputs[0]];
  const there = model.nodes[back.inputs[0]];
  const layer = there && model.nodes[there.inputs[0]];
  if (!layer || takers[back.id] !== 1 || takers[there.id] !== 1) return back;
  const { h, w, c } = layer;
  const undone =
    isGather(there, [1, w * c, c], [c, h, w]) &&
    isGather(back, [w, 1, h * w], [h, w, c]) &&
    layer.c === node.c;
  return undone ? layer : back;
}

/* [layer, batch normalization behind it], of those that can be folded: nothing else takes the layer's values, it has no
   activation, and neither of them is called twice. */
export function foldable(model) {
  const takers = model.nodes.map(() => 0);
  for (const { inputs } of model.nodes) for (const id of inputs) takers[id] += 1;
  return model.nodes
    .filter(({ type, kind }) => type === "BatchNormalization" && kind === "normalize")
    .map((node) => [maker(model, node, takers), node])
    .filter(
      ([before, node]) =>
        FOLDED_INTO.has(before.kind) &&
        (before.config.activation ?? "linear") === "linear" &&
        takers[before.id] === 1 &&
        before.c === node.c &&
        sameLayer(model, before).length === 1 &&
        sameLayer(model, node).length === 1,
    );
}

/* Kernel and bias of a layer with what a batch normalization does to its features. */
export function folded({ weights, c }, { scale, offset }) {
  return {
    ...weights,
    kernel: weights.kernel.map((value, at) => value * scale[at % c]),
    bias: Float32Array.from(offset, (value, at) => value + (weights.bias?.[at] ?? 0) * scale[at]),
  };
}

/* Weights with which a batch normalization changes nothing. */
function identity({ weights, config }) {
  const filled = (key, value) => weights[key] && { [key]: new Float32Array(weights[key].length).fill(value) };
  return {
    ...filled("gamma", 1),
    ...filled("beta", 0),
    ...filled("mean", 0),
    ...filled("variance", 1 - config.epsilon),
  };
}

export class Folding {
  constructor(model) {
    this.model = model;
    this.pairs = foldable(model);
    this.kept = []; // [node, its weights]
  }

  get on() {
    return this.kept.length > 0;
  }

  set(on) {
    if (on === this.on) return;
    if (on) {
      for (const [before, node] of this.pairs) {
        const own = [
          [before, before.weights],
          [node, node.weights],
        ];
        const instead = [folded(before, node), identity(node)];
        own.forEach(([each], at) => {
          each.weights = instead[at];
        });
        this.kept.push(...own);
      }
    } else {
      for (const [node, weights] of this.kept.splice(0)) node.weights = weights;
    }
    for (const pair of this.pairs) for (const node of pair) prepare(this.model, node);
  }
}
