/* Changes of a network's weights: edited by hand, or replaced by random ones, and put back. */

import { KINDS } from "../engine/kinds.js";

const FIXED = new Set(["Normalization", "Mean"]); // their weights were set, not learned

/* The nodes that share a node's weights: a layer that is called several times makes several. */
export const sameLayer = (model, { path, type }) =>
  model.nodes.filter((node) => node.type === type && `${node.path}` === `${path}`);

/* Compute anew what follows from a node's weights. */
export function prepare(model, node) {
  KINDS[node.kind].prepare?.(
    node,
    node.inputs.map((id) => model.nodes[id]),
  );
}

/* Layers with weights that were learned, from the input to the output: lists of nodes with the same weights. */
export function weightedLayers(model) {
  const found = new Map();
  for (const node of model.nodes) {
    if (!Object.keys(node.weights).length || FIXED.has(node.type)) continue;
    const key = `${node.type} ${node.path}`;
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(node);
  }
  return [...found.values()];
}

/* Random numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const STARTS = { gamma: 1, variance: 1 }; // all other weights without a kernel start with 0

/* Weights as a layer has them before training: Glorot's uniform kernels, biases of 0. */
function fresh(node, random) {
  return Object.fromEntries(
    Object.entries(node.weights).map(([key, weight]) => {
      if (key !== "kernel") return [key, new Float32Array(weight.length).fill(STARTS[key] ?? 0)];
      const [inputs, outputs] = node.weightShapes.kernel.slice(-2);
      const most = Math.sqrt((6 * inputs * outputs) / (weight.length * (inputs + outputs)));
      return [key, weight.map(() => most * (2 * random() - 1))];
    }),
  );
}

/* Replaces the weights of the last layers by random ones. */
export class RandomLayers {
  constructor(model) {
    this.model = model;
    this.layers = weightedLayers(model);
    this.kept = new Map(); // by id: the node as it was
    this.count = 0;
    this.seed = 0;
  }

  /* Randomise the last `count` layers, and put all others back exactly. The same layer gets the same
     random weights whatever `count` is. */
  set(count, seed = this.seed) {
    const again = seed !== this.seed;
    this.seed = seed;
    this.count = count;
    this.layers.forEach((nodes, at) => {
      const random = at >= this.layers.length - count;
      if (this.kept.has(nodes[0].id) && (again || !random)) this.putBack(nodes);
      if (!this.kept.has(nodes[0].id) && random) this.randomise(nodes, randomNumbers(seed + at));
    });
  }

  putBack(nodes) {
    for (const node of nodes) {
      const { values, known } = node;
      Object.assign(node, this.kept.get(node.id), { values, known });
      this.kept.delete(node.id);
    }
  }

  randomise(nodes, random) {
    const weights = fresh(nodes[0], random);
    for (const node of nodes) {
      this.kept.set(node.id, { ...node });
      node.weights = weights;
      prepare(this.model, node);
    }
  }

  /* The names of the layers that are random now. */
  names() {
    return this.layers.slice(this.layers.length - this.count).map(([node]) => node.name);
  }
}

/* Edits by hand, the last of which can be undone. */
export class Edits {
  constructor(model) {
    this.model = model;
    this.done = []; // {node, undo}
  }

  get count() {
    return this.done.length;
  }

  /* Set one number of a weight. */
  set(node, key, index, value) {
    const layers = sameLayer(this.model, node).filter((each) => each.weights[key]?.length > index);
    const before = node.weights[key][index];
    const write = (number) => {
      for (const each of layers) {
        each.weights[key][index] = number;
        prepare(this.model, each);
      }
    };
    write(value);
    this.done.push({ undo: () => write(before) });
  }

  /* Switch one map (or neuron) of a node off, or on again. */
  toggle(node, c) {
    const turn = () => {
      node.off ??= new Set();
      if (!node.off.delete(c)) node.off.add(c);
    };
    turn();
    this.done.push({ undo: turn });
  }

  undo() {
    this.done.pop()?.undo();
  }

  reset() {
    while (this.done.length) this.undo();
  }
}
