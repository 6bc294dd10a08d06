/** Gradients of weighted sums: convolutions, transposed convolutions and dense layers; of some rows at a time. */

import { at } from "../positions.js";

/** The sum of some numbers, each times its weight. */
function dot(gradient, to, weights, from, count) {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += gradient[to + i] * weights[from + i];
  return sum;
}

function isZero(gradient, from, count) {
  for (let i = from; i < from + count; i++) if (gradient[i] !== 0) return false;
  return true;
}

/** Call `action(out, pixel, place)` for each place of the window at each pixel of some rows that has a gradient. */
function eachPlace(node, input, gradient, [first, last], action) {
  const { kernel_size, strides, dilation_rate, before } = node.config;
  for (let y = first, out = at(node, first, 0, 0); y < last; y++) {
    for (let x = 0; x < node.w; x++, out += node.c) {
      if (isZero(gradient, out, node.c)) continue;
      for (let ky = 0; ky < kernel_size[0]; ky++) {
        const inY = y * strides[0] - before[0] + ky * dilation_rate[0];
        if (inY < 0 || inY >= input.h) continue;
        for (let kx = 0; kx < kernel_size[1]; kx++) {
          const inX = x * strides[1] - before[1] + kx * dilation_rate[1];
          if (inX < 0 || inX >= input.w) continue;
          action(out, at(input, inY, inX, 0), ky * kernel_size[1] + kx);
        }
      }
    }
  }
}

export function conv(node, [input], gradient, [to], ...rows) {
  const { groups } = node.config;
  const { kernel } = node.weights;
  const taken = input.c / groups,
    made = node.c / groups;
  eachPlace(node, input, gradient, rows, (out, pixel, place) => {
    for (let channel = 0; channel < input.c; channel++) {
      const group = Math.floor(channel / taken);
      const row = (place * taken + channel - group * taken) * node.c + group * made;
      to[pixel + channel] += dot(gradient, out + group * made, kernel, row, made);
    }
  });
}

export function depthwise(node, [input], gradient, [to], ...rows) {
  const { kernel } = node.weights;
  const many = node.c / input.c;
  eachPlace(node, input, gradient, rows, (out, pixel, place) => {
    const row = place * node.c;
    for (let c = 0; c < node.c; c++) {
      to[pixel + Math.floor(c / many)] += gradient[out + c] * kernel[row + c];
    }
  });
}

/** A transposed convolution's gradient is a convolution. */
export function transposed(node, [input], gradient, [to], first, last) {
  const { kernel_size, strides, before } = node.config;
  for (let inY = first, pixel = at(input, first, 0, 0); inY < last; inY++) {
    for (let inX = 0; inX < input.w; inX++, pixel += input.c) {
      for (let ky = 0; ky < kernel_size[0]; ky++) {
        const y = inY * strides[0] - before[0] + ky;
        if (y < 0 || y >= node.h) continue;
        for (let kx = 0; kx < kernel_size[1]; kx++) {
          const x = inX * strides[1] - before[1] + kx;
          if (x < 0 || x >= node.w) continue;
          const out = at(node, y, x, 0),
            place = ky * kernel_size[1] + kx;
          for (let channel = 0; channel < input.c; channel++) {
            const row = (place * input.c + channel) * node.c;
            to[pixel + channel] += dot(gradient, out, node.turned, row, node.c);
          }
        }
      }
    }
  }
}

export function dense(node, [input], gradient, [to], first, last) {
  for (let i = first; i < last; i++) to[i] += dot(gradient, 0, node.weights.kernel, i * node.c, node.c);
}
