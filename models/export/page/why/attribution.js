/* Gradients of the answer with respect to the picture: at the picture itself, or on the way to it. */

import { gradientOf, scoreValue } from "../engine/backward/gradients.js";
import { runSlowly, SLOW } from "./slices.js";

const STEPS = 32;
const FEW_STEPS = 12; // where one run takes long

/* The values of a pixel's channels, added up. */
function byPixel(values, { h, w, c }) {
  const sums = new Float64Array(h * w);
  values.forEach((value, at) => {
    sums[Math.floor(at / c)] += value;
  });
  return { values: sums, h, w };
}

/* Each value of the picture, as far as it is from black, times its gradient. */
export async function gradientTimesInput(model, pixels, { score, black }, work) {
  await runSlowly(model, pixels, work);
  const gradient = await gradientOf(model, score, 0, work.rest);
  return byPixel(
    gradient.map((value, at) => value * (pixels[at] - black)),
    model.nodes[0],
  );
}

/* Integrated gradients: the mean gradient at `steps` midpoints of the line from black to the picture, times how far
   each value is from black; without `steps`, as many as there is time for. `total` is what all add up to, `rise`
   what the score rises by: they differ as little as the steps are many. */
export async function integratedGradients(model, pixels, { score, black, steps: wanted }, work) {
  const began = performance.now();
  await runSlowly(model, pixels, work);
  const end = scoreValue(model, score);
  const steps = wanted ?? (performance.now() - began > SLOW ? FEW_STEPS : STEPS);
  const mean = new Float64Array(pixels.length);
  for (let step = 0; step < steps; step++) {
    const share = (step + 0.5) / steps;
    await runSlowly(
      model,
      pixels.map((value) => black + (value - black) * share),
      work,
    );
    const gradient = await gradientOf(model, score, 0, work.rest);
    for (let at = 0; at < mean.length; at++) mean[at] += gradient[at] / steps;
    const wait = work.rest(share);
    if (wait) await wait;
  }
  await runSlowly(model, new Float32Array(pixels.length).fill(black), work);
  const rise = end - scoreValue(model, score);
  const found = byPixel(
    mean.map((value, at) => value * (pixels[at] - black)),
    model.nodes[0],
  );
  return { ...found, steps, total: found.values.reduce((sum, value) => sum + value, 0), rise };
}
