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
import { activate } from "./activations.js";
import { KINDS } from "./kinds.js";
import { decompress, fromBase64, readWeight } from "./weights.js";

class Model {
  constructor(name, nodes) {
    /** @type {string} */
    this.name = name;
    /** @type {Node[]} */
    this.nodes = nodes;
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

  /** Compute one node from those before it. Channels that are switched off, `node.off`, become 0. */
  compute(node, example = -1) {
    const inputs = node.inputs.map((id) => this.nodes[id]);
    const isBox = node.kind === "recorded";
    // other inputs and constants have no inputs, and are always known
    node.known = isBox ? example >= 0 && example < node.examples : inputs.every(({ known }) => known);
    if (node.known) {
      KINDS[node.kind].run(node, inputs, example);
      activate(node);
      for (const c of node.off ?? []) for (let i = c; i < node.values.length; i += node.c) node.values[i] = 0;
    } else if (node.kind !== "copy") node.values.fill(0);
  }

  /**
   * The same network, with values of its own: what it computes does not show in this one. Weights are shared.
   * @param {Map<number, Object>} instead  By id, what some nodes have otherwise: weights, and what follows from them.
   * @returns {Model}
   */
  twin(instead = new Map()) {
    const nodes = [];
    for (const node of this.nodes) {
      const own = { ...node, ...instead.get(node.id), sums: new Float64Array(node.c) };
      if (node.kind === "copy") own.values = nodes[node.inputs[0]].values;
      else own.values = node.inputs.length ? new Float32Array(node.values.length) : node.values.slice();
      for (const key of ["means", "factors"]) if (node[key]) own[key] = node[key].slice();
      nodes.push(own);
    }
    return new Model(this.name, nodes);
  }
}

/**
 * Make a network that runs from what `models.portable.portable` wrote down.
 * @param {Object} portable
 * @returns {Promise<Model>}
 */
export async function load(portable) {
  const buffer = await decompress(fromBase64(portable.weights));
  const nodes = [];
  for (const description of portable.nodes) {
    const node = { ...description, weights: {}, weightShapes: {} };
    const [h, w, c] = node.shape.length === 3 ? node.shape : [1, 1, node.shape[0]];
    for (const [key, weight] of Object.entries(description.weights)) {
      node.weights[key] = readWeight(buffer, weight);
      node.weightShapes[key] = weight.shape;
    }
    Object.assign(node, { h, w, c, known: true });
    const { options = {} } = node.config;
    const { negative_slope = 0, threshold = 0, max_value = null } = options;
    node.plainRelu = node.config.activation === "relu" && !negative_slope && !threshold && max_value === null;
    if (node.kind !== "copy") node.values = new Float32Array(h * w * c);
    node.sums = new Float64Array(c); // where `run` adds up the values of one pixel
    nodes.push(node);
    const { prepare } = KINDS[node.kind];
    if (prepare)
      prepare(
        node,
        node.inputs.map((id) => nodes[id]),
      );
  }
  return new Model(portable.name, nodes);
}
