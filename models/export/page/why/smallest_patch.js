/* The smallest square that, erased, changes the answer: what would change the network's mind. */

import { answers } from "../engine/probabilities.js";
import { backgroundColour, hide, squares } from "./hiding.js";
import { runSlowly, SLOW } from "./slices.js";

const SHARES = [0.07, 0.11, 0.14, 0.18, 0.21, 0.25, 0.29, 0.36, 0.43, 0.5, 0.6, 0.75]; // of the shorter side

/* {unit, share} of the likeliest class; of one output, class 1 from 0.5 on. */
export function likeliest(model) {
  const found = answers(model, false);
  if (found.length === 1) {
    return found[0] > 0.5 ? { unit: 1, share: found[0] } : { unit: 0, share: 1 - found[0] };
  }
  const unit = found.indexOf(Math.max(...found));
  return { unit, share: found[unit] };
}

/* The sides of the squares that are tried, and the distance from each to the next. */
export function sizes({ h, w }, slow) {
  const sides = SHARES.map((share) => Math.max(1, Math.round(share * Math.min(h, w))));
  return [...new Set(sides)]
    .filter((side, at) => !slow || at % 3 === 2)
    .map((side) => ({ side, stride: Math.max(1, Math.round(side / (slow ? 2 : 3))) }));
}

/* Tries squares from small to large. Gives {side, top, left, unit, share}: the class that the picture becomes, and
   its probability, of the square of that size after which another class is surest; or {largest}, the largest side
   that was tried, if no square changes the answer. `model` is a twin. */
export async function smallestPatch(model, pixels, work) {
  const [image] = model.nodes;
  const began = performance.now();
  await runSlowly(model, pixels, work);
  const tried = sizes(image, performance.now() - began > SLOW);
  const { unit } = likeliest(model);
  const colour = backgroundColour(pixels, image);
  const hidden = new Float32Array(pixels.length);
  const total = tried.reduce((sum, { side, stride }) => sum + squares(image, side, stride).length, 0);
  let done = 0;
  for (const { side, stride } of tried) {
    let best = null;
    for (const square of squares(image, side, stride)) {
      done += 1;
      if (hide(pixels, image, square, side, colour, hidden)) {
        await runSlowly(model, hidden, work);
        const now = likeliest(model);
        if (now.unit !== unit && now.share > (best?.share ?? 0)) best = { side, ...square, ...now };
      }
      const wait = work.rest(done / total);
      if (wait) await wait;
    }
    if (best) return best;
  }
  return { largest: tried.at(-1).side };
}
