/* Colours of classes, which can be told apart also by readers who see colours differently. */

const FIRST = ["#999999", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"];

const fromHex = (text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16));

/* One part of a colour of the circle of hues: Smith 1978, full saturation and three quarters of lightness. */
function part(offset, hue) {
  const place = (offset + hue * 6) % 6;
  return Math.round(215 * (1 - 0.75 * Math.max(0, Math.min(place, 4 - place, 1))));
}

/* Red, green and blue of a class, each 0 to 255. */
export function colourOf(unit) {
  if (unit < FIRST.length) return fromHex(FIRST[unit]);
  const hue = (unit * 0.618034) % 1; // the golden section leaves large steps between neighbours
  return [5, 3, 1].map((offset) => part(offset, hue));
}
