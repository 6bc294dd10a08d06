/* Numbers as tables with colours: patches, kernels, products and windows. */

import { colour, ink } from "../colours.js";
import { make } from "../elements.js";
import { number, short } from "../numbers.js";
import * as texts from "../texts.js";

const MOST_WRITTEN = 5; // cells of up to 5 × 5 are written out

/* A table of `rows` of cells {value, outside, framed}. `most` is the value of the full colour; a cell
   that is `outside` lies in the padding. */
export function numberGrid(rows, most, title) {
  const written = Math.max(rows.length, rows[0].length) <= MOST_WRITTEN;
  const cells = rows.map((row) =>
    make(
      "tr",
      {},
      row.map((cell) => buildCell(cell, most, written)),
    ),
  );
  return make(
    "figure",
    { class: "grid" },
    make("table", { class: written ? "cells" : "cells bare", "aria-label": title }, make("tbody", {}, cells)),
    make("figcaption", {}, title),
  );
}

function buildCell({ value, outside, framed }, most, written) {
  const attributes = {
    title: outside ? texts.IN_PADDING : number(value),
    "data-value": value,
    class: outside ? "outside" : framed ? "winner" : null,
  };
  const element = make("td", attributes, written ? short(value) : "");
  if (!outside) {
    element.style.backgroundColor = colour(value, most);
    element.style.color = ink(value, most);
  }
  return element;
}

/* Grids with signs between them, in one line. */
export const equation = (width, ...parts) =>
  make(
    "div",
    { class: width ? `trio wide-${Math.min(8, width)}` : "trio" },
    parts.map((part) => (typeof part === "string" ? make("span", { class: "sign" }, part) : part)),
  );

/* The colours of the weights of a filter. */
export function legend(most) {
  return make(
    "div",
    { class: "legend wide", role: "img", "aria-label": texts.legendLabel(most) },
    make("span", {}, number(-most)),
    make("i"),
    make("span", {}, number(most)),
  );
}

/* The largest absolute value of one property of some terms. */
export const largest = (terms, key) => terms.reduce((most, term) => Math.max(most, Math.abs(term[key])), 0);
