/** Pooling: the maximum or the mean of a window, or of the whole feature map. */

import { all, at, forEach, only } from "./positions.js";
import { under } from "./windows.js";

/** MaxPooling2D and AveragePooling2D. What lies outside the map does not count. */
export const pool = {
  parts: (node) => ({
    count: node.h,
    cost: node.values.length * node.config.kernel_size[0] * node.config.kernel_size[1],
  }),
  run(node, [input], example, first = 0, last = node.h) {
    const {
      kernel_size: [kh, kw],
      strides: [sy, sx],
      before: [top, left],
      mode,
    } = node.config;
    const c = node.c,
      from = input.values,
      to = node.sums;
    for (let y = first, out = at(node, first, 0, 0); y < last; y++) {
      const y0 = Math.max(y * sy - top, 0),
        y1 = Math.min(y * sy - top + kh, input.h);
      for (let x = 0; x < node.w; x++, out += c) {
        const x0 = Math.max(x * sx - left, 0),
          x1 = Math.min(x * sx - left + kw, input.w);
        to.fill(mode === "max" ? -Infinity : 0);
        for (let inY = y0; inY < y1; inY++) {
          for (let inX = x0; inX < x1; inX++) {
            const pixel = at(input, inY, inX, 0);
            if (mode === "max") {
              for (let i = 0; i < c; i++) if (from[pixel + i] > to[i]) to[i] = from[pixel + i];
            } else {
              for (let i = 0; i < c; i++) to[i] += from[pixel + i];
            }
          }
        }
        if (mode !== "max") for (let i = 0; i < c; i++) to[i] /= (y1 - y0) * (x1 - x0);
        node.values.set(to, out);
      }
    }
  },
  positions: (node, k, input, y, x, c) => [...under(node, input, y, x), only(c)],
  weigh: (node, [input], y, x, c) => share(node, input, pool.positions(node, 0, input, y, x, c)),
};

/** GlobalMaxPooling2D and GlobalAveragePooling2D; a maximum, minimum, mean or sum along any axes. */
export const globalPool = {
  prepare(node) {
    const { over = [0, 1] } = node.config;
    node.stays = [0, 1, 2].map((axis) => (over.includes(axis) ? 0 : 1));
  },
  run(node, [input]) {
    const { mode } = node.config,
      [rows, columns, channels] = node.stays,
      { values } = node;
    const sums = new Float64Array(values.length);
    if (mode === "average" && `${node.stays}` === "0,0,1") {
      // The most common, and of large maps: means of whole maps
      for (let i = 0; i < input.values.length; )
        for (let c = 0; c < node.c; c++, i++) sums[c] += input.values[i];
      for (let c = 0; c < node.c; c++) values[c] = sums[c] / (input.h * input.w);
      return;
    }
    sums.fill(mode === "max" ? -Infinity : mode === "min" ? Infinity : 0);
    for (let y = 0, i = 0; y < input.h; y++) {
      for (let x = 0; x < input.w; x++) {
        const pixel = at(node, y * rows, x * columns, 0);
        for (let c = 0; c < input.c; c++, i++) {
          const value = input.values[i],
            to = pixel + c * channels;
          if (mode === "max") sums[to] = Math.max(value, sums[to]);
          else if (mode === "min") sums[to] = Math.min(value, sums[to]);
          else sums[to] += value;
        }
      }
    }
    const count = mode === "average" ? input.values.length / values.length : 1;
    for (let i = 0; i < values.length; i++) values[i] = sums[i] / count;
  },
  positions(node, k, input, y, x, c) {
    const sizes = [input.h, input.w, input.c];
    return [y, x, c].map((place, axis) => (node.stays[axis] ? only(place) : all(sizes[axis])));
  },
  weigh: (node, [input], y, x, c) => share(node, input, globalPool.positions(node, 0, input, y, x, c)),
};

/** The weight of each value that is pooled: all the same, or 1 for the winner and 0 for the others. */
function share({ config: { mode } }, input, [rows, columns, channels]) {
  if (mode === "sum") return () => 1;
  if (mode === "average") return () => 1 / (rows[2] * columns[2] * channels[2]);
  let best = mode === "max" ? -Infinity : Infinity,
    winner = "";
  forEach(rows, (inY) =>
    forEach(columns, (inX) =>
      forEach(channels, (inC) => {
        const value = input.values[at(input, inY, inX, inC)];
        if (mode === "max" ? value > best : value < best) [best, winner] = [value, `${inY} ${inX} ${inC}`];
      }),
    ),
  );
  return (k, inY, inX, inC) => (`${inY} ${inX} ${inC}` === winner ? 1 : 0);
}
