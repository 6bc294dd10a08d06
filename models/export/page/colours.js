/* One scale of colours for every number of the page: negative, zero, positive. */

const STEPS = 255;
let scale = null;
let packed = null;

export function colours() {
  if (scale) return scale;
  const style = getComputedStyle(document.documentElement);
  const [low, zero, high] = ["--negative", "--zero", "--positive"].map((name) => {
    const digits = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
  });
  scale = new Uint8ClampedArray(3 * (2 * STEPS + 1));
  for (let step = -STEPS; step <= STEPS; step++) {
    const share = (Math.abs(step) / STEPS) ** 0.75; // small values can still be told from zero
    const end = step < 0 ? low : high;
    for (let part = 0; part < 3; part++)
      scale[3 * (step + STEPS) + part] = zero[part] + share * (end[part] - zero[part]);
  }
  return scale;
}

/* The same colours, each as one number of 32 bits, as a canvas holds its pixels. */
export function pixels() {
  if (!packed) {
    const parts = colours();
    const bytes = new Uint8ClampedArray((4 * parts.length) / 3).fill(255);
    for (let at = 0; at < parts.length; at++) bytes[4 * Math.floor(at / 3) + (at % 3)] = parts[at];
    packed = new Uint32Array(bytes.buffer);
  }
  return packed;
}

/* The number of a value's colour, from 0 on; `most` is the value of the full colour. */
export function step(value, most) {
  const share = most > 0 ? Math.max(-1, Math.min(1, value / most)) : 0;
  return Math.round(share * STEPS) + STEPS;
}

/* Where the colour of a value stands among the colours. */
export const place = (value, most) => 3 * step(value, most);

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
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000" : "#fff";
}

/* The colours follow the user's choice of light or dark. */
export function whenColoursChange(redraw) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    scale = packed = null;
    redraw();
  });
}
