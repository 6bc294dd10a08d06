/* Recurrent layers: SimpleRNN, LSTM and GRU, forwards or backwards, word by word. */

import { ACTIVATIONS } from "../../page/engine/activations.js";
import { addProduct, empty, state } from "./rows.js";

/* Each cell's blocks of weights, in Keras's order, and what it keeps of each word. */
export const BLOCKS = {
  simple_rnn: ["h"],
  lstm: ["i", "f", "g", "o"],
  gru: ["z", "r", "g"],
};
export const KEPT = {
  simple_rnn: ["h"],
  lstm: ["i", "f", "g", "o", "c", "h"],
  gru: ["z", "r", "g", "h"],
};

const applied = ({ activation, options }) => {
  const f = ACTIVATIONS[activation];
  return (x) => f(x, options);
};

/* What one word adds to the sums: the biases, and the word's vector times the weights. */
function fromWord(node, x, from, count, sums) {
  const { kernel, bias } = node.weights;
  if (bias) for (let j = 0; j < sums.length; j++) sums[j] = bias[j];
  else sums.fill(0);
  addProduct(sums, x, from, count, kernel);
}

function simpleRnn(node) {
  const { units } = node.config;
  const end = applied(node.config.of);
  return (sums, now) => {
    addProduct(sums, now.h, 0, units, node.weights.recurrent);
    for (let u = 0; u < units; u++) now.h[u] = end(sums[u]);
  };
}

function lstm(node) {
  const { units } = node.config;
  const [gate, end] = [applied(node.config.gate), applied(node.config.of)];
  return (sums, now) => {
    addProduct(sums, now.h, 0, units, node.weights.recurrent);
    for (let u = 0; u < units; u++) {
      now.i[u] = gate(sums[u]);
      now.f[u] = gate(sums[units + u]);
      now.g[u] = end(sums[2 * units + u]);
      now.o[u] = gate(sums[3 * units + u]);
      now.c[u] = now.f[u] * now.c[u] + now.i[u] * now.g[u];
      now.h[u] = now.o[u] * end(now.c[u]);
    }
  };
}

/* The reset gate scales the state after its product with the weights (`reset_after`), or before it. */
function gru(node) {
  const { units, reset_after: after } = node.config;
  const { recurrent, bias } = node.weights;
  const [gate, end] = [applied(node.config.gate), applied(node.config.of)];
  const fed = new Float64Array(3 * units);
  const scaled = new Float64Array(units);
  const feed = (h) => {
    fed.fill(0);
    if (after && bias) for (let j = 0; j < fed.length; j++) fed[j] = bias[fed.length + j];
    addProduct(fed, h, 0, units, recurrent);
  };
  return (sums, now) => {
    feed(now.h);
    for (let u = 0; u < units; u++) {
      now.z[u] = gate(sums[u] + fed[u]);
      now.r[u] = gate(sums[units + u] + fed[units + u]);
      scaled[u] = now.r[u] * now.h[u];
    }
    if (!after) feed(scaled);
    for (let u = 0; u < units; u++) {
      const back = fed[2 * units + u];
      now.g[u] = end(sums[2 * units + u] + (after ? now.r[u] * back : back));
    }
    for (let u = 0; u < units; u++) now.h[u] = now.z[u] * now.h[u] + (1 - now.z[u]) * now.g[u];
  };
}

const CELLS = { simple_rnn: simpleRnn, lstm, gru };

/** Read the words one by one. Padding leaves the state as it is. */
export function recurrent(node, [x, given], keep) {
  const { cell, units, sequences, backward, zero_masked: zeroed } = node.config;
  const names = KEPT[cell];
  const step = CELLS[cell](node);
  const mask = given ? Uint8Array.from(given.values) : x.mask;
  const now = Object.fromEntries(names.map((name) => [name, new Float64Array(units)]));
  const sums = new Float64Array(BLOCKS[cell].length * units);
  const parts = keep ? Object.fromEntries(names.map((n) => [n, new Float64Array(x.rows * units)])) : null;
  const outputs = sequences ? new Float64Array(x.rows * units) : null;
  for (let n = 0; n < x.rows; n++) {
    const t = backward ? x.rows - 1 - n : n;
    const isWord = !mask || mask[t];
    if (isWord) {
      fromWord(node, x.values, t * x.c, x.c, sums);
      step(sums, now);
    }
    if (keep) for (const name of names) parts[name].set(now[name], t * units);
    if (outputs && (isWord || !zeroed)) outputs.set(now.h, t * units);
  }
  if (outputs) return state(outputs, x.rows, units, mask, { parts });
  return state(now.h, 1, units, null, { parts });
}

/** Both directions of a Bidirectional layer as one. */
export function merge(node, [one, other]) {
  const { mode } = node.config;
  if (mode !== "concat") {
    const both = { sum: (a, b) => a + b, mul: (a, b) => a * b, ave: (a, b) => (a + b) / 2 }[mode];
    return state(
      one.values.map((value, at) => both(value, other.values[at])),
      one.rows,
      one.c,
      one.mask,
    );
  }
  return beside(node, [one, other]);
}

/** Rows side by side. */
export function beside(node, inputs) {
  const c = inputs.reduce((sum, each) => sum + each.c, 0);
  const made = empty(inputs[0].rows, c, inputs[0].mask);
  for (let t = 0; t < made.rows; t++) {
    let at = t * c;
    for (const each of inputs) {
      made.values.set(each.values.subarray(t * each.c, (t + 1) * each.c), at);
      at += each.c;
    }
  }
  return made;
}
