/* Digits as MNIST has them: 28 x 28 pixels, white ink on black, 20 pixels long, the centre of mass
   in the middle. The same steps as in datasets/digits.py, so that the page and
   `python -m tutorials.predict` see one picture alike. */

import { resize } from "./resize.js";

export const SIDE = 28;
const LONGEST = 20;
const LOOK = 256; // longest side of a picture while its stroke is looked for

/* First row, last row, first column, last column of what is ink; null if nothing is. */
function box(ink, height, width, least) {
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

function cut(pixels, width, { top, bottom, left, right }) {
  const [rows, columns] = [bottom - top + 1, right - left + 1];
  const part = new Float32Array(rows * columns);
  for (let y = 0; y < rows; y++)
    part.set(pixels.subarray((top + y) * width + left, (top + y) * width + left + columns), y * columns);
  return { part, rows, columns };
}

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

/* One pen stroke, dark on light or light on dark, whatever shadow lies over the paper. */
function findStroke(grey, fullHeight, fullWidth) {
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

const TERMS = 15;

/* At every pixel the 15 products of powers of row and column, up to the fourth degree together. */
function terms(height, width) {
  const all = new Float64Array(TERMS * height * width);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const down = -1 + (2 * y) / Math.max(1, height - 1);
    for (let x = 0; x < width; x++) {
      const across = -1 + (2 * x) / Math.max(1, width - 1);
      for (let i = 0, rows = 1; i < 5; i++, rows *= down)
        for (let j = 0, both = rows; j < 5 - i; j++, both *= across) all[at++] = both;
    }
  }
  return all;
}

/* Least squares: the 15 factors of the surface nearest to some of the pixels. */
function fit(pixels, all, places) {
  const size = TERMS;
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (const at of places) {
    const term = all.subarray(size * at, size * (at + 1));
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) matrix[i][j] += term[i] * term[j];
      matrix[i][size] += term[i] * pixels[at];
    }
  }
  for (let i = 0; i < size; i++) matrix[i][i] += 1e-9; // flat pictures have many equal answers
  for (let i = 0; i < size; i++) {
    let best = i;
    for (let row = i; row < size; row++)
      if (Math.abs(matrix[row][i]) > Math.abs(matrix[best][i])) best = row;
    const pivot = matrix[best];
    matrix[best] = matrix[i];
    matrix[i] = pivot;
    for (let row = 0; row < size; row++) {
      if (row === i) continue;
      const factor = matrix[row][i] / pivot[i];
      for (let column = i; column <= size; column++) matrix[row][column] -= factor * pivot[column];
    }
  }
  return matrix.map((row, i) => row[size] / row[i]);
}

/* The surface's height at one pixel. */
function level(all, factors, at) {
  let sum = 0;
  for (let n = 0; n < TERMS; n++) sum += factors[n] * all[TERMS * at + n];
  return sum;
}

/* The paper's lightness at every pixel: a smooth surface through all but the dark ones. */
function paper(pixels, all, some) {
  let kept = some;
  let factors;
  for (let turn = 0; turn < 6; turn++) {
    // fit, leave out what lies well below, fit again
    factors = fit(pixels, all, kept);
    const below = (at) => level(all, factors, at) - pixels[at];
    const depths = kept.map(below);
    const mean = depths.reduce((one, other) => one + other, 0) / depths.length;
    const spread = Math.sqrt(depths.reduce((sum, depth) => sum + (depth - mean) ** 2, 0) / depths.length);
    kept = some.filter((at) => below(at) <= Math.max(4, 1.5 * spread));
    if (kept.length < 2 * TERMS)
      return pixels.map(() => some.reduce((most, at) => Math.max(most, pixels[at]), 0));
  }
  return pixels.map((_, at) => level(all, factors, at));
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
function thicken({ ink, height, width }) {
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

/* From every pixel, how far the nearest marked one is (Felzenszwalb and Huttenlocher, 2012). */
function distances(marked, height, width) {
  const FAR = 1e10;
  const square = Float64Array.from(marked, (value) => (value ? 0 : FAR));
  const line = (first, step, length) => {
    const values = Float64Array.from({ length }, (_, n) => square[first + n * step]);
    const lowest = [0],
      from = [-Infinity];
    const meet = (one, other) =>
      (values[other] + other ** 2 - values[one] - one ** 2) / (2 * (other - one));
    for (let n = 1; n < length; n++) {
      while (lowest.length && meet(lowest.at(-1), n) <= from.at(-1)) {
        lowest.pop();
        from.pop();
      }
      from.push(lowest.length ? meet(lowest.at(-1), n) : -Infinity);
      lowest.push(n);
    }
    for (let n = 0, at = 0; n < length; n++) {
      while (at + 1 < lowest.length && from[at + 1] < n) at++;
      square[first + n * step] = (n - lowest[at]) ** 2 + values[lowest[at]];
    }
  };
  for (let x = 0; x < width; x++) line(x, width, height);
  for (let y = 0; y < height; y++) line(y * width, 1, width);
  return Float32Array.from(square, Math.sqrt);
}
