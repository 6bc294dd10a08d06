/* Distances to the nearest marked pixel. */

/* From every pixel, how far the nearest marked one is (Felzenszwalb and Huttenlocher, 2012). */
export function distances(marked, height, width) {
  const FAR = 1e10;
  const square = Float64Array.from(marked, (value) => (value ? 0 : FAR));
  const line = (first, step, length) => {
    const values = Float64Array.from({ length }, (_, n) => square[first + n * step]);
    const lowest = [0],
      from = [-Infinity];
    const meet = (one, other) => (values[other] + other ** 2 - values[one] - one ** 2) / (2 * (other - one));
    for (let n = 1; n < length; n++) {
      while (lowest.length && meet(lowest.at(-1), n) <= from.at(-1)) {
        lowest.pop();
        from.pop();
      }
      from.push(lowest.length ? meet(lowest.at(-1), n) : -Infinity);
      lowest.push(n);
    }
    for (let n = 0, at = 0; n < length; n++) {
      while (at + 1 < lowest.length && from[at + 1] < n) at++;
      square[first + n * step] = (n - lowest[at]) ** 2 + values[lowest[at]];
    }
  };
  for (let x = 0; x < width; x++) line(x, width, height);
  for (let y = 0; y < height; y++) line(y * width, 1, width);
  return Float32Array.from(square, Math.sqrt);
}
