/** The sliding window of a convolution or a pooling layer. */

/**
 * The positions along one axis under a window, without those that lie in the padding.
 * @returns {Steps}
 */
export function windowed(node, axis, position, size) {
  const { kernel_size, strides, dilation_rate, before } = node.config;
  const step = dilation_rate[axis];
  const start = position * strides[axis] - before[axis];
  let first = 0,
    last = kernel_size[axis] - 1;
  while (start + first * step < 0 && first <= last) first++;
  while (start + last * step >= size && last >= first) last--;
  return [start + first * step, step, last - first + 1];
}

/** Which row (axis 0) or column (axis 1) of the kernel lies on a place of the input. */
export function kernelPlace(node, axis, position, place) {
  const { strides, dilation_rate, before } = node.config;
  return (place - position * strides[axis] + before[axis]) / dilation_rate[axis];
}

/** The rows and columns under the window of the value at (y, x). */
export const under = (node, input, y, x) => [windowed(node, 0, y, input.h), windowed(node, 1, x, input.w)];

/** Row and column, in the window of the value at (y, x), of a position of the input. */
export const positionInWindow = (node, { y, x }, row, column) => [
  kernelPlace(node, 0, y, row),
  kernelPlace(node, 1, x, column),
];
