/* Occlusion: by how much the answer falls when a square of the picture is hidden. */

import { answers } from "../engine/probabilities.js";
import { hide, meanColour, squares } from "./hiding.js";
import { runSlowly, SLOW } from "./slices.js";

/* What a model answers for a class: a probability; or the number that it predicts. */
export function answerFor(model, unit, isNumber) {
  const found = answers(model, isNumber);
  if (found.length > 1 || isNumber) return found[unit];
  return unit ? found[0] : 1 - found[0];
}

/* The map, {values, h, w, c: 1, window, many}. Squares cover the picture, and overlap where there is time; a pixel gets the mean over those that
   hide it. `model` is a twin: its values are overwritten. */
export async function occlusion(model, pixels, { unit, isNumber }, work) {
  const [image] = model.nodes;
  const { h, w, c } = image;
  const window = Math.max(1, Math.round(Math.min(h, w) / 6));
  const began = performance.now();
  await runSlowly(model, pixels, work);
  const slow = performance.now() - began > SLOW;
  const all = squares(image, window, slow ? window : Math.max(1, Math.floor(window / 2)));
  const before = answerFor(model, unit, isNumber);
  const colour = meanColour(pixels, c);
  const hidden = new Float32Array(pixels.length);
  const [sums, counts] = [new Float64Array(h * w), new Uint16Array(h * w)];
  for (const [at, square] of all.entries()) {
    let fall = 0;
    if (hide(pixels, image, square, window, colour, hidden)) {
      await runSlowly(model, hidden, work);
      fall = before - answerFor(model, unit, isNumber);
    }
    for (let y = square.top; y < square.top + window; y++) {
      for (let x = square.left; x < square.left + window; x++) {
        sums[y * w + x] += fall;
        counts[y * w + x] += 1;
      }
    }
    const wait = work.rest(at / all.length);
    if (wait) await wait;
  }
  return { values: sums.map((sum, at) => sum / counts[at]), h, w, window, many: all.length };
}
