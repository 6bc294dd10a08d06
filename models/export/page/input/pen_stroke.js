/* Find one pen stroke in a picture of paper or a blackboard. */

import { resize } from "./bicubic.js";
import { distances } from "./distances.js";
import { fit, level, paper, terms } from "./paper.js";

const LOOK = 256; // longest side of a picture while its stroke is looked for

/* First row, last row, first column, last column of what is ink; null if nothing is. */
export function box(ink, height, width, least) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (ink[y * width + x] > least) {
        top = Math.min(top, y);
        bottom = y;
        left = Math.min(left, x);
        right = Math.max(right, x);
      }
  return bottom < 0 ? null : { top, bottom, left, right };
}

/* One pen stroke, dark on light or light on dark, whatever shadow lies over the paper. */
export function findStroke(grey, fullHeight, fullWidth) {
  if (Math.min(fullHeight, fullWidth) < 8) return null;
  const scale = LOOK / Math.max(fullHeight, fullWidth);
  const [height, width] = [fullHeight, fullWidth].map((side) => Math.max(1, Math.round(side * scale)));
  let pixels = blur(resize(grey, fullHeight, fullWidth, height, width), height, width);
  const all = terms(height, width);
  const some = [];
  for (let y = 0; y < height; y += 4) for (let x = 0; x < width; x += 4) some.push(y * width + x);
  const shadows = fit(pixels, all, some);
  let skew = 0;
  pixels.forEach((value, at) => {
    skew += (value - level(all, shadows, at)) ** 3;
  });
  if (skew > 0) pixels = pixels.map((value) => 255 - value); // few much lighter pixels: chalk
  const light = paper(pixels, all, some);
  const dark = pixels.map((value, at) => Math.max(0, Math.min(1, 1 - value / Math.max(light[at], 1))));
  const peak = Float32Array.from(dark).sort()[Math.floor(0.999 * (dark.length - 1))];
  if (!(peak >= 0.1)) return null;
  const ink = dark.map((value) => (value > 0.35 * peak ? 1 : 0));
  return { ink: withoutSpecks(ink, height, width), height, width };
}

function blur(pixels, height, width) {
  const kernel = [-2, -1, 0, 1, 2].map((step) => Math.exp(-(step ** 2) / (2 * 0.7 ** 2)));
  const sum = kernel.reduce((one, other) => one + other);
  const once = (values, down, across) => {
    const result = new Float32Array(values.length);
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++, at++)
        for (let n = -2; n <= 2; n++) {
          const row = Math.max(0, Math.min(height - 1, y + n * down));
          const column = Math.max(0, Math.min(width - 1, x + n * across));
          result[at] += (kernel[n + 2] / sum) * values[row * width + column];
        }
    return result;
  };
  return once(once(pixels, 1, 0), 0, 1);
}

/* A pen that skips leaves gaps of a few pixels; what lies farther off and is small is a speck. */
function withoutSpecks(ink, height, width) {
  let grown = ink;
  for (let turn = 0; turn < 4; turn++)
    grown = grown.map((value, at) => {
      const [y, x] = [Math.floor(at / width), at % width];
      return value ||
        (y > 0 && grown[at - width]) ||
        (y < height - 1 && grown[at + width]) ||
        (x > 0 && grown[at - 1]) ||
        (x < width - 1 && grown[at + 1])
        ? 1
        : 0;
    });
  const part = new Int32Array(ink.length);
  const areas = [0],
    inside = [0];
  for (let start = 0; start < ink.length; start++) {
    if (!grown[start] || part[start]) continue;
    const name = areas.length,
      stack = [start];
    let area = 0,
      touchesEdge = false;
    part[start] = name;
    while (stack.length) {
      const at = stack.pop(),
        y = Math.floor(at / width),
        x = at % width;
      area += ink[at];
      touchesEdge ||= y === 0 || x === 0 || y === height - 1 || x === width - 1;
      const visit = (next) => {
        if (grown[next] && !part[next]) {
          part[next] = name;
          stack.push(next);
        }
      };
      if (y > 0) visit(at - width);
      if (y < height - 1) visit(at + width);
      if (x > 0) visit(at - 1);
      if (x < width - 1) visit(at + 1);
    }
    areas.push(area);
    inside.push(touchesEdge ? 0 : area); // a dark corner, or the table beside the paper
  }
  const largest = Math.max(...areas);
  const counted = Math.max(...inside) >= 0.1 * largest ? inside : areas;
  const least = 0.1 * Math.max(...counted);
  return ink.map((value, at) => (value && counted[part[at]] >= least ? 1 : 0));
}

/* Widen a finer pen's stroke to the weight of MNIST's, a ninth of the digit. */
export function thicken({ ink, height, width }) {
  const edges = box(ink, height, width, 0);
  const extent = Math.max(edges.bottom - edges.top, edges.right - edges.left) + 1;
  const depth = distances(
    ink.map((value) => 1 - value),
    height,
    width,
  );
  let [sum, many] = [0, 0];
  ink.forEach((value, at) => {
    // half a stroke's width is how deep its ridge lies in it
    if (!value) return;
    const [y, x] = [Math.floor(at / width), at % width];
    for (let down = -1; down <= 1; down++)
      for (let across = -1; across <= 1; across++) {
        const [row, column] = [y + down, x + across];
        if (
          row >= 0 &&
          row < height &&
          column >= 0 &&
          column < width &&
          depth[row * width + column] > depth[at]
        )
          return;
      }
    sum += depth[at];
    many += 1;
  });
  const missing = Math.max(0, extent / 18 - sum / many);
  const margin = Math.floor(missing) + 2;
  const [tall, wide] = [height + 2 * margin, width + 2 * margin];
  const larger = new Float32Array(tall * wide);
  for (let y = 0; y < height; y++)
    larger.set(ink.subarray(y * width, (y + 1) * width), (y + margin) * wide + margin);
  const far = distances(larger, tall, wide);
  return {
    ink: far.map((value) => Math.max(0, Math.min(1, missing + 1 - value))),
    height: tall,
    width: wide,
  };
}
