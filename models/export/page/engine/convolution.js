/** Convolutions: Conv2D, and DepthwiseConv2D, where each channel has its own kernels. */

import { at, only } from "./positions.js";
import { addTimes } from "./sums.js";
import * as kernels from "./wasm/kernels.js";
import { kernelPlace, under } from "./windows.js";

/**
 * A convolution: at each place of the window, each value under it times the kernel's number
 * for it; the sum of these, and the bias, is one pixel of one feature.
 */
export const conv = {
  parts: (node) => ({ count: node.h, cost: node.h * node.w * node.weights.kernel.length }),
  run(node, [input], example, from = 0, to = node.h) {
    if (kernels.conv(node, input, from, to)) return;
    const { kernel_size, strides, dilation_rate, before, groups } = node.config;
    const [kh, kw] = kernel_size,
      [sy, sx] = strides,
      [dy, dx] = dilation_rate,
      [top, left] = before;
    const { kernel, bias } = node.weights;
    const taken = input.c / groups; // channels that one feature looks at
    const made = node.c / groups; // features that look at the same channels
    const sums = node.sums;
    for (let y = from, out = at(node, from, 0, 0); y < to; y++) {
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
  positions(node, k, input, y, x, c) {
    const taken = input.c / node.config.groups,
      made = node.c / node.config.groups;
    return [...under(node, input, y, x), [Math.floor(c / made) * taken, 1, taken]];
  },
  weigh(node, [input], y, x, c) {
    const taken = input.c / node.config.groups,
      columns = node.config.kernel_size[1];
    return (k, inY, inX, inC) => {
      const place = kernelPlace(node, 0, y, inY) * columns + kernelPlace(node, 1, x, inX);
      return node.weights.kernel[(place * taken + (inC % taken)) * node.c + c];
    };
  },
  bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
};

/** Each channel has its own kernels and makes its own features: nothing is added up across channels. */
export const depthwise = {
  parts: (node) => ({ count: node.h, cost: node.h * node.w * node.weights.kernel.length }),
  run(node, [input], example, from = 0, to = node.h) {
    if (kernels.depthwise(node, input, from, to)) return;
    const { kernel_size, strides, dilation_rate, before } = node.config;
    const [kh, kw] = kernel_size,
      [sy, sx] = strides,
      [dy, dx] = dilation_rate,
      [top, left] = before;
    const { kernel, bias } = node.weights;
    const many = node.c / input.c; // features from each channel
    const sums = node.sums,
      values = input.values,
      features = node.c;
    for (let y = from, out = at(node, from, 0, 0); y < to; y++) {
      for (let x = 0; x < node.w; x++, out += features) {
        if (bias) sums.set(bias);
        else sums.fill(0);
        for (let ky = 0; ky < kh; ky++) {
          const inY = y * sy - top + ky * dy;
          if (inY < 0 || inY >= input.h) continue;
          for (let kx = 0; kx < kw; kx++) {
            const inX = x * sx - left + kx * dx;
            if (inX < 0 || inX >= input.w) continue;
            const pixel = at(input, inY, inX, 0),
              row = (ky * kw + kx) * features;
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
  positions: (node, k, input, y, x, c) => [
    ...under(node, input, y, x),
    only(Math.floor(c / (node.c / input.c))),
  ],
  weigh: (node, inputs, y, x, c) => (k, inY, inX) => {
    const columns = node.config.kernel_size[1];
    const place = kernelPlace(node, 0, y, inY) * columns + kernelPlace(node, 1, x, inX);
    return node.weights.kernel[place * node.c + c];
  },
  bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
};
