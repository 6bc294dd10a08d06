/** Gradients of attention, and of the product of matrices: each factor gets the gradient times the other. */

import { at } from "../positions.js";
import { addTimes } from "../sums.js";

/** Queries times keys. A softmax over the keys, if there is one, is the node's activation function. */
export function scores(node, [query, key], gradient, [toQuery, toKey]) {
  const { heads, scale, causal } = node.config;
  const size = query.c / heads;
  for (let y = 0, i = 0; y < node.h; y++) {
    for (let x = 0; x < node.w; x++) {
      for (let head = 0; head < heads; head++, i++) {
        if (!gradient[i] || (causal && x > y)) continue;
        const from = y * query.c + head * size,
          to = x * key.c + head * size,
          amount = scale * gradient[i];
        if (toQuery) addTimes(toQuery, from, amount, key.values, to, size);
        if (toKey) addTimes(toKey, to, amount, query.values, from, size);
      }
    }
  }
}

/** Means of the tokens' values, weighted by the scores. */
export function mixed(node, [weights, value], gradient, [toWeights, toValue]) {
  const { heads } = node.config;
  const size = value.c / heads;
  for (let x = 0, i = 0; x < node.w; x++) {
    for (let c = 0; c < node.c; c++, i++) {
      if (!gradient[i]) continue;
      const head = Math.floor(c / size);
      for (let token = 0; token < value.w; token++) {
        const weight = (x * weights.w + token) * heads + head,
          from = token * value.c + c;
        if (toWeights) toWeights[weight] += gradient[i] * value.values[from];
        if (toValue) toValue[from] += gradient[i] * weights.values[weight];
      }
    }
  }
}

/** A matrix times a matrix, once for each row of maps. */
export function matmul(node, [first, second], gradient, [toFirst, toSecond]) {
  for (let y = 0, i = 0; y < node.h; y++) {
    for (let x = 0; x < node.w; x++) {
      for (let c = 0; c < node.c; c++, i++) {
        if (!gradient[i]) continue;
        const from = at(first, y, x, 0);
        for (let n = 0; n < first.c; n++) {
          const other = at(second, y, n, c);
          if (toFirst) toFirst[from + n] += gradient[i] * second.values[other];
          if (toSecond) toSecond[other] += gradient[i] * first.values[from + n];
        }
      }
    }
  }
}
