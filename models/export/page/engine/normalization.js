/** Layers that scale and shift each channel: Rescaling, Normalization, BatchNormalization. */

import { only } from "./positions.js";
import * as kernels from "./wasm/kernels.js";

/** Each value times a number, plus a number: the same for all, or one for each channel. */
export const rescale = {
  prepare(node) {
    const { scale, offset } = node.config;
    node.scale = Float64Array.from({ length: node.c }, (_, i) => scale[scale.length > 1 ? i : 0]);
    node.offset = Float64Array.from({ length: node.c }, (_, i) => offset[offset.length > 1 ? i : 0]);
  },
  run: scaleChannels,
  positions: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
  weigh: (node, inputs, y, x, c) => () => node.scale[c],
  bias: (node, y, x, c) => node.offset[c],
};

/** Each channel minus its mean, over its standard deviation; times gamma, plus beta. */
export const normalize = {
  prepare(node) {
    const { gamma, beta, mean, variance } = node.weights;
    const of = (weight, i, missing) => (weight ? weight[weight.length > 1 ? i : 0] : missing);
    node.scale = Float64Array.from(
      { length: node.c },
      (_, i) => of(gamma, i, 1) / Math.sqrt(of(variance, i) + node.config.epsilon),
    );
    node.offset = node.scale.map((scale, i) => of(beta, i, 0) - of(mean, i) * scale);
  },
  run: scaleChannels,
  positions: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
  weigh: (node, inputs, y, x, c) => () => node.scale[c],
  bias: (node, y, x, c) => node.offset[c],
};

function scaleChannels(node, [input]) {
  if (kernels.scale(node, input)) return;
  const { values, scale, offset, c } = node;
  for (let i = 0; i < values.length; ) {
    for (let channel = 0; channel < c; channel++, i++) {
      values[i] = input.values[i] * scale[channel] + offset[channel];
    }
  }
}
