/* A new last layer: a dense layer with a softmax, trained on features of a frozen network as Keras trains it. */

import { randomNumbers } from "../why/weights.js";

export const SETTINGS = {
  rate: 0.05, // learning rate
  penalty: 0.001, // L2 regularization: penalty × the sum of the kernel's squares is added to the loss
  steps: 200, // each on all training pictures
  seed: 0, // of the weights that it begins with
};
const [MOMENTUM, VELOCITY, EPSILON] = [0.9, 0.999, 1e-7]; // Adam as in Keras

/**
 * What features are divided by, so that pictures differ by about 1: the root of their mean squared distance from
 * their mean. Rates and penalties then suit any network.
 * @param {Float32Array[]} rows  Features of the training pictures.
 * @param {() => ?Promise} rest  Called after each picture; what it returns is awaited.
 */
export async function spread(rows, rest) {
  const mean = new Float64Array(rows[0].length);
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) mean[i] += row[i] / rows.length;
    const wait = rest();
    if (wait) await wait;
  }
  let sum = 0;
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) sum += (row[i] - mean[i]) ** 2;
    const wait = rest();
    if (wait) await wait;
  }
  return sum === 0 ? 1 : Math.fround(Math.sqrt(sum / rows.length)); // 1 where all pictures are alike
}

/** Weights that Adam moves, with the mean of their gradients and that of their squares. */
class Moved {
  constructor(count) {
    this.values = new Float32Array(count);
    this.gradient = new Float64Array(count);
    this.mean = new Float32Array(count);
    this.square = new Float32Array(count);
  }

  /* `step` counts from 1. */
  move(step, rate) {
    const { values, gradient, mean, square } = this;
    const pace = (rate * Math.sqrt(1 - VELOCITY ** step)) / (1 - MOMENTUM ** step);
    for (let at = 0; at < values.length; at++) {
      const slope = gradient[at];
      mean[at] += (slope - mean[at]) * (1 - MOMENTUM);
      square[at] += (slope * slope - square[at]) * (1 - VELOCITY);
      values[at] -= (mean[at] * pace) / (Math.sqrt(square[at]) + EPSILON);
    }
  }
}

export class Head {
  /* The kernel begins with Glorot's uniform numbers, the bias with 0. From a kernel of 0 the gradient of the bias would be
     0 but for rounding, which Adam makes large. */
  constructor(inputs, classes, settings = SETTINGS) {
    Object.assign(this, { inputs, classes, settings, steps: 0 });
    this.kernel = new Moved(inputs * classes);
    this.bias = new Moved(classes);
    this.sums = new Float64Array(classes);
    const random = randomNumbers(settings.seed);
    const most = Math.sqrt(6 / (inputs + classes));
    this.kernel.values = this.kernel.values.map(() => most * (2 * random() - 1));
  }

  /**
   * The probabilities of one picture; the array is written over by the next call.
   * @param {Float32Array} row  Its features, divided by the spread.
   */
  shares(row) {
    return probabilities(row, this.kernel.values, this.bias.values, this.sums);
  }

  /**
   * One step on all pictures; gives the loss and how many pictures were classified correctly before it.
   * @param {Float32Array[]} rows  Features, divided by the spread.
   * @param {number[]} labels
   * @param {() => ?Promise} rest  Called after each picture; what it returns is awaited.
   */
  async step(rows, labels, rest) {
    const { classes, kernel, bias } = this;
    const { rate, penalty } = this.settings;
    let [loss, right] = [0, 0];
    kernel.gradient.fill(0);
    bias.gradient.fill(0);
    for (let n = 0; n < rows.length; n++) {
      const row = rows[n];
      const shares = this.shares(row);
      loss -= Math.log(Math.max(shares[labels[n]], 1e-30)) / rows.length;
      right += likeliest(shares) === labels[n];
      shares[labels[n]] -= 1;
      for (let c = 0; c < classes; c++) bias.gradient[c] += shares[c] / rows.length;
      for (let i = 0; i < row.length; i++) {
        const value = row[i] / rows.length;
        if (value !== 0)
          for (let c = 0; c < classes; c++) kernel.gradient[i * classes + c] += value * shares[c];
      }
      const wait = rest();
      if (wait) await wait;
    }
    for (let at = 0; at < kernel.values.length; at++) {
      const weight = kernel.values[at];
      loss += penalty * weight * weight;
      kernel.gradient[at] += 2 * penalty * weight;
    }
    this.steps += 1;
    kernel.move(this.steps, rate);
    bias.move(this.steps, rate);
    return { loss, right };
  }

  /* How many of these pictures it classifies correctly. */
  async right(rows, labels, rest) {
    let right = 0;
    for (let n = 0; n < rows.length; n++) {
      right += likeliest(this.shares(rows[n])) === labels[n];
      const wait = rest();
      if (wait) await wait;
    }
    return right;
  }

  /* The weights for features as the network gives them. */
  weights(divisor) {
    return { kernel: this.kernel.values.map((weight) => weight / divisor), bias: this.bias.values.slice() };
  }
}

export const likeliest = (shares) =>
  shares.reduce((best, share, at) => (share > shares[best] ? at : best), 0);

/** Softmax of a row of features times a kernel plus a bias, written into `sums`. */
export function probabilities(row, kernel, bias, sums = new Float64Array(bias.length)) {
  const classes = bias.length;
  sums.set(bias);
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (value !== 0) for (let c = 0; c < classes; c++) sums[c] += value * kernel[i * classes + c];
  }
  let [largest, total] = [-Infinity, 0];
  for (const sum of sums) largest = Math.max(largest, sum);
  for (let c = 0; c < classes; c++) total += sums[c] = Math.exp(sums[c] - largest);
  for (let c = 0; c < classes; c++) sums[c] /= total;
  return sums;
}
