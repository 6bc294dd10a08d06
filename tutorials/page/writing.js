/* How the page writes: elements without markup in strings, numbers, and colours of numbers. */

/* An element. Children are elements or text, and text stays text whatever it contains. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const minus = (text) => text.replace("-", "\u2212");

/* Four significant digits, for sentences. */
export function number(value) {
  if (!Number.isFinite(value)) return minus(String(value));
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
export const plural = (many, one, more = `${one}s`) => `${count(many)}\u00a0${many === 1 ? one : more}`;

/* One scale of colours for every number of the page: negative, zero, positive. */
const STEPS = 255;
let scale = null;

export function colours() {
  if (scale) return scale;
  const style = getComputedStyle(document.documentElement);
  const [low, zero, high] = ["--negative", "--zero", "--positive"].map((name) => {
    const digits = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
  });
  scale = new Uint8ClampedArray(3 * (2 * STEPS + 1));
  for (let step = -STEPS; step <= STEPS; step++) {
    const share = Math.pow(Math.abs(step) / STEPS, 0.75); // small values can still be told from zero
    const end = step < 0 ? low : high;
    for (let part = 0; part < 3; part++)
      scale[3 * (step + STEPS) + part] = zero[part] + share * (end[part] - zero[part]);
  }
  return scale;
}

/* Where the colour of a value stands among the colours; `most` is the value of the full colour. */
export function place(value, most) {
  const share = most > 0 ? Math.max(-1, Math.min(1, value / most)) : 0;
  return 3 * (Math.round(share * STEPS) + STEPS);
}

export function colour(value, most) {
  const all = colours(),
    at = place(value, most);
  return `rgb(${all[at]} ${all[at + 1]} ${all[at + 2]})`;
}

/* Black or white, whichever reads better on the colour of a value. */
export function ink(value, most) {
  const all = colours(),
    at = place(value, most);
  const light = [0, 1, 2].map((part) => {
    const share = all[at + part] / 255;
    return share <= 0.04045 ? share / 12.92 : Math.pow((share + 0.055) / 1.055, 2.4);
  });
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000" : "#fff";
}

/* The colours follow the user's choice of light or dark. */
export function whenColoursChange(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    scale = null;
    redraw();
  });
}
