/** Resizing and UpSampling2D. */

import { at, only } from "./positions.js";
import { addTimes } from "./sums.js";

/** A picture of another size: each pixel a weighted mean of a few. */
export const resize = {
  prepare(node, [input]) {
    node.rows = resizing(input.h, node.h, node.config);
    node.columns = resizing(input.w, node.w, node.config);
  },
  parts: (node, [input]) => ({ count: node.h, cost: 4 * (node.values.length + input.values.length) }),
  run(node, [input], example, from = 0, to = node.h) {
    const c = node.c,
      sums = node.sums;
    for (let y = from, out = at(node, from, 0, 0); y < to; y++) {
      const rows = node.rows[y];
      for (let x = 0; x < node.w; x++, out += c) {
        const columns = node.columns[x];
        sums.fill(0);
        for (let i = 0; i < rows.weights.length; i++) {
          for (let j = 0; j < columns.weights.length; j++) {
            const weight = rows.weights[i] * columns.weights[j];
            addTimes(sums, 0, weight, input.values, at(input, rows.first + i, columns.first + j, 0), c);
          }
        }
        node.values.set(sums, out);
      }
    }
  },
  positions: (node, k, input, y, x, c) => [
    [node.rows[y].first, 1, node.rows[y].weights.length],
    [node.columns[x].first, 1, node.columns[x].weights.length],
    only(c),
  ],
  weigh: (node, inputs, y, x) => (k, inY, inX) =>
    node.rows[y].weights[inY - node.rows[y].first] * node.columns[x].weights[inX - node.columns[x].first],
};

/**
 * For each of `to` pixels of a row that was made from one of `from` pixels: the first pixel it
 * is taken from, and how much that one and those after it count.
 */
function resizing(from, to, { interpolation, antialias }) {
  const scale = from / to;
  const [kernel, width] = interpolation === "bicubic" ? [cubic, 2] : [triangle, 1];
  const stretch = antialias ? Math.max(scale, 1) : 1; // a smaller picture takes the mean of more pixels
  const reach = width * stretch;
  return Array.from({ length: to }, (_, place) => {
    const middle = (place + 0.5) * scale; // in the larger picture, where pixel i goes from i to i + 1
    if (interpolation === "nearest") {
      // In 32 bits as TensorFlow has it: where a middle lies on a border, the last bit decides
      const nearest = Math.floor(Math.fround((place + 0.5) * Math.fround(scale)));
      return { first: Math.min(nearest, from - 1), weights: [1] };
    }
    if (!antialias) {
      // Between two pixels' middles; outside the first and last, the nearest counts twice
      const left = Math.floor(middle - 0.5),
        share = middle - 0.5 - left;
      if (left < 0) return { first: 0, weights: [1] };
      if (left >= from - 1) return { first: from - 1, weights: [1] };
      return { first: left, weights: share ? [1 - share, share] : [1] };
    }
    // The pixels whose own middles are nearer than `reach`
    const first = Math.max(Math.floor(middle - reach + 0.5), 0);
    const last = Math.min(Math.ceil(middle + reach - 1.5), from - 1);
    const weights = [];
    for (let i = first; i <= last; i++) weights.push(kernel(Math.abs(i + 0.5 - middle) / stretch));
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

const triangle = (x) => 1 - x;

/** The cubic convolution kernel of Keys (1981), from 0 to 2. */
const cubic = (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2);
