/* What is known of a node and of the places in it. A place is {id, y, x, c}: a pixel of a feature map,
   or a value of a vector, where y and x are 0. */

import { sources } from "../engine/receptive_fields.js";

/* Whether a node holds feature maps, with rows and columns, and not a vector. */
export const hasMaps = (node) => node.shape.length === 3;

export const mapCount = (node) => (hasMaps(node) ? node.c : 1);

export const hasFilters = (node) => ["conv", "depthwise"].includes(node.kind);

export const parameterCount = (node) =>
  Object.values(node.weights).reduce((sum, values) => sum + values.length, 0);

/* Whether a node still holds the picture, only resized or with another border. */
export function isPicture(model, node) {
  if (!node.inputs.length) return node.id === 0;
  return ["resize", "pad"].includes(node.kind) && isPicture(model, model.nodes[node.inputs[0]]);
}

export const valueAt = (model, { id, y, x, c }) => {
  const { w, c: channels, values } = model.nodes[id];
  return values[(y * w + x) * channels + c];
};

/* Where a value was before the layers that only pass values on. */
export function origin(model, place) {
  const node = model.nodes[place.id];
  if (node.kind !== "copy") return place;
  const [box] = sources(model, node, place.y, place.x, place.c);
  return origin(model, { id: box.id, y: box.y0, x: box.x0, c: box.c0 });
}

/* The dense layer that computes the prediction, if there is one. */
export function lastDense(model) {
  let node = model.nodes.at(-1);
  while (["copy", "activation"].includes(node.kind) && node.inputs.length) node = model.nodes[node.inputs[0]];
  return node.kind === "dense" ? node : null;
}

/* A good place to begin: the largest value of the second convolution, among the first `few` maps. */
export function firstPlace(model, few) {
  const convolutions = model.nodes.filter(
    (node) => hasFilters(node) && node.values.length && Math.max(...node.config.kernel_size) > 1,
  );
  const node = convolutions.slice(0, 2).at(-1) || model.nodes.find(({ kind }) => kind === "dense");
  if (!node) return null;
  let best = 0;
  const shown = hasMaps(node) ? Math.min(few, node.c) : node.c;
  node.values.forEach((value, at) => {
    if (value > node.values[best] && at % node.c < shown) best = at;
  });
  const pixel = Math.floor(best / node.c);
  return { id: node.id, y: Math.floor(pixel / node.w), x: pixel % node.w, c: best % node.c };
}
