/* From a row for each word to a single one: means and maxima; and votes, which are added. */

import { empty, state } from "./rows.js";

const countOf = (x) => x.values.reduce((sum, value) => sum + value, 0);

function addRows(x, sums) {
  for (let at = 0; at < x.values.length; at++) sums[at % x.c] += x.values[at];
}

/* The mean over the words of values that are 0 elsewhere, as the zoo's builders compute it. */
export function mean(node, [x, isWord]) {
  const made = empty(1, x.c);
  addRows(x, made.values);
  const words = Math.max(1, countOf(isWord));
  for (let u = 0; u < x.c; u++) made.values[u] /= words;
  return Object.assign(made, { words });
}

/* The mean, and beside it the maximum, which is -1 for a text without words. */
export function meanAndMaximum(node, [x, isWord]) {
  const { values, words } = mean(node, [x, isWord]);
  const made = empty(1, 2 * x.c, null, { winners: new Int32Array(2 * x.c).fill(-1), words });
  made.values.set(values);
  for (let u = 0; u < x.c; u++) {
    made.values[x.c + u] = -Infinity;
    for (let t = 0; t < x.rows; t++) {
      const value = x.values[t * x.c + u] + isWord.values[t] - 1;
      if (value > made.values[x.c + u]) {
        made.values[x.c + u] = value;
        made.winners[x.c + u] = isWord.values[t] ? t : -1;
      }
    }
  }
  return made;
}

/* Keras's GlobalAveragePooling1D: over the words, if there is a mask. */
export function globalMean(node, [x]) {
  const counted = x.mask ?? new Uint8Array(x.rows).fill(1);
  const made = empty(1, x.c);
  let words = 0;
  for (let t = 0; t < x.rows; t++) {
    if (!counted[t]) continue;
    words++;
    for (let u = 0; u < x.c; u++) made.values[u] += x.values[t * x.c + u];
  }
  for (let u = 0; u < x.c; u++) made.values[u] /= words;
  return Object.assign(made, { words });
}

/* Keras's GlobalMaxPooling1D: over all rows, padding too. */
export function globalMaximum(node, [x]) {
  const made = empty(1, x.c, null, { winners: new Int32Array(x.c) });
  made.values.fill(-Infinity);
  for (let t = 0; t < x.rows; t++) {
    for (let u = 0; u < x.c; u++) {
      if (x.values[t * x.c + u] <= made.values[u]) continue;
      made.values[u] = x.values[t * x.c + u];
      made.winners[u] = t;
    }
  }
  return made;
}

/* Numbers of n-grams in ascending order. */
export function inOrder(node, [ids]) {
  return state(Float64Array.from(ids.values).sort(), ids.rows, 1);
}

/* 1 where a number occurs first in that order, and is none of padding. */
export function first(node, [ids]) {
  const ordered = inOrder(node, [ids]).values;
  return state(
    ordered.map((id, at) => (id !== (at ? ordered[at - 1] : 0) ? 1 : 0)),
    ids.rows,
    1,
  );
}

/* The votes of n-grams added up: as they are, and relative to the length of a text. */
export function scores(node, [votes, relative, weights, counts]) {
  let squares = 0;
  for (let n = 0; n < weights.rows; n++) squares += (weights.values[n] * counts.values[n]) ** 2;
  const norm = Math.max(Math.sqrt(squares), 1e-6);
  const made = empty(1, votes.c, null, { norm });
  for (let n = 0; n < votes.rows; n++) {
    if (!counts.values[n]) continue;
    for (let u = 0; u < votes.c; u++) {
      made.values[u] += votes.values[n * votes.c + u] + relative.values[n * votes.c + u] / norm;
    }
  }
  return made;
}
