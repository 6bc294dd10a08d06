/* The sum of the products, the bias and the activation function, as a small table. */

import { make } from "../elements.js";
import { number } from "../numbers.js";
import * as texts from "../texts.js";

const FEW_TERMS = 6;

const tableOf = (...rows) => make("table", { class: "sum" }, make("tbody", {}, rows));

const rowOf = (name, value, kind = null) =>
  make(
    "tr",
    { class: kind },
    make("th", { scope: "row" }, name),
    make("td", { "data-value": value }, value === null ? "" : number(value)),
  );

/* Names with numbers, the last of which is the result. */
export const numbersTable = (rows) =>
  tableOf(
    ...rows.map(([name, value], at) => rowOf(name, value, at === rows.length - 1 ? "line result-row" : null)),
  );

/* The sum of a weighted layer; `name` says what was added up. */
export function sumTable({ terms, bias, sum, activation, result }, name) {
  const products = terms.reduce((total, term) => total + term.product, 0);
  const linear = activation === "linear";
  return tableOf(
    rowOf(name, products),
    rowOf(texts.BIAS, bias),
    linear ? null : rowOf(texts.SUM, sum, "line"),
    rowOf(linear ? texts.RESULT : texts.through(activation), result, "line result-row"),
  );
}

/* The inputs and the result of any other layer. */
export function inputsTable({ terms, bias, activation, result }) {
  if (!terms.length) return null;
  const weighted = terms.some(({ weight }) => weight !== 1);
  const rows = terms.slice(0, FEW_TERMS).map(({ value, weight, product }) => {
    if (!weighted) return rowOf(texts.VALUE, value);
    return rowOf(texts.product(number(value), number(weight)), product);
  });
  const table = tableOf(
    ...rows,
    terms.length > FEW_TERMS ? rowOf(texts.more(terms.length - FEW_TERMS), null) : null,
    bias ? rowOf(texts.BIAS, bias) : null,
    rowOf(activation === "linear" ? texts.EQUALS : texts.through(activation), result, "line result-row"),
  );
  return make("div", { class: "arithmetic" }, table);
}
