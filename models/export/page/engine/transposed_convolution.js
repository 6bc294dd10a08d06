/** Conv2DTranspose: each value of the input adds its kernel to the output, `strides` pixels further each. */

import { all, at } from "./positions.js";
import { addTimes } from "./sums.js";

/** The rows (axis 0) or columns (axis 1) of the input whose kernels reach a position of the output. */
function reaching(node, axis, position, size) {
  const { kernel_size, strides, before } = node.config;
  const place = position + before[axis];
  const first = Math.max(0, Math.ceil((place - kernel_size[axis] + 1) / strides[axis]));
  const last = Math.min(size - 1, Math.floor(place / strides[axis]));
  return [first, 1, Math.max(0, last - first + 1)];
}

/** Where in the kernel of an input's row or column a position of the output lies. */
const inKernel = ({ config }, axis, position, from) =>
  position + config.before[axis] - from * config.strides[axis];

export const transposed = {
  /* The kernel's numbers with the features side by side, as the innermost loop takes them. */
  prepare(node, [input]) {
    const { kernel } = node.weights;
    const [height, width] = node.config.kernel_size;
    node.turned = new Float32Array(kernel.length);
    for (let place = 0; place < height * width; place++)
      for (let c = 0; c < node.c; c++)
        for (let from = 0; from < input.c; from++)
          node.turned[(place * input.c + from) * node.c + c] = kernel[(place * node.c + c) * input.c + from];
  },
  parts: (node, [input]) => ({ count: node.h, cost: input.h * input.w * node.weights.kernel.length }),
  run(node, [input], example, from = 0, to = node.h) {
    const { sums, turned } = node;
    const width = node.config.kernel_size[1];
    for (let y = from, out = at(node, from, 0, 0); y < to; y++) {
      const [firstRow, , rows] = reaching(node, 0, y, input.h);
      for (let x = 0; x < node.w; x++, out += node.c) {
        const [firstColumn, , columns] = reaching(node, 1, x, input.w);
        if (node.weights.bias) sums.set(node.weights.bias);
        else sums.fill(0);
        for (let inY = firstRow; inY < firstRow + rows; inY++) {
          for (let inX = firstColumn; inX < firstColumn + columns; inX++) {
            const place = inKernel(node, 0, y, inY) * width + inKernel(node, 1, x, inX);
            const pixel = at(input, inY, inX, 0);
            for (let channel = 0; channel < input.c; channel++) {
              const value = input.values[pixel + channel];
              if (value !== 0) addTimes(sums, 0, value, turned, (place * input.c + channel) * node.c, node.c);
            }
          }
        }
        node.values.set(sums, out);
      }
    }
  },
  positions: (node, k, input, y, x) => [
    reaching(node, 0, y, input.h),
    reaching(node, 1, x, input.w),
    all(input.c),
  ],
  weigh:
    (node, [input], y, x, c) =>
    (k, inY, inX, inC) => {
      const place = inKernel(node, 0, y, inY) * node.config.kernel_size[1] + inKernel(node, 1, x, inX);
      return node.weights.kernel[(place * node.c + c) * input.c + inC];
    },
  bias: (node, y, x, c) => (node.weights.bias ? node.weights.bias[c] : 0),
};
