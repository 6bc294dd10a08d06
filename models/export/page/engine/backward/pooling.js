/** Gradients of pooling: of a maximum it goes to the value that won, of a mean to all alike. */

import { at } from "../positions.js";

export function pool(node, [input], gradient, [to]) {
  const {
    kernel_size: [kh, kw],
    strides: [sy, sx],
    before: [top, left],
    mode,
  } = node.config;
  for (let y = 0, i = 0; y < node.h; y++) {
    const rows = [Math.max(y * sy - top, 0), Math.min(y * sy - top + kh, input.h)];
    for (let x = 0; x < node.w; x++) {
      const columns = [Math.max(x * sx - left, 0), Math.min(x * sx - left + kw, input.w)];
      for (let c = 0; c < node.c; c++, i++) {
        if (!gradient[i]) continue;
        if (mode === "max") to[winner(input, rows, columns, c)] += gradient[i];
        else spread(input, rows, columns, c, gradient[i], to);
      }
    }
  }
}

/** Where the maximum of a window stands, the first if there are several. */
function winner(input, [y0, y1], [x0, x1], c) {
  let best = at(input, y0, x0, c);
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const here = at(input, y, x, c);
      if (input.values[here] > input.values[best]) best = here;
    }
  }
  return best;
}

function spread(input, [y0, y1], [x0, x1], c, amount, to) {
  const share = amount / ((y1 - y0) * (x1 - x0));
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) to[at(input, y, x, c)] += share;
}

/**
 * Over all pixels, or other axes: those that node.stays has as 0. Several maxima share the gradient, as
 * TensorFlow does it.
 */
export function globalPool(node, [input], gradient, [to]) {
  const { mode } = node.config;
  const [rows, columns, channels] = node.stays;
  const from = new Int32Array(input.values.length);
  const counts = new Uint32Array(gradient.length);
  for (let y = 0, i = 0; y < input.h; y++) {
    for (let x = 0; x < input.w; x++) {
      for (let c = 0; c < input.c; c++, i++) {
        from[i] = at(node, y * rows, x * columns, c * channels);
        const wins = !["max", "min"].includes(mode) || input.values[i] === node.values[from[i]];
        if (wins) counts[from[i]] += 1;
        else from[i] = -1;
      }
    }
  }
  from.forEach((place, i) => {
    if (place >= 0) to[i] += gradient[place] / (mode === "sum" ? 1 : counts[place]);
  });
}
