/** The innermost loop of most of the work. */

/** sums[to + i] += value * factors[from + i]: the innermost loop of most of the work. */
export function addTimes(sums, to, value, factors, from, count) {
  for (let i = 0; i < count; i++) sums[to + i] += value * factors[from + i];
}
