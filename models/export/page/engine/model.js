/**
 * Runs a Keras network in the browser.
 *
 * A network is a list of nodes in the order of computation. Each node takes the values of one or more
 * nodes before it and computes its own. Values are feature maps of `h` rows, `w` columns and `c`
 * channels in one array, with the channels of one pixel side by side:
 *
 *     values[(y * w + x) * c + channel]
 *
 * A vector of n numbers is a map of one pixel with n channels.
 *
 * What a node computes depends on its kind: see `kinds.js`. The engine only computes; it knows nothing
 * of the page.
 *
 * @typedef {Object} Node
 * @property {number} id  Its index in `model.nodes`.
 * @property {string} name
 * @property {string[]} path  Names of the layers around it, the outermost model's first.
 * @property {string} type  Keras's class, such as "Conv2D".
 * @property {string} kind  What it computes: a key of KINDS.
 * @property {number[]} inputs  Ids.
 * @property {number[]} shape  [h, w, c] or [n].
 * @property {number} h
 * @property {number} w
 * @property {number} c
 * @property {Object} config
 * @property {Object<string, Float32Array>} weights
 * @property {Object<string, number[]>} weightShapes
 * @property {Float32Array} values  What it computed in the last run, as float32.
 * @property {boolean} known  Whether it could: see `Model.run`.
 */

import * as texts from "../texts.js";
import { activate, activationParts } from "./activations.js";
import { KINDS } from "./kinds.js";
import { inParts } from "./parts.js";
import { compile, Space } from "./wasm/kernels.js";
import { decompress, fromBase64, readWeight } from "./weights.js";

class Model {
  /** `kernels` are compiled, or null where the plain code is to compute all. */
  constructor(name, nodes, kernels) {
    /** @type {string} */
    this.name = name;
    /** @type {Node[]} */
    this.nodes = nodes;
    this.kernels = kernels;
  }

  /** @returns {Node[]} */
  inputsOf(node) {
    return node.inputs.map((id) => this.nodes[id]);
  }

  /** The closed boxes, in the order of computation. */
  get boxes() {
    return this.nodes.filter(({ kind }) => kind === "recorded");
  }

  /**
   * Run the network on one image.
   *
   * A closed box knows its values for the examples only. What depends on one that does not know them is
   * not known either: `node.known` is false, and its values are 0.
   * @param {ArrayLike<number>} pixels  h * w * c numbers in the model's range, channels last.
   * @param {number} example  Which of the recorded examples this is; -1 for none.
   * @returns {Float32Array} the last node's values; each node's are in `node.values`.
   */
  run(pixels, example = -1) {
    this.take(pixels);
    for (const node of this.nodes.slice(1)) this.compute(node, example);
    return this.nodes[this.nodes.length - 1].values;
  }

  /** Put an image in, for `compute` of all other nodes. */
  take(pixels) {
    const [image] = this.nodes;
    if (pixels.length !== image.values.length) {
      throw new Error(texts.wrongSize(image.values.length, pixels.length));
    }
    image.values.set(pixels);
  }

  /** Whether a node can be computed now; if not, its values become 0. */
  begin(node, example) {
    const isBox = node.kind === "recorded";
    // other inputs and constants have no inputs, and are always known
    node.known = isBox
      ? example >= 0 && example < node.examples
      : this.inputsOf(node).every(({ known }) => known);
    if (!node.known && node.kind !== "copy") node.values.fill(0);
    return node.known;
  }

  /** Compute one node from those before it. Channels that are switched off, `node.off`, become 0. */
  compute(node, example = -1) {
    if (!this.begin(node, example)) return;
    KINDS[node.kind].run(node, this.inputsOf(node), example);
    activate(node);
    switchOff(node);
  }

  /**
   * Compute one node as `compute` does, in parts of a few milliseconds.
   * @param {() => ?Promise} rest  Called between two parts; what it returns is awaited.
   */
  async computeSlowly(node, example, rest) {
    if (!this.begin(node, example)) return;
    await this.sumsSlowly(node, example, rest);
    const { count, cost } = activationParts(node);
    await inParts(count, cost, (from, to) => activate(node, from, to), rest);
    switchOff(node);
  }

  /** Compute what a node's activation function is applied to, likewise. */
  async sumsSlowly(node, example, rest) {
    const { run, parts } = KINDS[node.kind];
    const inputs = this.inputsOf(node);
    if (!parts) run(node, inputs, example);
    else {
      const { count, cost } = parts(node, inputs);
      await inParts(count, cost, (from, to) => run(node, inputs, example, from, to), rest);
    }
  }

  /**
   * The same network, with values of its own: what it computes does not show in this one. Weights are shared.
   * @param {Map<number, Object>} instead  By id, what some nodes have otherwise: weights, and what follows from them.
   * @returns {Model}
   */
  twin(instead = new Map()) {
    const nodes = this.nodes.map((node) => {
      const own = { ...node, ...instead.get(node.id), sums: new Float64Array(node.c) };
      for (const key of ["means", "factors"]) if (node[key]) own[key] = node[key].slice();
      return own;
    });
    giveValues(nodes, this.kernels);
    for (const own of nodes) {
      if (own.kind === "copy") own.values = nodes[own.inputs[0]].values;
      else if (!own.inputs.length) own.values.set(this.nodes[own.id].values);
    }
    return new Model(this.name, nodes, this.kernels);
  }
}

/** Channels that the user has switched off pass 0 on. */
function switchOff({ off, values, c }) {
  for (const channel of off ?? []) for (let i = channel; i < values.length; i += c) values[i] = 0;
}

/** Give each node an array for its values, where `kernels` reach it, if there are any. */
function giveValues(nodes, kernels) {
  let space = null;
  try {
    space = kernels && new Space(kernels, nodes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // more memory than WebAssembly can have
  }
  for (const node of nodes) {
    node.space = space;
    if (node.kind !== "copy")
      node.values = space?.values[node.id] ?? new Float32Array(node.h * node.w * node.c);
  }
}

/**
 * Make a network that runs from what `models.portable.portable` wrote down.
 * @param {Object} portable
 * @param {?string} kernels  `wasm/kernels.wasm` in base64, which compute the heavy layers faster.
 * @param {() => ?Promise} rest  Called between two layers; what it returns is awaited.
 * @returns {Promise<Model>}
 */
export async function load(portable, kernels = null, rest = () => null) {
  const buffer = await decompress(fromBase64(portable.weights));
  const nodes = [];
  for (const description of portable.nodes) {
    const node = { ...description, weights: {}, weightShapes: {} };
    const [h, w, c] = node.shape.length === 3 ? node.shape : [1, 1, node.shape[0]];
    for (const [key, weight] of Object.entries(description.weights)) {
      node.weights[key] = readWeight(buffer, weight);
      node.weightShapes[key] = weight.shape;
    }
    const { options = {} } = node.config;
    const { negative_slope = 0, threshold = 0, max_value = null } = options;
    node.plainRelu = node.config.activation === "relu" && !negative_slope && !threshold && max_value === null;
    node.sums = new Float64Array(c); // where `run` adds up the values of one pixel
    nodes.push(Object.assign(node, { h, w, c, known: true }));
    const wait = rest();
    if (wait) await wait;
  }
  const model = new Model(portable.name, nodes, await compile(kernels));
  giveValues(nodes, model.kernels);
  for (const node of nodes) {
    KINDS[node.kind].prepare?.(node, model.inputsOf(node));
    const wait = rest();
    if (wait) await wait;
  }
  return model;
}
