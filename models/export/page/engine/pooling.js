/** Pooling: the maximum or the mean of a window, or of the whole feature map. */

import { all, at, forEach, only } from "./positions.js";
import { under } from "./windows.js";

/** MaxPooling2D and AveragePooling2D. What lies outside the map does not count. */
export const pool = {
  run(node, [input]) {
    const {
      kernel_size: [kh, kw],
      strides: [sy, sx],
      before: [top, left],
      mode,
    } = node.config;
    const c = node.c,
      from = input.values,
      to = node.sums;
    for (let y = 0, out = 0; y < node.h; y++) {
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
  weigh: (node, [input], y, x, c) => share(node, input, pool.positions(node, 0, input, y, x, c), c),
};

/** GlobalMaxPooling2D and GlobalAveragePooling2D. */
export const globalPool = {
  run(node, [input]) {
    const { mode } = node.config;
    const c = node.c,
      sums = node.sums,
      pixels = input.h * input.w;
    sums.fill(mode === "max" ? -Infinity : 0);
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let i = 0; i < c; i++) {
        const value = input.values[pixel * c + i];
        if (mode !== "max") sums[i] += value;
        else if (value > sums[i]) sums[i] = value;
      }
    }
    for (let i = 0; i < c; i++) node.values[i] = mode === "max" ? sums[i] : sums[i] / pixels;
  },
  positions: (node, k, input, y, x, c) => [all(input.h), all(input.w), only(c)],
  weigh: (node, [input], y, x, c) => share(node, input, globalPool.positions(node, 0, input, y, x, c), c),
};

/** The weight of each value of a pooling window: all the same, or 1 for the maximum and 0 for the others. */
function share(node, input, [rows, columns], c) {
  if (node.config.mode !== "max") return () => 1 / (rows[2] * columns[2]);
  let best = -Infinity,
    winner = "";
  forEach(rows, (inY) =>
    forEach(columns, (inX) => {
      const value = input.values[at(input, inY, inX, c)];
      if (value > best) [best, winner] = [value, `${inY} ${inX}`];
    }),
  );
  return (k, inY, inX) => (`${inY} ${inX}` === winner ? 1 : 0);
}
