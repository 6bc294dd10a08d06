/* What the page says of two models. */

import { count, number, percent } from "../numbers.js";

export const TITLE = "Two models, one picture";
export const LAYERS_OF = "Layers of";
export const COLUMNS = ["Model", "Answer", "Parameters", "Multiply-adds"];
export const NOT_COUNTED = "not counted";
export const NOT_KNOWN = "not known";

const LARGE = [
  [1e9, "billion"],
  [1e6, "million"],
];

/* A count of arithmetic, in three digits. */
export function many(value) {
  if (value === null) return NOT_COUNTED;
  const [unit, word] = LARGE.find(([least]) => value >= least) ?? [1, ""];
  return word ? `${number(Number((value / unit).toPrecision(3)))}\u00a0${word}` : count(value);
}

export const parameters = (value) => count(value);

/* What the second model's input is, where it is no copy of the first one's. */
export const resized = ([first, second], { h, w }) =>
  `${second} takes ${h} × ${w} pixels: it gets the picture of ${first}, resized.`;

export const bothAnswer = (name) => `Both answer ${name}.`;
export const theyDiffer = ([first, second], [one, other]) =>
  `They differ: ${first} answers ${one}, ${second} answers ${other}.`;

const value = (isNumber, each) => (isNumber ? number(each) : percent(each));
export const mostApart = ({ name, values }, isNumber) =>
  `They are furthest apart ${isNumber ? "in" : "on"} ${name}: ${value(isNumber, values[0])} and ${value(
    isNumber,
    values[1],
  )}.`;
export const NOTHING_SHARED = "No class of one has the name of a class of the other.";
