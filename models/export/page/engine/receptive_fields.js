/**
 * What a value depends on: one layer back, and all the way back to the image.
 *
 * @typedef {{id: number, y0: number, y1: number, x0: number, x1: number, c0: number, c1: number}} Box
 *   Rows y0 to y1 - 1, columns x0 to x1 - 1, channels c0 to c1 - 1 of node `id`.
 */

import { axisOf, isSoftmax } from "./activations.js";
import { KINDS } from "./kinds.js";
import { all, forEach, only } from "./positions.js";

/** What a value depends on in the node's k-th input; a softmax depends on all values along its axis. */
function positionsSeen(model, node, k, y, x, c) {
  const input = model.nodes[node.inputs[k]];
  const { positions: taken, sees: every } = KINDS[node.kind];
  const sees = isMeanOfSound(model, node) ? null : every;
  const positions = (sees || taken)(node, k, input, y, x, c);
  if (isSoftmax(node) && !sees) positions[axisOf(node)] = all([input.h, input.w, input.c][axisOf(node)]);
  return positions;
}

/**
 * Whether a node takes the mean and deviation of all of a sound. Nearly all models of sounds do, right behind the
 * spectrogram: then each value depends on the whole sound a little, and on one stretch of it by far the most. It is the
 * stretch that is shown.
 */
export const isMeanOfSound = (model, node) =>
  node.kind === "standardize" && node.config.over === "all" && Boolean(model.nodes[0].config.sampling_rate);

/**
 * What one value is computed from, one step back.
 * @param {Model} model
 * @param {Node} node
 * @returns {Box[]} for each of the node's inputs that it depends on; none for the image, and
 *   none where it lies in what was padded.
 */
export function sources(model, node, y, x, c) {
  return node.inputs
    .map((id, k) => {
      const positions = positionsSeen(model, node, k, y, x, c);
      if (positions.some(([, , count]) => count < 1)) return null;
      const [[y0, y1], [x0, x1], [c0, c1]] = positions.map(([first, step, count]) => [
        first,
        first + (count - 1) * step + 1,
      ]);
      return { id, y0, y1, x0, x1, c0, c1 };
    })
    .filter(Boolean);
}

/**
 * All pixels that one value depends on, in each node before it that has rows and columns. Rows and
 * columns are followed each for themselves; so the boxes before a Reshape that mixes them may be
 * larger than need be, never smaller.
 * @returns {Map<number, {y0: number, y1: number, x0: number, x1: number}>} the smallest box
 *   around these pixels, for each node's id.
 */
export function receptiveField(model, node, y, x, c) {
  // For each node, which of its rows, columns and channels are reached
  const reached = new Map();
  const mark = (id, positions) => {
    const { h, w, c } = model.nodes[id];
    if (!reached.has(id))
      reached.set(
        id,
        [h, w, c].map((size) => new Uint8Array(size)),
      );
    positions.forEach((steps, axis) => {
      const flags = reached.get(id)[axis];
      forEach(steps, (i) => {
        flags[i] = 1;
      });
    });
  };
  mark(node.id, [only(y), only(x), only(c)]);
  for (let id = node.id; id > 0; id--) {
    if (!reached.has(id)) continue;
    const here = model.nodes[id];
    const marked = reached.get(id).map((flags) => [...flags.keys()].filter((i) => flags[i]));
    here.inputs.forEach((from, k) => {
      const input = model.nodes[from];
      const seen = (place) => positionsSeen(model, here, k, ...place);
      const [rows, columns, channels] = marked;
      const reshaped =
        here.kind === "gather" || (here.kind === "copy" && `${here.shape}` !== `${input.shape}`);
      if (
        reshaped &&
        here.values.length === input.values.length &&
        marked.every((positions, axis) => positions.length === [here.h, here.w, here.c][axis])
      ) {
        mark(from, [all(input.h), all(input.w), all(input.c)]);
      } else if (reshaped) {
        for (const row of rows) {
          for (const column of columns) {
            for (const channel of channels) mark(from, seen([row, column, channel]));
          }
        }
      } else {
        // Rows come from rows only, and so on: each axis for itself
        const { spread } = KINDS[here.kind];
        const found = spread?.(here, k, input, marked) ?? [
          rows.map((row) => seen([row, columns[0], channels[0]])[0]),
          columns.map((column) => seen([rows[0], column, channels[0]])[1]),
          channels.map((channel) => seen([rows[0], columns[0], channel])[2]),
        ];
        if (found.some((positions) => positions.every(([, , count]) => count < 1))) return;
        const none = [0, 1, 0];
        found.forEach((positions, axis) => {
          for (const place of positions)
            mark(
              from,
              [0, 1, 2].map((each) => (each === axis ? place : none)),
            );
        });
      }
    });
  }
  const boxes = new Map();
  for (const [id, [rows, columns]] of reached) {
    if (id === node.id || model.nodes[id].shape.length !== 3) continue;
    const [y0, x0] = [rows.indexOf(1), columns.indexOf(1)];
    boxes.set(id, { y0, y1: rows.lastIndexOf(1) + 1, x0, x1: columns.lastIndexOf(1) + 1 });
  }
  return boxes;
}
