/* How a number came about: the sums, products and formulas behind it, from what the network computed. */

import { before } from "../network/kinds.js";
import { BLOCKS } from "../network/recurrent.js";
import * as say from "../sentences.js";
import { nameOf, originOf, unmasked } from "./origins.js";

/**
 * @typedef {Object} Facts
 * @property {number} result
 * @property {[string, number][]} rows  What is added up or multiplied, with its value.
 * @property {Object[]} terms  Products {name, value, weight, product}.
 * @property {string} sentence
 */

const product = (name, value, weight) => ({ name, value, weight, product: value * weight });
const total = (terms) => terms.reduce((sum, term) => sum + term.product, 0);

/* Of unit `u` of a node's (part's) row `t`. `words` are the words of the rows. */
export function factsOf(network, states, { node, part, pooled }, t, u, words) {
  const state = states[node.id];
  if (part) return ofRecurrent(network, states, node, part, t, u, words);
  const result = pooled ? state.values[t] : state.values[t * state.c + u];
  const made = { conv: ofConvolution, dense: ofDense }[node.kind];
  if (made) return { result, ...made(network, states, node, pooled ? 0 : t, pooled ? t : u, words) };
  if (node.kind === "embedding") return { result, rows: [], terms: [], sentence: say.isEmbedding };
  return { result, rows: [], terms: [], ...ofPooled(network, states, node, pooled ? t : u, words) };
}

function ofPooled(network, states, node, unit, words) {
  const origin = originOf(network, states, node, unit);
  const state = states[origin.node.id];
  const name = nameOf(network, states, node, unit, words);
  if (state.winners && state.winners[origin.u] >= -1) {
    const source = states[unmasked(network, origin.node.inputs[0])];
    if (origin.node.kind === "global_maximum" || origin.u >= source.c) {
      return { name, sentence: say.maximumOf(words[state.winners[origin.u]] ?? null) };
    }
  }
  return { name, sentence: state.words === undefined ? "" : say.meanOf(state.words) };
}

function ofDense(network, states, node, t, u, words) {
  const terms = productsOf(network, states, node, t, u, words);
  const bias = node.weights.bias?.[u] ?? 0;
  return {
    terms,
    rows: [
      [say.VOTES, total(terms)],
      [say.BIAS, bias],
      [say.SUM, total(terms) + bias],
      [say.through(node.config.activation), states[node.id].values[t * states[node.id].c + u]],
    ],
    sentence: "",
  };
}

/* Each input of a dense layer times its weight to output `u`. */
export function productsOf(network, states, node, t, u, words) {
  const input = network.nodes[node.inputs[0]];
  const x = states[input.id];
  const [, c] = node.weightShapes.kernel;
  return Array.from({ length: x.c }, (_, i) =>
    product(nameOf(network, states, input, i, words), x.values[t * x.c + i], node.weights.kernel[i * c + u]),
  );
}

function ofConvolution(network, states, node, t, u, words) {
  const { kernel, bias } = node.weights;
  const [size, d, c] = node.weightShapes.kernel;
  const x = states[node.inputs[0]];
  const rows = [];
  const terms = [];
  for (let k = 0; k < size; k++) {
    const from = t + k - before(node);
    if (from < 0 || from >= x.rows) continue;
    const name = words[from] === undefined ? say.PADDING : say.quoted(words[from]);
    const own = Array.from({ length: d }, (_, i) =>
      product(`${name} ${i}`, x.values[from * d + i], kernel[(k * d + i) * c + u]),
    );
    if (words[from] === undefined && total(own) === 0) continue;
    rows.push([name, total(own)]);
    terms.push(...own);
  }
  const sum = total(terms) + (bias?.[u] ?? 0);
  rows.push([say.BIAS, bias?.[u] ?? 0], [say.SUM, sum]);
  rows.push([say.through(node.config.activation), states[node.id].values[t * c + u]]);
  return { rows, terms, sentence: say.WINDOW };
}

/* ---- Recurrent layers ---- */

function ofRecurrent(network, states, node, part, t, u, words) {
  const { parts } = states[node.id];
  const { cell, units, backward } = node.config;
  const last = t + (backward ? 1 : -1);
  const inside = last >= 0 && last < parts.h.length / units;
  const before = (name) => (inside ? parts[name][last * units + u] : 0);
  const at = (name) => parts[name][t * units + u];
  const result = at(part);
  if (cell === "lstm" && part === "c") return ofCell(at, before, result);
  if (cell === "lstm" && part === "h") {
    const shown = Math.tanh(at("c"));
    const tanh = node.config.of.activation === "tanh";
    const rows = [
      ["output gate", at("o")],
      [tanh ? "tanh of the cell" : "cell", tanh ? shown : at("c")],
    ];
    return { result, rows: [...rows, ["= state", result]], terms: [], sentence: say.PARTS.lstm.h[1] };
  }
  if (cell === "gru" && part === "h") {
    const rows = [
      ["update gate × last state", at("z") * before("h")],
      ["(1 − update gate) × new content", (1 - at("z")) * at("g")],
      ["= state", result],
    ];
    return { result, rows, terms: [], sentence: say.PARTS.gru.h[1] };
  }
  return ofGate(network, states, node, part, t, u, words[last] ?? null, inside ? last : -1);
}

function ofCell(at, before, result) {
  const rows = [
    [`forget gate ${say.times(at("f"), before("c"))}`, at("f") * before("c")],
    [`input gate ${say.times(at("i"), at("g"))}`, at("i") * at("g")],
    ["= cell", result],
  ];
  return { result, rows, terms: [], sentence: say.PARTS.lstm.c[1] };
}

/* A gate or new content: sums of products with the word's vector and with the last state. */
function ofGate(network, states, node, part, t, u, word, last) {
  const { cell, units, reset_after: after } = node.config;
  const { kernel, recurrent, bias } = node.weights;
  const { parts } = states[node.id];
  const x = states[node.inputs[0]];
  const width = BLOCKS[cell].length * units;
  const column = BLOCKS[cell].indexOf(part) * units + u;
  const isNew = cell === "gru" && part === "g";
  const fromWord = Array.from({ length: x.c }, (_, i) =>
    product(say.termOfWord(i), x.values[t * x.c + i], kernel[i * width + column]),
  );
  const fromState = Array.from({ length: last < 0 ? 0 : units }, (_, j) => {
    const scale = isNew && !after ? parts.r[t * units + j] : 1;
    return product(say.termOfState(j), scale * parts.h[last * units + j], recurrent[j * width + column]);
  });
  const ofBias = bias?.[column] ?? 0;
  const back = total(fromState) + (after && bias ? bias[width + column] : 0);
  const reset = isNew && after ? parts.r[t * units + u] : 1;
  const sum = total(fromWord) + ofBias + reset * back;
  const result = parts[part][t * units + u];
  const end = cell === "simple_rnn" || part === "g" ? node.config.of : node.config.gate;
  const rows = [
    [say.FROM_WORD, total(fromWord)],
    [isNew && after ? say.RESET : say.fromLast(last < 0 ? null : word), reset * back],
    [say.BIAS, ofBias],
    [say.SUM, sum],
    [say.through(end.activation), result],
  ];
  return { result, rows, terms: [...fromWord, ...fromState], sentence: say.PARTS[cell][part][1] };
}
