/**
 * The kinds of nodes, by the names that `models.portable` gives them.
 *
 * For each kind of node:
 *   prepare(node, inputs)               once, when the network is loaded
 *   run(node, inputs, example, from, to)   fill node.values; of kinds with `parts` only rows `from` to `to` - 1
 *   parts(node, inputs)                 {count, cost}: how many rows it can be computed in, one after the other, and
 *                                       about how many multiplications all take
 *   positions(node, k, input, y, x, c)     [rows, columns, channels] of its k-th input that the value at
 *                                       (y, x, c) is computed from, as Steps
 *   weigh(node, inputs, y, x, c)        a function of a term's (k, y, x, c): what it is multiplied by
 *   bias(node, y, x, c)                 what is added to the sum of all terms, 0 if missing
 *   sees(node, k, input, y, x, c)       like `positions`, where the value depends on more than its terms
 *   spread(node, k, input, marked)      the rows, columns and channels of its k-th input that those `marked` depend
 *                                       on, each a list of Steps: where rows do not come from rows only, and so on
 */

import { activation, prelu } from "./activation_layers.js";
import { matmul, mixed, scores } from "./attention.js";
import { conv, depthwise } from "./convolution.js";
import { dense } from "./dense.js";
import { concatenate, merge } from "./merging.js";
import { normalize, rescale } from "./normalization.js";
import { pad } from "./padding.js";
import { globalPool, pool } from "./pooling.js";
import { constant, input, recorded } from "./recorded.js";
import { copy, gather } from "./reshaping.js";
import { resize } from "./resizing.js";
import { standardize } from "./standardizing.js";
import { transposed } from "./transposed_convolution.js";

export const KINDS = {
  input,
  constant,
  conv,
  transposed,
  depthwise,
  dense,
  pool,
  global: globalPool,
  rescale,
  normalize,
  standardize,
  activation,
  prelu,
  copy,
  gather,
  pad,
  resize,
  merge,
  concatenate,
  scores,
  mixed,
  matmul,
  recorded,
};
