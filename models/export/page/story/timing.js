/* When the kernel is where: slowly at first, so that each step can be seen, then faster and faster. */

export const SECONDS = 30;
const SLOW = 6; // places that are shown for longer
const EACH = 1.5; // seconds of each of these

/** The place, from 0 to `total` - 1, after some seconds. */
export function placeAfter(seconds, total) {
  const slow = Math.min(SLOW, total);
  const begun = slow * EACH;
  if (seconds < begun) return Math.min(slow - 1, Math.floor(seconds / EACH));
  const share = Math.min(1, (seconds - begun) / (SECONDS - begun));
  return Math.min(total - 1, slow - 1 + Math.floor((total - slow) * share ** 2));
}

/** When a place is reached: the smallest seconds whose place is `at` or a later one. */
export function secondsOf(at, total) {
  let [low, high] = [0, SECONDS];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (placeAfter(middle, total) >= at) high = middle;
    else low = middle;
  }
  return high;
}

/** Which of the four parts of the story is told at a place. */
export function partAt(at, total) {
  if (at === total - 1) return 3;
  return at < 2 ? 0 : at < 4 ? 1 : 2;
}
