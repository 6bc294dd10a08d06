/**
 * Positions along the axes of a feature map.
 *
 * @typedef {[number, number, number]} Steps
 *   Positions along one axis: the first, the distance from each to the next, and how many.
 */

/** The index of one value among a node's values. */
export const at = (node, y, x, c) => (y * node.w + x) * node.c + c;

/** @returns {Steps} one place */
export const only = (place) => [place, 1, 1];

/** @returns {Steps} all of `count` positions */
export const all = (count) => [0, 1, count];

/** @returns {Steps} the place itself, if there is one */
export const inside = (place, count) => [place, 1, place >= 0 && place < count ? 1 : 0];

/** Call `action` with each position. */
export function forEach([first, step, count], action) {
  for (let i = 0; i < count; i++) action(first + i * step);
}
