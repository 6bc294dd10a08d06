/**
 * Attention, and the product of matrices: MultiHeadAttention, Attention, matmul, einsum.
 *
 * Lists of vectors are maps of one row: `values[token * c + channel]`. Each head has its own part of the channels.
 */

import { all, at, only } from "./positions.js";

const NONE = [0, 1, 0];
const onlyEach = (places) => places.map(only);

/**
 * How much each token (row) looks at each other one (column), one map for each head: the product of the query of
 * the one and the key of the other, through a softmax over each row.
 */
export const scores = {
  run(node, [query, key]) {
    const { heads, scale, causal } = node.config;
    const size = query.c / heads;
    for (let y = 0, i = 0; y < node.h; y++) {
      for (let x = 0; x < node.w; x++) {
        for (let head = 0; head < heads; head++, i++) {
          let sum = 0;
          const from = y * query.c + head * size,
            to = x * key.c + head * size;
          for (let n = 0; n < size; n++) sum += query.values[from + n] * key.values[to + n];
          node.values[i] = causal && x > y ? -Infinity : scale * sum;
        }
      }
    }
  },
  positions(node, k, input, y, x, c) {
    if (k) return [only(0), only(x), NONE]; // the keys are the weights
    const size = input.c / node.config.heads;
    return [only(0), only(y), [c * size, 1, node.config.causal && x > y ? 0 : size]];
  },
  weigh:
    (node, [, key], y, x) =>
    (k, inY, inX, inC) =>
      node.config.scale * key.values[x * key.c + inC],
  bias: (node, y, x) => (node.config.causal && x > y ? -Infinity : 0),
  sees(node, k, input, y, x, c) {
    const size = input.c / node.config.heads;
    return [only(0), k ? all(input.w) : only(y), [c * size, 1, size]]; // the softmax takes all keys
  },
  spread: (node, k, input, [rows]) => [[only(0)], k ? [all(input.w)] : onlyEach(rows), [all(input.c)]],
};

/** Means of the tokens' values, weighted by the scores of each head. */
export const mixed = {
  run(node, [weights, value]) {
    const { heads } = node.config;
    const size = value.c / heads;
    for (let x = 0, i = 0; x < node.w; x++) {
      for (let c = 0; c < node.c; c++, i++) {
        const head = Math.floor(c / size);
        let sum = 0;
        for (let token = 0; token < value.w; token++)
          sum += weights.values[(x * weights.w + token) * heads + head] * value.values[token * value.c + c];
        node.values[i] = sum;
      }
    }
  },
  positions(node, k, input, y, x, c) {
    if (k) return [only(0), all(input.w), NONE];
    return [only(x), all(input.w), only(Math.floor(c / (node.c / node.config.heads)))];
  },
  weigh:
    (node, [, value], y, x, c) =>
    (k, inY, inX) =>
      value.values[inX * value.c + c],
  sees: (node, k, input, y, x, c) =>
    k ? [only(0), all(input.w), only(c)] : mixed.positions(node, k, input, y, x, c),
  spread: (node, k, input, [, columns, channels]) =>
    k ? [[only(0)], [all(input.w)], onlyEach(channels)] : [onlyEach(columns), [all(input.w)], [all(input.c)]],
};

/** A matrix times a matrix, once for each row of maps. */
export const matmul = {
  run(node, [first, second]) {
    for (let y = 0, i = 0; y < node.h; y++) {
      for (let x = 0; x < node.w; x++) {
        for (let c = 0; c < node.c; c++, i++) {
          let sum = 0;
          const from = at(first, y, x, 0);
          for (let n = 0; n < first.c; n++)
            sum += first.values[from + n] * second.values[at(second, y, n, c)];
          node.values[i] = sum;
        }
      }
    }
  },
  positions: (node, k, input, y, x) => (k ? [only(y), all(input.w), NONE] : [only(y), only(x), all(input.c)]),
  weigh:
    (node, [, second], y, x, c) =>
    (k, inY, inX, inC) =>
      second.values[at(second, y, inC, c)],
  sees: (node, k, input, y, x, c) =>
    k ? [only(y), all(input.w), only(c)] : [only(y), only(x), all(input.c)],
  spread: (node, k, input, [rows, columns, channels]) => [
    onlyEach(rows),
    k ? [all(input.w)] : onlyEach(columns),
    k ? onlyEach(channels) : [all(input.c)],
  ],
};
