/* Digits as MNIST has them: 28 × 28 pixels, white ink on black, 20 pixels long, the centre of mass in
   the middle. The same steps as in datasets/digits.py, so that the page and
   `python -m tutorials.predict` see the same picture. */

import { resize } from "./bicubic.js";
import { box, findStroke, thicken } from "./pen_stroke.js";

export const SIDE = 28;
const LONGEST = 20;

/* Scale and centre ink, 0 for paper to 1, as MNIST was made; null if there is none. */
export function asMnist(ink, height, width) {
  const edges = box(ink, height, width, 0.1);
  if (!edges) return null;
  const { part, rows, columns } = cut(ink, width, edges);
  const scale = LONGEST / Math.max(rows, columns);
  const [tall, wide] = [rows, columns].map((side) => Math.max(1, Math.round(side * scale)));
  const digit = resize(
    part.map((value) => Math.floor(255 * value)),
    rows,
    columns,
    tall,
    wide,
  );
  const most = digit.reduce((one, other) => Math.max(one, other));
  let [mass, down, across] = [0, 0, 0];
  digit.forEach((value, at) => {
    digit[at] = (value * 255) / most;
    mass += digit[at];
    down += digit[at] * Math.floor(at / wide);
    across += digit[at] * (at % wide);
  });
  const start = (centre, side) => Math.max(0, Math.min(SIDE - side, Math.round((SIDE - 1) / 2 - centre)));
  const [top, left] = [start(down / mass, tall), start(across / mass, wide)];
  const result = new Float32Array(SIDE * SIDE);
  digit.forEach((value, at) => {
    result[(top + Math.floor(at / wide)) * SIDE + left + (at % wide)] = Math.round(value);
  });
  return result;
}

/* A picture of one digit in shades of grey, as MNIST has it; null if nothing stands out.
   One of 28 x 28 that is light on dark already is taken as it is. */
export function fromGrey(grey, height, width) {
  if (height === SIDE && width === SIDE && isMnist(grey)) return Float32Array.from(grey, Math.round);
  let stroke = findStroke(grey, height, width);
  if (!stroke) return null;
  // Look again, closely
  const edges = box(stroke.ink, stroke.height, stroke.width, 0);
  const scale = Math.max(height, width) / Math.max(stroke.height, stroke.width);
  const margin = Math.floor(Math.max(edges.bottom - edges.top, edges.right - edges.left) / 2);
  const near = cut(grey, width, {
    top: Math.max(0, Math.floor((edges.top - margin) * scale)),
    bottom: Math.min(height - 1, Math.floor((edges.bottom + margin) * scale)),
    left: Math.max(0, Math.floor((edges.left - margin) * scale)),
    right: Math.min(width - 1, Math.floor((edges.right + margin) * scale)),
  });
  stroke = findStroke(near.part, near.rows, near.columns);
  if (!stroke) return null;
  const weighted = thicken(stroke);
  return asMnist(weighted.ink, weighted.height, weighted.width);
}

function isMnist(grey) {
  const border = [];
  for (let n = 0; n < SIDE; n++)
    border.push(grey[n], grey[(SIDE - 1) * SIDE + n], grey[n * SIDE], grey[n * SIDE + SIDE - 1]);
  border.sort((one, other) => one - other);
  return border[border.length / 2] < 64 && grey.some((value) => value >= 128);
}

function cut(pixels, width, { top, bottom, left, right }) {
  const [rows, columns] = [bottom - top + 1, right - left + 1];
  const part = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++)
    part.set(pixels.subarray((top + y) * width + left, (top + y) * width + left + columns), y * columns);
  return { part, rows, columns };
}
