/**
 * Engine: runs a Keras network in the browser, and tells how it came to each of its numbers.
 *
 * A network is a list of nodes. Each node takes the values of one or more nodes before it and
 * computes its own. Values are pictures of `h` rows, `w` columns and `c` channels, stored one
 * after the other with the channels of one pixel side by side:
 *
 *     values[(y * w + x) * c + channel]
 *
 * A plain list of n numbers is a picture of one pixel with n channels.
 *
 * Each kind of node stands in KINDS with two functions: `run` computes all its values, fast, and
 * `places` tells from which places of its input one value comes. `places` and `weigh` are enough
 * to write the arithmetic of one value out, and to follow receptive fields back to the image.
 *
 * Nothing here knows of the page: it is computing only.
 */
/**
 * @typedef {Object} Node
 * @property {number} id  Its place in `model.nodes`.
 * @property {string} name
 * @property {string[]} path  Names from the outermost model's layer inwards.
 * @property {string} type  Keras's class, such as "Conv2D".
 * @property {string} kind  What is computed: a key of KINDS.
 * @property {number[]} inputs  Ids.
 * @property {number[]} shape  [h, w, c] or [n].
 * @property {number} h
 * @property {number} w
 * @property {number} c
 * @property {Object} config
 * @property {Object<string, Float32Array>} weights
 * @property {Object<string, number[]>} weightShapes
 * @property {Float32Array} values  What it computed in the last run.
 *
 * @typedef {{id: number, y0: number, y1: number, x0: number, x1: number, c0: number, c1: number}} Box
 *   Rows y0 to y1 - 1, columns x0 to x1 - 1, channels c0 to c1 - 1 of node `id`.
 *
 * @typedef {[number, number, number]} Steps
 *   Places along one axis: the first, how far it is from each to the next, and how many.
 *
 * @typedef {{input: number, y: number, x: number, c: number, value: number, weight: number,
 *   product: number}} Term
 */

// ---------------------------------------------------------------- activation functions

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clip = (x, low, high) => Math.min(Math.max(x, low), high);
// log(1 + e^x), without an e^x that is too large to hold
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The error function, by its Taylor series in the middle and a continued fraction outside. */
function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x, sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

/** Functions of one number, and of the numbers that Keras lets one set. */
const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x, { negative_slope = 0, max_value = null, threshold = 0 }) => {
    const low = negative_slope ? negative_slope * Math.max(threshold - x, 0) : 0;
    const high = x > threshold ? x : 0;
    return (max_value === null ? high : clip(high, 0, max_value)) - low;
  },
  relu6: (x) => clip(x, 0, 6),
  leaky_relu: (x, { negative_slope }) => (x > 0 ? x : negative_slope * x),
  elu: (x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  celu: (x, { alpha }) => Math.max(x, 0) + alpha * Math.expm1(Math.min(x, 0) / alpha),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  gelu: (x, { approximate }) =>
    approximate
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf(x / Math.SQRT2)),
  silu: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  sigmoid,
  log_sigmoid: (x) => -softplus(-x),
  hard_sigmoid: (x) => clip(x + 3, 0, 6) / 6,
  hard_silu: (x) => (x * clip(x + 3, 0, 6)) / 6,
  tanh: Math.tanh,
  hard_tanh: (x) => clip(x, -1, 1),
  tanh_shrink: (x) => x - Math.tanh(x),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  exponential: Math.exp,
};

const isSoftmax = (node) => /softmax$/.test(node.config.activation || "");

/** Softmax of `count` numbers from `start` on, in place; its logarithm if `log`. */
function softmax(values, start, count, log) {
  let largest = -Infinity, sum = 0;
  for (let i = start; i < start + count; i++) largest = Math.max(largest, values[i]);
  for (let i = start; i < start + count; i++) sum += Math.exp(values[i] - largest);
  for (let i = start; i < start + count; i++) {
    const score = values[i] - largest;
    values[i] = log ? score - Math.log(sum) : Math.exp(score) / sum;
  }
}

/** Put a node's values through its activation function. */
function activate(node) {
  const { values, c } = node;
  const { activation = "linear", options = {} } = node.config;
  if (activation === "linear") return;
  if (isSoftmax(node)) {
    const log = activation === "log_softmax";
    for (let start = 0; start < values.length; start += c) softmax(values, start, c, log);
  } else if (node.plainRelu) {
    for (let i = 0; i < values.length; i++) if (values[i] < 0) values[i] = 0;
  } else {
    const f = ACTIVATIONS[activation];
    for (let i = 0; i < values.length; i++) values[i] = f(values[i], options);
  }
}

// ---------------------------------------------------------------- places

const at = (node, y, x, c) => (y * node.w + x) * node.c + c;

/** @returns {Steps} one place */
const only = (place) => [place, 1, 1];
/** @returns {Steps} all of `count` places */
const all = (count) => [0, 1, count];
/** @returns {Steps} the place itself, if there is one */
const inside = (place, count) => [place, 1, place >= 0 && place < count ? 1 : 0];

/**
 * The places along one axis under a window, without those that lie in the padding.
 * @returns {Steps}
 */
function windowed(node, axis, position, size) {
  const { kernel_size, strides, dilation_rate, before } = node.config;
  const step = dilation_rate[axis];
  const start = position * strides[axis] - before[axis];
  let first = 0, last = kernel_size[axis] - 1;
  while (start + first * step < 0 && first <= last) first++;
  while (start + last * step >= size && last >= first) last--;
  return [start + first * step, step, last - first + 1];
}

/** Which row (axis 0) or column (axis 1) of the kernel lies on a place of the input. */
function kernelPlace(node, axis, position, place) {
  const { strides, dilation_rate, before } = node.config;
  return (place - position * strides[axis] + before[axis]) / dilation_rate[axis];
}

const under = (node, input, y, x) => [windowed(node, 0, y, input.h), windowed(node, 1, x, input.w)];

// ---------------------------------------------------------------- the kinds of nodes

/**
 * For each kind of node:
 *   prepare(node, inputs)               once, when the network is loaded
 *   run(node, inputs)                   fill node.values
 *   places(node, k, input, y, x, c)     [rows, columns, channels] of its k-th input that the value at
 *                                       (y, x, c) is computed from, as Steps
 *   weigh(node, inputs, y, x, c)        a function of a term's (k, y, x, c): what it is multiplied by
 *   bias(node, y, x, c)                 what is added to the sum of all terms, 0 if missing
 */
const KINDS = {
  input: { run() {} },

  /**
   * A convolution: at each place of the window, each value under it times the kernel's number
   * for it; the sum of these, and the bias, is one pixel of one feature.
   */
  conv: {
    run(node, [input]) {
      const { kernel_size, strides, dilation_rate, before, groups } = node.config;
      const [kh, kw] = kernel_size, [sy, sx] = strides, [dy, dx] = dilation_rate, [top, left] = before;
      const { kernel, bias } = node.weights;
      const taken = input.c / groups; // channels that one feature looks at
      const made = node.c / groups; // features that look at the same channels
      const sums = node.sums;
      for (let y = 0, out = 0; y < node.h; y++) {
        for (let x = 0; x < node.w; x++, out += node.c) {
          if (bias) sums.set(bias);
          else sums.fill(0);
          for (let ky = 0; ky < kh; ky++) {
            const inY = y * sy - top + ky * dy;
            if (inY < 0 || inY >= input.h) continue; // zeros around the picture
            for (let kx = 0; kx < kw; kx++) {
              const inX = x * sx - left + kx * dx;
              if (inX < 0 || inX >= input.w) continue;
              const pixel = at(input, inY, inX, 0);
              for (let channel = 0; channel < input.c; channel++) {
                const value = input.values[pixel + channel];
                if (value === 0) continue; // adds nothing
                const group = Math.floor(channel / taken);
                // Here begin the kernel's numbers for this place and channel, one for each feature
                const row = ((ky * kw + kx) * taken + channel - group * taken) * node.c + group * made;
                addTimes(sums, group * made, value, kernel, row, made);
              }
            }
          }
          node.values.set(sums, out);
        }
      }
    },
    places(node, k, input, y, x, c) {
      const taken = input.c / node.config.groups, made = node.c / node.config.groups;
      return [...under(node, input, y, x), [Math.floor(c / made) * taken, 1, taken]];
    },
    weigh(node, [input], y, x, c) {
      const taken = input.c / node.config.groups, columns = node.config.kernel_size[1];
      return (k, inY, inX, inC) => {
        const place = kernelPlace(node, 0, y, inY) * columns + kernelPlace(node, 1, x, inX);
        return node.weights.kernel[(place * taken + (inC % taken)) * node.c + c];
      };
    },
    bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
  },

  /** Each channel has its own kernels and makes its own features: nothing is added up across channels. */
  depthwise: {
    run(node, [input]) {
      const { kernel_size, strides, dilation_rate, before } = node.config;
      const [kh, kw] = kernel_size, [sy, sx] = strides, [dy, dx] = dilation_rate, [top, left] = before;
      const { kernel, bias } = node.weights;
      const many = node.c / input.c; // features from each channel
      const sums = node.sums, values = input.values, features = node.c;
      for (let y = 0, out = 0; y < node.h; y++) {
        for (let x = 0; x < node.w; x++, out += features) {
          if (bias) sums.set(bias);
          else sums.fill(0);
          for (let ky = 0; ky < kh; ky++) {
            const inY = y * sy - top + ky * dy;
            if (inY < 0 || inY >= input.h) continue;
            for (let kx = 0; kx < kw; kx++) {
              const inX = x * sx - left + kx * dx;
              if (inX < 0 || inX >= input.w) continue;
              const pixel = at(input, inY, inX, 0), row = (ky * kw + kx) * features;
              if (many === 1) {
                for (let c = 0; c < features; c++) sums[c] += values[pixel + c] * kernel[row + c];
              } else {
                for (let c = 0; c < features; c++) {
                  sums[c] += values[pixel + Math.floor(c / many)] * kernel[row + c];
                }
              }
            }
          }
          node.values.set(sums, out);
        }
      }
    },
    places: (node, k, input, y, x, c) => [
      ...under(node, input, y, x),
      only(Math.floor(c / (node.c / input.c))),
    ],
    weigh: (node, inputs, y, x, c) => (k, inY, inX) => {
      const columns = node.config.kernel_size[1];
      const place = kernelPlace(node, 0, y, inY) * columns + kernelPlace(node, 1, x, inX);
      return node.weights.kernel[place * node.c + c];
    },
    bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
  },

  /** Each neuron adds up all values, each times its weight. */
  dense: {
    run(node, [input]) {
      const { kernel, bias } = node.weights;
      const sums = node.sums;
      if (bias) sums.set(bias);
      else sums.fill(0);
      for (let i = 0; i < input.c; i++) {
        const value = input.values[i];
        if (value !== 0) addTimes(sums, 0, value, kernel, i * node.c, node.c);
      }
      node.values.set(sums);
    },
    places: (node, k, input) => [only(0), only(0), all(input.c)],
    weigh: (node, inputs, y, x, c) => (k, inY, inX, inC) => node.weights.kernel[inC * node.c + c],
    bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
  },

  /** The largest value under a window, or their mean; what lies outside the picture does not count. */
  pool: {
    run(node, [input]) {
      const { kernel_size: [kh, kw], strides: [sy, sx], before: [top, left], mode } = node.config;
      const c = node.c, from = input.values, to = node.sums;
      for (let y = 0, out = 0; y < node.h; y++) {
        const y0 = Math.max(y * sy - top, 0), y1 = Math.min(y * sy - top + kh, input.h);
        for (let x = 0; x < node.w; x++, out += c) {
          const x0 = Math.max(x * sx - left, 0), x1 = Math.min(x * sx - left + kw, input.w);
          to.fill(mode === "max" ? -Infinity : 0);
          for (let inY = y0; inY < y1; inY++) {
            for (let inX = x0; inX < x1; inX++) {
              const pixel = at(input, inY, inX, 0);
              if (mode === "max") {
                for (let i = 0; i < c; i++) if (from[pixel + i] > to[i]) to[i] = from[pixel + i];
              } else {
                for (let i = 0; i < c; i++) to[i] += from[pixel + i];
              }
            }
          }
          if (mode !== "max") for (let i = 0; i < c; i++) to[i] /= (y1 - y0) * (x1 - x0);
          node.values.set(to, out);
        }
      }
    },
    places: (node, k, input, y, x, c) => [...under(node, input, y, x), only(c)],
    weigh: pooling,
  },

  /** The same over the whole picture. */
  global: {
    run(node, [input]) {
      const { mode } = node.config;
      const c = node.c, sums = node.sums, pixels = input.h * input.w;
      sums.fill(mode === "max" ? -Infinity : 0);
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (let i = 0; i < c; i++) {
          const value = input.values[pixel * c + i];
          if (mode !== "max") sums[i] += value;
          else if (value > sums[i]) sums[i] = value;
        }
      }
      for (let i = 0; i < c; i++) node.values[i] = mode === "max" ? sums[i] : sums[i] / pixels;
    },
    places: (node, k, input, y, x, c) => [all(input.h), all(input.w), only(c)],
    weigh: pooling,
  },

  /** Each value times a number, plus a number: the same for all, or one for each channel. */
  rescale: {
    prepare(node) {
      const { scale, offset } = node.config;
      node.scale = Float64Array.from({ length: node.c }, (_, i) => scale[scale.length > 1 ? i : 0]);
      node.offset = Float64Array.from({ length: node.c }, (_, i) => offset[offset.length > 1 ? i : 0]);
    },
    run: scaleChannels,
    places: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
    weigh: (node, inputs, y, x, c) => () => node.scale[c],
    bias: (node, y, x, c) => node.offset[c],
  },

  /** Each channel minus its mean, over its standard deviation; times gamma, plus beta. */
  normalize: {
    prepare(node) {
      const { gamma, beta, mean, variance } = node.weights;
      const of = (weight, i, missing) => (weight ? weight[weight.length > 1 ? i : 0] : missing);
      node.scale = Float64Array.from(
        { length: node.c },
        (_, i) => of(gamma, i, 1) / Math.sqrt(of(variance, i) + node.config.epsilon),
      );
      node.offset = node.scale.map((scale, i) => of(beta, i, 0) - of(mean, i) * scale);
    },
    run: scaleChannels,
    places: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
    weigh: (node, inputs, y, x, c) => () => node.scale[c],
    bias: (node, y, x, c) => node.offset[c],
  },

  activation: {
    run(node, [input]) {
      node.values.set(input.values);
    },
    places: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
  },

  /** A ReLU whose slope for negative values was learned. */
  prelu: {
    run(node, [input]) {
      for (let y = 0, i = 0; y < node.h; y++) {
        for (let x = 0; x < node.w; x++) {
          for (let c = 0; c < node.c; c++, i++) {
            const value = input.values[i];
            node.values[i] = value > 0 ? value : value * slope(node, y, x, c);
          }
        }
      }
    },
    places: (node, k, input, y, x, c) => [only(y), only(x), only(c)],
  },

  /** The same values, perhaps in rows and columns of another length: Flatten, Reshape, Dropout. */
  copy: {
    prepare(node, [input]) {
      node.values = input.values; // shared, not copied
    },
    run() {},
    places(node, k, input, y, x, c) {
      const index = at(node, y, x, c), pixel = Math.floor(index / input.c);
      return [only(Math.floor(pixel / input.w)), only(pixel % input.w), only(index % input.c)];
    },
  },

  /** More pixels around the picture, or fewer: `before` is negative where it is cropped. */
  pad: {
    run(node, [input]) {
      const [top, left] = node.config.before;
      node.values.fill(node.config.fill);
      const x0 = Math.max(left, 0), x1 = Math.min(left + input.w, node.w);
      for (let y = Math.max(top, 0); y < Math.min(top + input.h, node.h) && x0 < x1; y++) {
        const from = at(input, y - top, x0 - left, 0), to = at(input, y - top, x1 - left, 0);
        node.values.set(input.values.subarray(from, to), at(node, y, x0, 0));
      }
    },
    places(node, k, input, y, x, c) {
      const [top, left] = node.config.before;
      return [inside(y - top, input.h), inside(x - left, input.w), only(c)];
    },
    bias(node, y, x, c, terms) {
      return terms ? 0 : node.config.fill;
    },
  },

  /** A picture of another size: each pixel a weighted mean of a few. */
  resize: {
    prepare(node, [input]) {
      node.rows = resizing(input.h, node.h, node.config);
      node.columns = resizing(input.w, node.w, node.config);
    },
    run(node, [input]) {
      const c = node.c, sums = node.sums;
      for (let y = 0, out = 0; y < node.h; y++) {
        const rows = node.rows[y];
        for (let x = 0; x < node.w; x++, out += c) {
          const columns = node.columns[x];
          sums.fill(0);
          for (let i = 0; i < rows.weights.length; i++) {
            for (let j = 0; j < columns.weights.length; j++) {
              const weight = rows.weights[i] * columns.weights[j];
              addTimes(sums, 0, weight, input.values, at(input, rows.first + i, columns.first + j, 0), c);
            }
          }
          node.values.set(sums, out);
        }
      }
    },
    places: (node, k, input, y, x, c) => [
      [node.rows[y].first, 1, node.rows[y].weights.length],
      [node.columns[x].first, 1, node.columns[x].weights.length],
      only(c),
    ],
    weigh: (node, inputs, y, x) => (k, inY, inX) =>
      node.rows[y].weights[inY - node.rows[y].first] * node.columns[x].weights[inX - node.columns[x].first],
  },

  /** Two or more pictures become one, pixel by pixel; a picture of one pixel counts for all. */
  merge: {
    run(node, inputs) {
      const { values } = node, { mode } = node.config;
      inputs.forEach((input, k) => {
        for (let y = 0, i = 0; y < node.h; y++) {
          for (let x = 0; x < node.w; x++) {
            const [row, column] = [input.h > 1 ? y : 0, input.w > 1 ? x : 0];
            let from = at(input, row, column, 0);
            const step = input.c > 1 ? 1 : 0;
            for (let c = 0; c < node.c; c++, i++, from += step) {
              const value = input.values[from];
              if (k === 0) values[i] = value;
              else if (mode === "multiply") values[i] *= value;
              else if (mode === "subtract") values[i] -= value;
              else if (mode === "max") values[i] = Math.max(values[i], value);
              else if (mode === "min") values[i] = Math.min(values[i], value);
              else values[i] += value;
            }
          }
        }
      });
      if (mode === "average") for (let i = 0; i < values.length; i++) values[i] /= inputs.length;
    },
    places: (node, k, input, y, x, c) => [
      only(input.h > 1 ? y : 0),
      only(input.w > 1 ? x : 0),
      only(input.c > 1 ? c : 0),
    ],
    weigh(node, inputs, y, x, c) {
      const values = inputs.map((input, k) => {
        const [[row], [column], [channel]] = KINDS.merge.places(node, k, input, y, x, c);
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
          case "add":
            return 1;
          default:
            return k === winner ? 1 : 0;
        }
      };
    },
  },

  /** Pictures side by side: below each other (axis 0), beside each other (1), or as channels (2). */
  concatenate: {
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
            const from = at(input, y, x, 0), to = at(node, y + start[0], x + start[1], start[2]);
            for (let c = 0; c < input.c; c++) node.values[to + c] = input.values[from + c];
          }
        }
      });
    },
    places(node, k, input, y, x, c) {
      const place = [only(y), only(x), only(c)], { axis } = node.config;
      place[axis] = inside([y, x, c][axis] - node.starts[k], [input.h, input.w, input.c][axis]);
      return place;
    },
  },
};

/** sums[to + i] += value * factors[from + i]: the innermost loop of most of the work. */
function addTimes(sums, to, value, factors, from, count) {
  for (let i = 0; i < count; i++) sums[to + i] += value * factors[from + i];
}

function scaleChannels(node, [input]) {
  const { values, scale, offset, c } = node;
  for (let i = 0; i < values.length; ) {
    for (let channel = 0; channel < c; channel++, i++) {
      values[i] = input.values[i] * scale[channel] + offset[channel];
    }
  }
}

/** The learned slope of a PReLU, which may be shared by rows, columns or channels. */
function slope(node, y, x, c) {
  const shape = [1, 1, ...node.weightShapes.alpha].slice(-3);
  const [row, column, channel] = [y, x, c].map((place, axis) => (shape[axis] > 1 ? place : 0));
  return node.weights.alpha[(row * shape[1] + column) * shape[2] + channel];
}

/** How much each value under a pooling window counts: all alike, or only the largest. */
function pooling(node, [input], y, x, c) {
  const [rows, columns] = KINDS[node.kind].places(node, 0, input, y, x, c);
  if (node.config.mode !== "max") return () => 1 / (rows[2] * columns[2]);
  let best = -Infinity, winner = "";
  forEach(rows, (inY) =>
    forEach(columns, (inX) => {
      const value = input.values[at(input, inY, inX, c)];
      if (value > best) [best, winner] = [value, `${inY} ${inX}`];
    }),
  );
  return (k, inY, inX) => (`${inY} ${inX}` === winner ? 1 : 0);
}

/**
 * For each of `to` pixels of a row that was made from one of `from` pixels: the first pixel it
 * is taken from, and how much that one and those after it count.
 */
function resizing(from, to, { interpolation, antialias }) {
  const scale = from / to;
  const reach = antialias ? Math.max(scale, 1) : 1; // a smaller picture takes the mean of more pixels
  return Array.from({ length: to }, (_, place) => {
    const middle = (place + 0.5) * scale; // in the larger picture, where pixel i goes from i to i + 1
    if (interpolation === "nearest") {
      // In 32 bits as TensorFlow has it: where a middle lies on a border, the last bit decides
      const nearest = Math.floor(Math.fround((place + 0.5) * Math.fround(scale)));
      return { first: Math.min(nearest, from - 1), weights: [1] };
    }
    if (!antialias) {
      // Between two pixels' middles; outside the first and last, the nearest counts twice
      const left = Math.floor(middle - 0.5), share = middle - 0.5 - left;
      if (left < 0) return { first: 0, weights: [1] };
      if (left >= from - 1) return { first: from - 1, weights: [1] };
      return { first: left, weights: share ? [1 - share, share] : [1] };
    }
    // The pixels whose own middles are nearer than `reach`
    const first = Math.max(Math.floor(middle - reach + 0.5), 0);
    const last = Math.min(Math.ceil(middle + reach - 1.5), from - 1);
    const weights = [];
    for (let i = first; i <= last; i++) weights.push(1 - Math.abs(i + 0.5 - middle) / reach);
    const sum = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

function forEach([first, step, count], action) {
  for (let i = 0; i < count; i++) action(first + i * step);
}

// ---------------------------------------------------------------- loading and running

/** The bytes of text in base64. */
function fromBase64(text) {
  const letters = atob(text), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

async function decompress(bytes) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser is too old to unpack the network: use one of 2023 or later.");
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** A number of 16 bits: 1 for the sign, 5 for the exponent, 10 for the digits. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, digits = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + digits / 1024) : 2 ** -24 * digits);
}

/** @returns {Float32Array} the numbers of one weight */
function readWeight(buffer, { shape, type, start }) {
  const count = shape.reduce((product, side) => product * side, 1);
  if (type === "float32") return new Float32Array(buffer.slice(start, start + 4 * count));
  return Float32Array.from(new Uint16Array(buffer.slice(start, start + 2 * count)), fromHalf);
}

class Model {
  constructor(name, nodes) {
    /** @type {string} */
    this.name = name;
    /** @type {Node[]} */
    this.nodes = nodes;
  }

  /**
   * Run the network on one picture.
   * @param {ArrayLike<number>} pixels  h * w * c numbers in the model's range, channels last.
   * @returns {Float32Array} the last node's values; each node's are in `node.values`.
   */
  run(pixels) {
    const [image, ...others] = this.nodes;
    if (pixels.length !== image.values.length) {
      throw new Error(`The model takes ${image.values.length} pixel values, not ${pixels.length}.`);
    }
    image.values.set(pixels);
    for (const node of others) {
      KINDS[node.kind].run(node, node.inputs.map((id) => this.nodes[id]));
      activate(node);
    }
    return this.nodes[this.nodes.length - 1].values;
  }
}

/**
 * Make a network that runs from what `models.portable.portable` wrote down.
 * @param {Object} portable
 * @returns {Promise<Model>}
 */
export async function load(portable) {
  const buffer = await decompress(fromBase64(portable.weights));
  const nodes = [];
  for (const description of portable.nodes) {
    const node = { ...description, weights: {}, weightShapes: {} };
    const [h, w, c] = node.shape.length === 3 ? node.shape : [1, 1, node.shape[0]];
    for (const [key, weight] of Object.entries(description.weights)) {
      node.weights[key] = readWeight(buffer, weight);
      node.weightShapes[key] = weight.shape;
    }
    Object.assign(node, { h, w, c });
    const { options = {} } = node.config;
    const { negative_slope = 0, threshold = 0, max_value = null } = options;
    node.plainRelu =
      node.config.activation === "relu" && !negative_slope && !threshold && max_value === null;
    if (node.kind !== "copy") node.values = new Float32Array(h * w * c);
    node.sums = new Float64Array(c); // where `run` adds up the values of one pixel
    nodes.push(node);
    const { prepare } = KINDS[node.kind];
    if (prepare) prepare(node, node.inputs.map((id) => nodes[id]));
  }
  return new Model(portable.name, nodes);
}

// ---------------------------------------------------------------- looking inside

/** What a value depends on in the node's k-th input; a softmax depends on all channels. */
function placesSeen(node, k, input, y, x, c) {
  const places = KINDS[node.kind].places(node, k, input, y, x, c);
  if (isSoftmax(node)) places[2] = all(input.c);
  return places;
}

/**
 * What one value is computed from, one step back.
 * @param {Model} model
 * @param {Node} node
 * @returns {Box[]} for each of the node's inputs that it depends on; none for the image, and
 *   none where it lies in what was padded.
 */
export function sources(model, node, y, x, c) {
  return node.inputs
    .map((id, k) => {
      const places = placesSeen(node, k, model.nodes[id], y, x, c);
      if (places.some(([, , count]) => count < 1)) return null;
      const [[y0, y1], [x0, x1], [c0, c1]] = places.map(([first, step, count]) => [
        first,
        first + (count - 1) * step + 1,
      ]);
      return { id, y0, y1, x0, x1, c0, c1 };
    })
    .filter(Boolean);
}

/**
 * All pixels that one value depends on, in each node before it that has rows and columns. Rows and
 * columns are followed each for themselves; so the boxes before a Reshape that mixes them may be
 * larger than need be, never smaller.
 * @returns {Map<number, {y0: number, y1: number, x0: number, x1: number}>} the smallest box
 *   around these pixels, for each node's id.
 */
export function receptiveField(model, node, y, x, c) {
  // For each node, which of its rows, columns and channels are reached
  const reached = new Map();
  const mark = (id, places) => {
    const { h, w, c } = model.nodes[id];
    if (!reached.has(id)) reached.set(id, [h, w, c].map((size) => new Uint8Array(size)));
    places.forEach((place, axis) => forEach(place, (i) => (reached.get(id)[axis][i] = 1)));
  };
  mark(node.id, [only(y), only(x), only(c)]);
  for (let id = node.id; id > 0; id--) {
    if (!reached.has(id)) continue;
    const here = model.nodes[id];
    const marked = reached.get(id).map((flags) => [...flags.keys()].filter((i) => flags[i]));
    here.inputs.forEach((from, k) => {
      const input = model.nodes[from];
      const seen = (place) => placesSeen(here, k, input, ...place);
      const [rows, columns, channels] = marked;
      const reshaped = here.kind === "copy" && `${here.shape}` !== `${input.shape}`;
      if (reshaped && marked.every((places, axis) => places.length === [here.h, here.w, here.c][axis])) {
        mark(from, [all(input.h), all(input.w), all(input.c)]);
      } else if (reshaped) {
        for (const row of rows) {
          for (const column of columns) {
            for (const channel of channels) mark(from, seen([row, column, channel]));
          }
        }
      } else {
        // Rows come from rows only, and so on: each axis for itself
        const found = [
          rows.map((row) => seen([row, columns[0], channels[0]])[0]),
          columns.map((column) => seen([rows[0], column, channels[0]])[1]),
          channels.map((channel) => seen([rows[0], columns[0], channel])[2]),
        ];
        if (found.some((places) => places.every(([, , count]) => count < 1))) return;
        const none = [0, 1, 0];
        found.forEach((places, axis) => {
          for (const place of places) mark(from, [0, 1, 2].map((each) => (each === axis ? place : none)));
        });
      }
    });
  }
  const boxes = new Map();
  for (const [id, [rows, columns]] of reached) {
    if (id === node.id || model.nodes[id].shape.length !== 3) continue;
    const [y0, x0] = [rows.indexOf(1), columns.indexOf(1)];
    boxes.set(id, { y0, y1: rows.lastIndexOf(1) + 1, x0, x1: columns.lastIndexOf(1) + 1 });
  }
  return boxes;
}

/** The terms and the bias of one value, before any activation. */
function additions(model, node, y, x, c) {
  const kind = KINDS[node.kind], inputs = node.inputs.map((id) => model.nodes[id]);
  const weigh = kind.weigh ? kind.weigh(node, inputs, y, x, c) : () => 1;
  const terms = [];
  inputs.forEach((input, k) => {
    const [rows, columns, channels] = kind.places(node, k, input, y, x, c);
    forEach(rows, (inY) =>
      forEach(columns, (inX) =>
        forEach(channels, (inC) => {
          const value = input.values[at(input, inY, inX, inC)], weight = weigh(k, inY, inX, inC);
          terms.push({ input: input.id, y: inY, x: inX, c: inC, value, weight, product: value * weight });
        }),
      ),
    );
  });
  const bias = kind.bias ? kind.bias(node, y, x, c, terms.length) : 0;
  const sum = terms.reduce((total, term) => total + term.product, bias);
  return { terms, bias, sum };
}

// Kinds that are written out in the same way bear one name
const NAMES = { depthwise: "conv", global: "pool", prelu: "activation", rescale: "normalize" };

/**
 * How one value was computed: value × weight, added up, plus the bias, through the activation.
 * @returns {{kind: string, terms: Term[], bias: number, sum: number, activation: string,
 *   result: number, outside: number, text: string}} `outside` counts the places of a window that
 *   lie in the padding, where there is no term.
 */
export function arithmetic(model, node, y, x, c) {
  const { terms, bias, sum } = additions(model, node, y, x, c);
  let { activation = "linear" } = node.config;
  let result;
  if (node.kind === "input") {
    result = node.values[at(node, y, x, c)];
  } else if (isSoftmax(node)) {
    const scores = Float64Array.from({ length: node.c }, (_, i) => additions(model, node, y, x, i).sum);
    softmax(scores, 0, node.c, activation !== "softmax");
    result = scores[c];
  } else if (node.kind === "prelu") {
    activation = "prelu";
    result = sum > 0 ? sum : sum * slope(node, y, x, c);
  } else {
    result = ACTIVATIONS[activation](sum, node.config.options || {});
  }
  let outside = 0;
  if (node.config.kernel_size) {
    const [kh, kw] = node.config.kernel_size;
    const [rows, columns] = under(node, model.nodes[node.inputs[0]], y, x);
    outside = kh * kw - rows[2] * columns[2];
  } else if (node.kind === "pad" && !terms.length) {
    outside = 1;
  }
  const found = { kind: nameOfKind(node), terms, bias, sum, activation, result, outside };
  return { ...found, text: sentence(model, node, found) };
}

function nameOfKind(node) {
  if (node.kind === "merge") return node.config.mode;
  return NAMES[node.kind] || node.kind;
}

const short = (number) => String(Number(number.toPrecision(3)));

/** The arithmetic of one value in one sentence. */
function sentence(model, node, { kind, terms, bias, sum, activation, result, outside }) {
  const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;
  const padded = outside && node.config.kernel_size;
  const padding = padded ? `, ${count(outside, "place")} outside the picture` : "";
  const first = terms.length ? short(terms[0].value) : "";
  const name = activation.replace("_", " ");
  const then = activation === "linear" ? "" : `; ${name} makes that ${short(result)}`;
  switch (node.kind) {
    case "input":
      return `A value of the image: ${short(result)}.`;
    case "conv":
    case "depthwise":
    case "dense":
      return (
        `${count(terms.length, "value")}, each times its weight${padding}, ` +
        `plus the bias ${short(bias)}: ${short(sum)}${then}.`
      );
    case "pool":
    case "global": {
      const what = node.config.mode === "max" ? "largest" : "mean";
      return `The ${what} of ${count(terms.length, "value")}${padding}: ${short(result)}.`;
    }
    case "rescale":
    case "normalize":
      return `${first} times ${short(terms[0].weight)} plus ${short(bias)}: ${short(sum)}.`;
    case "merge": {
      const sign = { add: " + ", subtract: " − ", multiply: " × " }[kind];
      const values = terms.map((term) => short(term.value));
      if (sign) return `${values.join(sign)} = ${short(result)}.`;
      const names = { average: "mean", max: "largest", min: "smallest" };
      return `The ${names[kind]} of ${values.join(", ")}: ${short(result)}.`;
    }
    case "resize":
      return `${count(terms.length, "nearby pixel")}, each times its share: ${short(result)}.`;
    case "activation":
    case "prelu":
      return `${name} of ${first}: ${short(result)}.`;
    default:
      return terms.length ? `The value ${first}, passed on.` : `Outside the picture: ${short(result)}.`;
  }
}

/**
 * How each neuron of the layer before votes for one neuron of a dense layer.
 * @param {number} unit
 * @returns {{index: number, value: number, weight: number, product: number}[]} the strongest
 *   vote first, for or against.
 */
export function votes(model, node, unit) {
  if (node.kind !== "dense") throw new Error(`${node.name} is no dense layer: nothing votes in it.`);
  return additions(model, node, 0, 0, unit)
    .terms.map(({ c, value, weight, product }) => ({ index: c, value, weight, product }))
    .sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
}

/**
 * The probability of each class. A model may end in scores instead (logits); then they are
 * squashed here: by softmax, or by sigmoid if there is only one.
 * @returns {{values: Float32Array, squashed: boolean}}
 */
export function scores(model) {
  let node = model.nodes[model.nodes.length - 1];
  const values = node.values.slice();
  while (node.kind === "copy") node = model.nodes[node.inputs[0]];
  if (["softmax", "sigmoid"].includes(node.config.activation)) return { values, squashed: false };
  if (values.length === 1) values[0] = sigmoid(values[0]);
  else softmax(values, 0, values.length, false);
  return { values, squashed: true };
}
