/* What the frozen network makes of a picture: the values of the layer before its last dense layer. */

import { load } from "../engine/model.js";

export class Frozen {
  /* `network` is what `portable` wrote down, `id` the layer's. It is read anew, so that changes by the user, in a card
     of the page, do not touch it. */
  constructor(network, kernels, id) {
    Object.assign(this, { network, kernels, id });
    this.model = null;
  }

  /* The features of a picture in the model's range. */
  async features(pixels, work) {
    this.model ??= await load(this.network, this.kernels, work.rest);
    const { model, id } = this;
    model.take(pixels);
    for (const node of model.nodes.slice(1, id + 1)) {
      await model.computeSlowly(node, -1, work.rest);
      const wait = work.rest();
      if (wait) await wait;
    }
    return model.nodes[id].values.slice();
  }
}
