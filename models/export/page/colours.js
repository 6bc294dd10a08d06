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
    const share = (Math.abs(step) / STEPS) ** 0.75; // small values can still be told from zero
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
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
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
