/* Pointing at places on the tiles, with the mouse, a finger or the keyboard. */

import { hasFilters, hasMaps } from "./nodes.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/* The place at a column and row of a tile, or at its nearest edge. */
export function placeAt(canvas, column, row) {
  const { node, c, rows, columns } = canvas.tile;
  const x = Math.max(0, Math.min(columns - 1, column));
  const y = Math.max(0, Math.min(rows - 1, row));
  if (hasMaps(node)) return { id: node.id, y, x, c };
  return { id: node.id, y: 0, x: 0, c: Math.min(node.c - 1, y * columns + x) };
}

const tileOf = (event) => {
  const canvas = event.target.closest("canvas");
  return canvas?.tile ? canvas : null;
};

function placeUnder(event) {
  const canvas = tileOf(event);
  if (!canvas) return null;
  const box = canvas.getBoundingClientRect();
  const { rows, columns, isUpright } = canvas.tile;
  const row = Math.floor(((event.clientY - box.top) / box.height) * rows);
  return placeAt(
    canvas,
    Math.floor(((event.clientX - box.left) / box.width) * columns),
    isUpright ? rows - 1 - row : row,
  );
}

/* Listen to all that happens in `holder`. `view` tells the place that is shown (`view.at`) and the
   cards; `look(place, byKey)` is called when a place is pointed at, `pin(place)` when it is chosen,
   `showFilter(node, c)` when a filter's weights are asked for. */
export function listen(holder, view, { look, pin, showFilter }) {
  holder.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return; // a finger that moves scrolls
    const place = placeUnder(event);
    if (place) look(place);
  });
  holder.addEventListener("click", (event) => {
    const place = placeUnder(event);
    if (place) pin(place);
  });
  holder.addEventListener("focusin", (event) => {
    const canvas = tileOf(event);
    if (!canvas?.matches(":focus-visible")) return;
    const { c, node, rows, columns } = canvas.tile;
    const { at } = view;
    if (at?.id !== node.id) {
      const middle = (side) => (hasMaps(node) ? Math.floor(side / 2) : 0);
      look(placeAt(canvas, middle(columns), middle(rows)), true);
    } else if (at.c !== c && hasMaps(node)) look({ ...at, c }, true);
  });
  holder.addEventListener("keydown", (event) => {
    const canvas = tileOf(event);
    if (!canvas || event.altKey || event.ctrlKey || event.metaKey) return;
    if (press(event.key, canvas, view, { look, pin, showFilter })) event.preventDefault();
  });
}

/* Arrows move over pixels, Page Up and Page Down over maps, Enter shows a filter's weights.
   Returns whether the key has a meaning. */
function press(key, canvas, view, { look, pin, showFilter }) {
  const { node, c, columns, isUpright } = canvas.tile;
  const here = view.at?.id === node.id ? view.at : placeAt(canvas, 0, 0);
  const [column, row] = hasMaps(node) ? [here.x, here.y] : [here.c % columns, Math.floor(here.c / columns)];
  if (ARROWS[key])
    look(placeAt(canvas, column + ARROWS[key][0], row + (isUpright ? -1 : 1) * ARROWS[key][1]), true);
  else if (key === "Home") look(placeAt(canvas, 0, row), true);
  else if (key === "End") look(placeAt(canvas, columns - 1, row), true);
  else if (key === "PageDown" || key === "PageUp") {
    const next = focusTile(view.cards.get(node.id).tiles, c + (key === "PageDown" ? 1 : -1));
    look({ ...here, c: next.c }, true);
  } else if (key === "Enter" && hasFilters(node)) showFilter(node, c);
  else if (key === "Enter" || key === " ") pin(here);
  else return false;
  return true;
}

/* Make one tile of a layer the one that the tab key reaches. */
function focusTile(tiles, c) {
  const next = tiles[Math.max(0, Math.min(tiles.length - 1, c))];
  for (const { canvas } of tiles) canvas.tabIndex = -1;
  next.canvas.tabIndex = 0;
  next.canvas.focus();
  return next;
}
