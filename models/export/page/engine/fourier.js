/** The discrete Fourier transform of a frame of real numbers. */

/**
 * What transforms frames of one size.
 * @param {number} size
 * @returns {function(Float64Array, Float64Array): void} changes the real and imaginary parts of `size` numbers in
 *   place: fast where `size` is a power of two.
 */
export function fourier(size) {
  const cosines = Float64Array.from({ length: size }, (_, n) => Math.cos((2 * Math.PI * n) / size));
  const sines = Float64Array.from({ length: size }, (_, n) => -Math.sin((2 * Math.PI * n) / size));
  return (size & (size - 1)) === 0 ? fast(size, cosines, sines) : slow(size, cosines, sines);
}

/* By halves: after each round, transforms of twice as many numbers stand side by side. */
function fast(size, cosines, sines) {
  const reversed = new Uint32Array(size);
  for (let n = 1; n < size; n++) reversed[n] = (reversed[n >> 1] >> 1) | (n & 1 ? size >> 1 : 0);
  return (real, imaginary) => {
    for (let n = 0; n < size; n++) {
      const other = reversed[n];
      if (other <= n) continue;
      [real[n], real[other]] = [real[other], real[n]];
      [imaginary[n], imaginary[other]] = [imaginary[other], imaginary[n]];
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let first = 0; first < size; first += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [one, other, turn] = [first + k, first + k + half, k * step];
          const a = real[other] * cosines[turn] - imaginary[other] * sines[turn];
          const b = real[other] * sines[turn] + imaginary[other] * cosines[turn];
          real[other] = real[one] - a;
          imaginary[other] = imaginary[one] - b;
          real[one] += a;
          imaginary[one] += b;
        }
      }
    }
  };
}

/* By the definition; the numbers that come in are real. */
function slow(size, cosines, sines) {
  const given = new Float64Array(size);
  return (real, imaginary) => {
    given.set(real);
    for (let k = 0; k < size; k++) {
      let [a, b] = [0, 0];
      for (let n = 0, turn = 0; n < size; n++, turn = (turn + k) % size) {
        a += given[n] * cosines[turn];
        b += given[n] * sines[turn];
      }
      real[k] = a;
      imaginary[k] = b;
    }
  };
}
