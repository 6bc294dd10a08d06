/** Layers with several inputs: Add, Multiply, Average, Maximum, Concatenate and others. */

import { at, inside, only } from "./positions.js";
import * as kernels from "./wasm/kernels.js";

/** Add, Subtract, Multiply, Divide, Average, Maximum, Minimum: pixel by pixel; a map of one pixel counts for all. */
export const merge = {
  run(node, inputs) {
    const { values } = node,
      { mode, scales } = node.config;
    if (mode === "add" && !scales && kernels.add(node, inputs)) return;
    if (mode === "multiply" && kernels.multiply(node, inputs)) return;
    inputs.forEach((input, k) => {
      const scale = scales ? scales[k] : 1;
      for (let y = 0, i = 0; y < node.h; y++) {
        for (let x = 0; x < node.w; x++) {
          const [row, column] = [input.h > 1 ? y : 0, input.w > 1 ? x : 0];
          let from = at(input, row, column, 0);
          const step = input.c > 1 ? 1 : 0;
          for (let c = 0; c < node.c; c++, i++, from += step) {
            const value = scale * input.values[from];
            if (k === 0) values[i] = value;
            else if (mode === "multiply") values[i] *= value;
            else if (mode === "subtract") values[i] -= value;
            else if (mode === "divide") values[i] /= value;
            else if (mode === "max") values[i] = Math.max(values[i], value);
            else if (mode === "min") values[i] = Math.min(values[i], value);
            else values[i] += value;
          }
        }
      }
    });
    if (mode === "average") for (let i = 0; i < values.length; i++) values[i] /= inputs.length;
  },
  positions: (node, k, input, y, x, c) => [
    only(input.h > 1 ? y : 0),
    only(input.w > 1 ? x : 0),
    only(input.c > 1 ? c : 0),
  ],
  weigh(node, inputs, y, x, c) {
    const values = inputs.map((input, k) => {
      const [[row], [column], [channel]] = merge.positions(node, k, input, y, x, c);
      return input.values[at(input, row, column, channel)];
    });
    const best = { max: Math.max, min: Math.min }[node.config.mode];
    const winner = best ? values.indexOf(best(...values)) : -1;
    return (k) => {
      switch (node.config.mode) {
        case "average":
          return 1 / inputs.length;
        case "subtract":
          return k ? -1 : 1;
        case "multiply": // the first times all others, written as one term
          return k ? 0 : values.slice(1).reduce((product, value) => product * value, 1);
        case "divide": // likewise
          return k ? 0 : 1 / values[1];
        case "add":
          return node.config.scales ? node.config.scales[k] : 1;
        default:
          return k === winner ? 1 : 0;
      }
    };
  },
};

/** Concatenate: below each other (axis 0), beside each other (1), or as more channels (2). */
export const concatenate = {
  prepare(node, inputs) {
    let start = 0;
    node.starts = inputs.map((input) => {
      const here = start;
      start += [input.h, input.w, input.c][node.config.axis];
      return here;
    });
  },
  run(node, inputs) {
    inputs.forEach((input, k) => {
      const start = [0, 0, 0];
      start[node.config.axis] = node.starts[k];
      for (let y = 0; y < input.h; y++) {
        for (let x = 0; x < input.w; x++) {
          const from = at(input, y, x, 0),
            to = at(node, y + start[0], x + start[1], start[2]);
          for (let c = 0; c < input.c; c++) node.values[to + c] = input.values[from + c];
        }
      }
    });
  },
  positions(node, k, input, y, x, c) {
    const place = [only(y), only(x), only(c)],
      { axis } = node.config;
    place[axis] = inside([y, x, c][axis] - node.starts[k], [input.h, input.w, input.c][axis]);
    return place;
  },
};
