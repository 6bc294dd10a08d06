/* Grad-CAM and LayerCAM: the maps of a layer, weighted by the gradient of the answer, added up. */

import { gradientOf } from "../engine/backward/gradients.js";
import { hasMaps } from "../layers/nodes.js";
import { runSlowly } from "./slices.js";

/* The layers whose maps have more than one pixel, from the first layer with weights on: before it there is only the
   picture. */
export function mapLayers(model) {
  const learned = [];
  for (const { inputs, weights } of model.nodes)
    learned.push(Object.keys(weights).length > 0 || inputs.some((id) => learned[id]));
  return model.nodes.filter((node) => hasMaps(node) && node.h * node.w > 1 && learned[node.id]);
}

/* Grad-CAM weighs each map by its mean gradient, LayerCAM each pixel by its own, where positive. Where the sum is
   negative it counts as 0. Gives {values, h, w}. */
export async function classMap(model, pixels, { score, layer, byPixel }, work) {
  await runSlowly(model, pixels, work);
  const { h, w, c, values } = model.nodes[layer];
  const gradient = await gradientOf(model, score, layer, work.rest);
  const means = new Float64Array(c);
  gradient.forEach((value, at) => {
    means[at % c] += value / (h * w);
  });
  const heat = new Float64Array(h * w);
  for (let at = 0; at < values.length; at++) {
    heat[Math.floor(at / c)] += (byPixel ? Math.max(0, gradient[at]) : means[at % c]) * values[at];
  }
  return { values: heat.map((value) => Math.max(0, value)), h, w };
}
