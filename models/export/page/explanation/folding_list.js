/* Lists of which a few rows are shown, with bars and signed amounts. */

import { make } from "../elements.js";
import { number } from "../numbers.js";
import * as texts from "../texts.js";

const MOST_ROWS = 1000;

/* A list with a button for the rest of its rows. `open` is the set of the keys of the lists that the user
   has opened, `few` the number of rows at first, `build(row)` makes the element of a row. */
export function foldingList(key, rows, { few, all, open, build }) {
  const holder = make("div", { class: `list ${key}` });
  const add = (from, to) => holder.append(...rows.slice(from, to).map(build));
  const most = Math.min(rows.length, MOST_ROWS);
  add(0, open.has(key) ? most : few);
  if (rows.length <= few) return holder;
  const toggle = () => {
    if (open.delete(key)) {
      while (holder.children.length > few + 1) holder.children[few].remove();
      button.textContent = all;
    } else {
      open.add(key);
      button.remove();
      add(few, most);
      holder.append(button);
      button.textContent = texts.SHOW_FEWER;
    }
  };
  const attributes = { type: "button", class: "more", id: `more-${key}`, onclick: toggle };
  const button = make("button", attributes, open.has(key) ? texts.SHOW_FEWER : all);
  holder.append(button);
  return holder;
}

/* A row that opens to what `inside()` makes. */
export function foldingRow(cells, inside) {
  const fold = make("details", { class: "row-fold" }, make("summary", { class: "row" }, cells));
  fold.addEventListener("toggle", () => {
    if (fold.open && fold.children.length === 1) fold.append(inside());
  });
  return fold;
}

export function signed(value) {
  const text = number(Number(value.toPrecision(3)));
  return value > 0 ? `+${text}` : text;
}

/* A bar to the left for negative numbers, to the right for positive ones. */
export function bar(value, most) {
  const fill = make("i", { class: value < 0 ? "minus" : "plus" });
  fill.style.width = `${most > 0 ? Math.min(50, (50 * Math.abs(value)) / most) : 0}%`;
  return make("span", { class: "bar two-sided", "aria-hidden": "true" }, fill);
}
