/* The lightness of the paper under a picture, shadows included: a smooth surface by least squares. */

const TERMS = 15;

/* At every pixel the 15 products of powers of row and column, up to the fourth degree together. */
export function terms(height, width) {
  const all = new Float64Array(TERMS * height * width);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const down = -1 + (2 * y) / Math.max(1, height - 1);
    for (let x = 0; x < width; x++) {
      const across = -1 + (2 * x) / Math.max(1, width - 1);
      for (let i = 0, rows = 1; i < 5; i++, rows *= down)
        for (let j = 0, both = rows; j < 5 - i; j++, both *= across) all[at++] = both;
    }
  }
  return all;
}

/* Least squares: the 15 factors of the surface nearest to some of the pixels. */
export function fit(pixels, all, places) {
  const size = TERMS;
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1));
  for (const at of places) {
    const term = all.subarray(size * at, size * (at + 1));
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) matrix[i][j] += term[i] * term[j];
      matrix[i][size] += term[i] * pixels[at];
    }
  }
  for (let i = 0; i < size; i++) matrix[i][i] += 1e-9; // flat pictures have many equal answers
  for (let i = 0; i < size; i++) {
    let best = i;
    for (let row = i; row < size; row++) if (Math.abs(matrix[row][i]) > Math.abs(matrix[best][i])) best = row;
    const pivot = matrix[best];
    matrix[best] = matrix[i];
    matrix[i] = pivot;
    for (let row = 0; row < size; row++) {
      if (row === i) continue;
      const factor = matrix[row][i] / pivot[i];
      for (let column = i; column <= size; column++) matrix[row][column] -= factor * pivot[column];
    }
  }
  return matrix.map((row, i) => row[size] / row[i]);
}

/* The surface's height at one pixel. */
export function level(all, factors, at) {
  let sum = 0;
  for (let n = 0; n < TERMS; n++) sum += factors[n] * all[TERMS * at + n];
  return sum;
}

/* The paper's lightness at every pixel: a smooth surface through all but the dark ones. */
export function paper(pixels, all, some) {
  let kept = some;
  let factors;
  for (let turn = 0; turn < 6; turn++) {
    // fit, leave out what lies well below, fit again
    factors = fit(pixels, all, kept);
    const below = (at) => level(all, factors, at) - pixels[at];
    const depths = kept.map(below);
    const mean = depths.reduce((one, other) => one + other, 0) / depths.length;
    const spread = Math.sqrt(depths.reduce((sum, depth) => sum + (depth - mean) ** 2, 0) / depths.length);
    kept = some.filter((at) => below(at) <= Math.max(4, 1.5 * spread));
    if (kept.length < 2 * TERMS)
      return pixels.map(() => some.reduce((most, at) => Math.max(most, pixels[at]), 0));
  }
  return pixels.map((_, at) => level(all, factors, at));
}
