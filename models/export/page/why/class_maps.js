/* Grad-CAM and LayerCAM: the maps of a layer, weighted by the gradient of the answer, added up. */

import { gradientOf } from "../engine/backward/gradients.js";
import { hasMaps, isPicture } from "../layers/nodes.js";
import { runSlowly } from "./slices.js";

/* The layers whose maps have more than one pixel, but for the picture itself. */
export const mapLayers = (model) =>
  model.nodes.filter((node) => hasMaps(node) && node.h * node.w > 1 && !isPicture(model, node));

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
