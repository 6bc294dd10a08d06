/* What a node of a text network makes: rows of numbers, one row for each word, or a single row. */

/**
 * @typedef {Object} State
 * @property {Float64Array} values  Row by row.
 * @property {number} rows
 * @property {number} c  Numbers in a row.
 * @property {Uint8Array|null} mask  1 where a row stands for a word; null if every row counts.
 * @property {Object<string, Float64Array>} [parts]  Of a recurrent layer: its gates, cell and state.
 * @property {Int32Array} [winners]  Of a maximum: from which row each number comes.
 */

/** @returns {State} */
export const state = (values, rows, c, mask = null, more = {}) => ({ values, rows, c, mask, ...more });

export const empty = (rows, c, mask = null, more = {}) =>
  state(new Float64Array(rows * c), rows, c, mask, more);

/** Add `x` times a matrix, from a row's place on: `sums[j] += x[i] * matrix[i][j]`. */
export function addProduct(sums, x, from, count, matrix) {
  const c = sums.length;
  for (let i = 0; i < count; i++) {
    const value = x[from + i];
    if (value === 0) continue;
    for (let j = 0, at = i * c; j < c; j++, at++) sums[j] += value * matrix[at];
  }
}
