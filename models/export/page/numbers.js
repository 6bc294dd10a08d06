/* Numbers as the page writes them. */

const minus = (text) => text.replace("-", "\u2212");

/* Four significant digits, for sentences; all of a number of ten thousand to a thousand million. */
export function number(value) {
  if (!Number.isFinite(value)) return minus(String(value));
  if (Math.abs(value) >= 1e9) return minus(value.toExponential(3).replace(/\.?0*e\+/, "e"));
  if (Math.abs(value) >= 10000) return minus(Math.round(value).toLocaleString("en"));
  return minus(String(Number(value.toPrecision(4))));
}

/* As few characters as do, for the cells of a grid: .12, 3.45, 67.8, 253. */
export function short(value) {
  const size = Math.abs(value);
  if (!value || !Number.isFinite(value)) return minus(String(value || 0));
  if (Number.isInteger(value) && size < 1000) return minus(String(value));
  if (size >= 9999.5) return minus(value.toExponential(0).replace("+", ""));
  if (size >= 99.95) return minus(value.toFixed(0));
  return minus(value.toFixed(size >= 9.995 ? 1 : 2).replace(/^(-?)0\./, "$1."));
}

export const count = (value) => value.toLocaleString("en");

export const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
