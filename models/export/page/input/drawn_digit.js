/* A drawn digit as MNIST has it. */

import { asMnist, SIDE } from "./mnist.js";
import { blackboard, paintStrokes } from "./pen.js";
import { fromCanvas } from "./picture.js";

const BOARD = 10 * SIDE; // pixels of a side

const largest = (values) => values.reduce((most, value) => Math.max(most, value));
const smallest = (values) => values.reduce((least, value) => Math.min(least, value));

/* Paint strokes with a pen a ninth of the digit wide, as in MNIST, however large the digit was drawn;
   `finest` is the width of the finest pen. Null if there is nothing to see. */
export function drawnDigit(strokes, finest) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const sides = [0, 1].map((axis) => points.map((point) => point[axis]));
  const extent = Math.max(...sides.map((values) => largest(values) - smallest(values)));
  const [x, y] = sides.map((values) => (largest(values) + smallest(values)) / 2);
  const pen = Math.max(extent / 8, finest);
  const scale = 0.9 / (extent + pen);
  const canvas = blackboard(BOARD, BOARD);
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  brush.translate(BOARD / 2, BOARD / 2);
  brush.scale(scale, scale);
  brush.translate(-x * BOARD, -y * BOARD);
  paintStrokes(brush, strokes, pen * BOARD);
  const { red } = fromCanvas(canvas);
  return asMnist(
    red.map((value) => value / 255),
    BOARD,
    BOARD,
  );
}
