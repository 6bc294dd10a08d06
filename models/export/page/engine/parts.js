/** A layer's work in parts, so that a page can do other things in between. */

const FEW = 5e5; // multiplications that take a few milliseconds even where the code runs for the first time
const LONGEST = 8; // milliseconds that a part should take

/**
 * Do `action(from, to)` for all of `count` rows, as many at a time as take a few milliseconds.
 * @param {number} count
 * @param {number} cost  About how many multiplications all take.
 * @param {(from: number, to: number) => void} action
 * @param {() => ?Promise} rest  Called between two parts.
 */
export async function inParts(count, cost, action, rest) {
  let many = cost > FEW ? Math.max(1, Math.floor((count * FEW) / cost)) : count;
  for (let from = 0; from < count; ) {
    const began = performance.now();
    const to = Math.min(count, from + many);
    action(from, to);
    if (to < count) {
      const each = (performance.now() - began) / (to - from);
      many = Math.max(1, Math.floor(LONGEST / each));
      const wait = rest();
      if (wait) await wait;
    }
    from = to;
  }
}
