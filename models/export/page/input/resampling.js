/* Sounds at another sampling rate: the filter of SciPy's resample_poly, by which sounds come to Keras, too. */

const BETA = 5; // of the Kaiser window
const LOBES = 10; // of the filter, on each side

/* Samples (n,) that came at `from` per second, at `to` per second. */
export function resampled(samples, from, to) {
  const shared = commonDivisor(from, to);
  const [up, down] = [to / shared, from / shared];
  if (up === down) return Float64Array.from(samples);
  const half = LOBES * Math.max(up, down);
  const filter = lowPass(half, Math.max(up, down), up);
  const result = new Float64Array(Math.ceil((samples.length * up) / down));
  for (let m = 0; m < result.length; m++) {
    const at = m * down;
    const first = Math.max(0, Math.ceil((at - half) / up));
    const last = Math.min(samples.length - 1, Math.floor((at + half) / up));
    let sum = 0;
    for (let k = first; k <= last; k++) sum += samples[k] * filter[half + at - k * up];
    result[m] = sum;
  }
  return result;
}

function commonDivisor(one, other) {
  return other ? commonDivisor(other, one % other) : one;
}

/* The ideal low-pass filter under a Kaiser window; its values add up to `total`. */
function lowPass(half, rate, total) {
  const filter = new Float64Array(2 * half + 1);
  let sum = 0;
  for (let n = -half; n <= half; n++) {
    const angle = (Math.PI * n) / rate;
    const ideal = n ? Math.sin(angle) / angle : 1;
    filter[n + half] = ideal * bessel(BETA * Math.sqrt(1 - (n / half) ** 2));
    sum += filter[n + half];
  }
  return filter.map((value) => (value * total) / sum);
}

/* The modified Bessel function of the first kind, of order 0. */
function bessel(x) {
  let [term, sum] = [1, 1];
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}
