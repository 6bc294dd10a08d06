/* The weights that a model had at earlier moments, which can take the place of its own. */

import { decompress, fromBase64, readWeight } from "../engine/weights.js";
import { prepare } from "../why/weights.js";

export class Moments {
  /* `checkpoints` are what `portable_checkpoints` wrote; the last moment is the model as it is. */
  constructor(model, checkpoints, now) {
    this.model = model;
    this.checkpoints = checkpoints;
    this.names = [...checkpoints.map(({ name }) => name), now];
    this.own = model.nodes.map(copied); // the user may edit the model's
    this.read = new Map(); // by the number of the moment
    this.at = checkpoints.length;
  }

  /* Whether the model has other weights than its own. */
  get isEarlier() {
    return this.at < this.checkpoints.length;
  }

  /* For each node its weights at a moment. */
  async weightsOf(at) {
    if (at === this.checkpoints.length) return this.own;
    if (!this.read.has(at)) {
      const { nodes, weights } = this.checkpoints[at];
      const buffer = await decompress(fromBase64(weights));
      const each = (described) =>
        Object.fromEntries(
          Object.entries(described).map(([key, weight]) => [key, readWeight(buffer, weight)]),
        );
      this.read.set(at, nodes.map(each));
    }
    return this.read.get(at);
  }

  /* Let a model, this one or a twin of it, have the weights of a moment. */
  give(model, weights) {
    for (const node of model.nodes) {
      node.weights = weights[node.id];
      if (Object.keys(node.weights).length) prepare(model, node);
    }
  }

  /* Let this model have them, after `reset()` has taken changes back. False if another moment was asked for meanwhile. */
  async use(at, reset) {
    this.at = at;
    const weights = await this.weightsOf(at);
    if (this.at !== at) return false;
    reset();
    this.give(
      this.model,
      weights.map((each) => copied({ weights: each })),
    );
    return true;
  }
}

function copied({ weights }) {
  return Object.fromEntries(Object.entries(weights).map(([key, weight]) => [key, weight.slice()]));
}
