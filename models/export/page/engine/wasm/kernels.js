/**
 * The heavy layers in WebAssembly: what `kernels.c` computes, for the nodes of a network.
 *
 * A node's values lie in the memory of its network, a `Space`, where there is one. Each function here gives false
 * where it cannot compute a node; then the plain code beside its caller does. Weights are handed over anew with each
 * run, so that what the user changes counts at once.
 */

import { fromBase64 } from "../weights.js";

const PAGE = 65536; // bytes, the unit of WebAssembly's memory
const FEATURES = 8; // that `conv` computes at once
const BLOCK = 1 << 18; // numbers of a dense kernel that are handed over at once: they stay in the cache

/**
 * The kernels, ready for use; null where the browser has no WebAssembly with SIMD.
 * @param {?string} text  `kernels.wasm` in base64.
 * @returns {Promise<?WebAssembly.Module>}
 */
export async function compile(text) {
  if (!text || typeof WebAssembly === "undefined") return null;
  return WebAssembly.compile(fromBase64(text)).catch(() => null);
}

/** How many numbers a node hands over beside its values. */
function handedOver(node, [input]) {
  const { kernel } = node.weights;
  switch (node.kind) {
    case "conv": {
      const taken = input.c / node.config.groups;
      return node.c + kernel.length + taken + FEATURES * (1 + kernel.length / node.c);
    }
    case "depthwise":
      return node.c + kernel.length;
    case "dense":
      return 3 * node.c + Math.max(BLOCK, node.c);
    case "rescale":
    case "normalize":
    case "merge":
      return 2 * node.c;
    default:
      return 0;
  }
}

/** The memory of one network: its nodes' values, and room for the weights of one node at a time. */
export class Space {
  /** @throws {RangeError} if there is not so much memory. */
  constructor(kernels, nodes) {
    const sizes = nodes.map(({ kind, h, w, c }) => (kind === "copy" ? 0 : h * w * c));
    const most = Math.max(
      ...nodes.map((node) =>
        handedOver(
          node,
          node.inputs.map((id) => nodes[id]),
        ),
      ),
    );
    const bytes = 4 * (sizes.reduce((sum, size) => sum + size, most) + 4) + PAGE; // the first page is C's own
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
    const { exports } = new WebAssembly.Instance(kernels, { env: { memory: this.memory } });
    this.run = exports;
    this.next = PAGE;
    this.handed = null; // the node whose weights lie in `scratch`
    this.values = sizes.map((size) => this.take(size));
    this.scratch = this.take(most);
  }

  take(count) {
    const taken = new Float32Array(this.memory.buffer, this.next, count);
    this.next += 4 * count;
    return taken;
  }

  /** Put arrays into the scratch, one behind the other. Gives where each begins, and where the last ends. */
  hand(node, ...arrays) {
    let at = 0;
    const again = this.handed === node;
    this.handed = node;
    const places = arrays.map((array) => {
      const place = this.scratch.byteOffset + 4 * at;
      if (array && !again) this.scratch.set(array, at);
      at += array ? array.length : 0;
      return array ? place : 0;
    });
    return [...places, this.scratch.byteOffset + 4 * at];
  }
}

/** The space of a node if its values, and those of its inputs, lie there; otherwise null. */
function spaceOf(node, inputs) {
  const { space } = node;
  if (!space || node.values.buffer !== space.memory.buffer) return null;
  return inputs.every(({ values }) => values.buffer === node.values.buffer) ? space : null;
}

const at = ({ values }) => values.byteOffset;

/** Rows `from` to `to` - 1 of a convolution, from the first on in order. */
export function conv(node, input, from, to) {
  const space = spaceOf(node, [input]);
  if (!space) return false;
  const { kernel_size, strides, dilation_rate, before, groups } = node.config;
  if (!from) space.handed = null;
  const [bias, kernel, scratch] = space.hand(node, node.weights.bias, node.weights.kernel);
  const window = [...kernel_size, ...strides, ...dilation_rate, ...before];
  const size = [input.h, input.w, input.c];
  const pixels = [from * node.w, to * node.w];
  space.run.conv(
    at(input),
    ...size,
    kernel,
    bias,
    at(node),
    node.w,
    node.c,
    ...window,
    groups,
    ...pixels,
    scratch,
  );
  return true;
}

/** Rows of a convolution of each channel for itself, likewise. */
export function depthwise(node, input, from, to) {
  const space = spaceOf(node, [input]);
  if (!space) return false;
  const { kernel_size, strides, dilation_rate, before } = node.config;
  if (!from) space.handed = null;
  const [bias, kernel] = space.hand(node, node.weights.bias, node.weights.kernel);
  const window = [...kernel_size, ...strides, ...dilation_rate, ...before];
  const size = [input.h, input.w, input.c];
  space.run.depthwise(
    at(input),
    ...size,
    kernel,
    bias,
    at(node),
    node.w,
    node.c / input.c,
    ...window,
    from,
    to,
  );
  return true;
}

/** What the inputs `from` to `to` - 1 add to each neuron, likewise. */
export function dense(node, input, from, to) {
  const space = spaceOf(node, [input]);
  if (!space) return false;
  const { kernel, bias } = node.weights;
  const { c, values } = node;
  const { scratch } = space;
  const place = (index) => scratch.byteOffset + 4 * index;
  // In the scratch: sums of 64 bits, the bias, a block of the kernel
  if (!from) scratch.fill(0, 0, 2 * c);
  const rows = Math.max(1, Math.floor(BLOCK / c));
  for (let row = from; row < to; row += rows) {
    const many = Math.min(rows, to - row);
    scratch.set(kernel.subarray(row * c, (row + many) * c), 3 * c);
    space.run.dense(at(input) + 4 * row, many, place(3 * c), place(0), c);
  }
  if (bias) scratch.set(bias, 2 * c);
  if (to === input.c) space.run.rounded(place(0), bias ? place(2 * c) : 0, values.byteOffset, c);
  return true;
}

/** Each channel times a number, plus a number. */
export function scale(node, input) {
  const space = spaceOf(node, [input]);
  if (!space) return false;
  space.handed = null;
  const [factors, offsets] = space.hand(node, node.scale, node.offset);
  space.run.scale(at(input), factors, offsets, at(node), node.h * node.w, node.c);
  return true;
}

/** A node's values, none below `low` or above `high`. */
export function clip(node, low, high) {
  const space = spaceOf(node, []);
  if (!space) return false;
  space.run.clip(at(node), at(node), node.values.length, low, high);
  return true;
}

const CURVES = { sigmoid: 0, silu: 1, gelu: 2 };

/** Whether `curve` knows an activation function. */
export const hasCurve = ({ space, config: { activation, options = {} } }) =>
  Boolean(space) && activation in CURVES && !options.approximate;

/** Some of a node's values through its activation function. */
export function curve(node, from, to) {
  const space = spaceOf(node, []);
  if (!space || !hasCurve(node)) return false;
  space.run.curve(at(node) + 4 * from, to - from, CURVES[node.config.activation]);
  return true;
}

/** Maps times one number for each channel. */
export function multiply(node, inputs) {
  const space = spaceOf(node, inputs);
  if (!space || inputs.length !== 2) return false;
  const [maps, factors] = inputs[0].h * inputs[0].w > 1 ? inputs : [...inputs].reverse();
  if (maps.values.length !== node.values.length || factors.values.length !== node.c || factors.c !== node.c)
    return false;
  space.handed = null;
  const [zeros] = space.hand(node, new Float32Array(node.c));
  space.run.scale(at(maps), at(factors), zeros, at(node), node.h * node.w, node.c);
  return true;
}

/** The sum of maps of one size. */
export function add(node, inputs) {
  const space = spaceOf(node, inputs);
  const { length } = node.values;
  if (!space || inputs.length < 2 || inputs.some(({ values }) => values.length !== length)) return false;
  space.run.add(at(inputs[0]), at(inputs[1]), at(node), length);
  for (const input of inputs.slice(2)) space.run.add(at(node), at(input), at(node), length);
  return true;
}
