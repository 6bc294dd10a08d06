/** Gradients of what only moves values: they go back to where the values came from. */

import { at } from "../positions.js";
import { addTimes } from "../sums.js";

export function copy(node, inputs, gradient, [to]) {
  for (let i = 0; i < gradient.length; i++) to[i] += gradient[i];
}

export function gather(node, inputs, gradient, [to]) {
  for (let i = 0; i < gradient.length; i++) to[node.from[i]] += gradient[i];
}

export function pad(node, [input], gradient, [to]) {
  const [top, left] = node.config.before;
  for (let y = Math.max(0, -top); y < Math.min(input.h, node.h - top); y++) {
    for (let x = Math.max(0, -left); x < Math.min(input.w, node.w - left); x++) {
      addTimes(to, at(input, y, x, 0), 1, gradient, at(node, y + top, x + left, 0), node.c);
    }
  }
}

export function concatenate(node, inputs, gradient, to) {
  inputs.forEach((input, k) => {
    if (!to[k]) return;
    const start = [0, 0, 0];
    start[node.config.axis] = node.starts[k];
    for (let y = 0; y < input.h; y++) {
      for (let x = 0; x < input.w; x++) {
        const from = at(node, y + start[0], x + start[1], start[2]);
        addTimes(to[k], at(input, y, x, 0), 1, gradient, from, input.c);
      }
    }
  });
}

export function resize(node, [input], gradient, [to]) {
  for (let y = 0; y < node.h; y++) {
    const rows = node.rows[y];
    for (let x = 0; x < node.w; x++) {
      const columns = node.columns[x],
        from = at(node, y, x, 0);
      rows.weights.forEach((down, i) => {
        columns.weights.forEach((across, j) => {
          addTimes(
            to,
            at(input, rows.first + i, columns.first + j, 0),
            down * across,
            gradient,
            from,
            node.c,
          );
        });
      });
    }
  }
}
