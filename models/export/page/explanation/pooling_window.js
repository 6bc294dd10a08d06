/* How a pooling layer came to one value: its window, with the maximum framed. */

import { make } from "../elements.js";
import { positionInWindow } from "../engine/windows.js";
import { number } from "../numbers.js";
import * as texts from "../texts.js";
import { equation, largest, numberGrid } from "./number_grid.js";

export function explainPooling(node, place, { terms, result }) {
  const [height, width] = node.config.kernel_size;
  const isMax = node.config.mode === "max";
  const cells = Array.from({ length: height }, () =>
    Array.from({ length: width }, () => ({ value: 0, outside: true })),
  );
  let maximum = null;
  for (const { y, x, value } of terms) {
    const [row, column] = positionInWindow(node, place, y, x);
    const cell = { value };
    cells[row][column] = cell;
    if (!maximum || value > maximum.value) maximum = cell;
  }
  if (isMax && maximum) maximum.framed = true;
  return make(
    "div",
    { class: "arithmetic" },
    make("h3", {}, isMax ? texts.MAXIMUM_OF_WINDOW : texts.MEAN_OF_WINDOW),
    equation(
      null,
      numberGrid(cells, largest(terms, "value"), isMax ? texts.MAXIMUM_FRAMED : texts.values(terms.length)),
      "→",
      make("p", { class: "result" }, number(result)),
    ),
  );
}
