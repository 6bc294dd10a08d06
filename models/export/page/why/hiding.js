/* Squares of a picture that are hidden, one after the other: which, and what is put there. */

/* Where squares begin along a side; the last one ends at the border. */
export function starts(side, window, stride) {
  const found = [];
  for (let start = 0; start < side - window; start += stride) found.push(start);
  return [...found, side - window];
}

/* All squares of one size: {top, left}. */
export const squares = ({ h, w }, window, stride) =>
  starts(h, window, stride).flatMap((top) => starts(w, window, stride).map((left) => ({ top, left })));

/* The mean colour of a picture of `channels` values a pixel. */
export function meanColour(pixels, channels) {
  const sums = new Float64Array(channels);
  pixels.forEach((value, at) => {
    sums[at % channels] += value;
  });
  return sums.map((sum) => sum / (pixels.length / channels));
}

/* The colour of the border, if that is of one colour as paper or a blackboard is; else the mean colour. */
export function backgroundColour(pixels, { h, w, c }) {
  const border = [];
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) if (y % (h - 1) === 0 || x % (w - 1) === 0) border.push((y * w + x) * c);
  const same = border.every((at) => [...Array(c).keys()].every((k) => pixels[at + k] === pixels[k]));
  return same ? Float64Array.from(pixels.slice(0, c)) : meanColour(pixels, c);
}

/* Copy `pixels` into `into`, with a square of `colour`. Returns whether that changed anything. */
export function hide(pixels, { h, w, c }, { top, left }, window, colour, into) {
  into.set(pixels);
  let changed = false;
  for (let y = top; y < Math.min(h, top + window); y++) {
    for (let x = left; x < Math.min(w, left + window); x++) {
      for (let k = 0, at = (y * w + x) * c; k < c; k++, at++) {
        changed ||= into[at] !== Math.fround(colour[k]);
        into[at] = colour[k];
      }
    }
  }
  return changed;
}
