/* Spearman's rank correlation. */

/* Ranks from 0 on; equal values share the mean of theirs. */
function ranks(values) {
  const order = Array.from(values.keys()).sort((one, other) => values[one] - values[other]);
  const found = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) found[order[at]] = (from + to - 1) / 2;
    from = to;
  }
  return found;
}

/* Of two arrays of one length, from -1 to 1; 0 where one has the same value everywhere, 1 where both have. */
export function rankCorrelation(first, second) {
  const middle = (first.length - 1) / 2;
  const [one, other] = [first, second].map((values) => ranks(values).map((rank) => rank - middle));
  const sum = (a, b) => a.reduce((total, value, at) => total + value * b[at], 0);
  const size = Math.sqrt(sum(one, one) * sum(other, other));
  if (size > 0) return sum(one, other) / size;
  return sum(one, one) + sum(other, other) > 0 ? 0 : 1;
}
