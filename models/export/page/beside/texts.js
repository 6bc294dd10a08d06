/* What the page says of two models. */

import { count, number, percent } from "../numbers.js";

export const TITLE = "Two models, one picture";
export const LAYERS_OF = "Layers of";

const LARGE = [
  [1e9, "billion"],
  [1e6, "million"],
];

/* A count in three digits. */
function many(value) {
  const [unit, word] = LARGE.find(([least]) => value >= least) ?? [1, ""];
  return word ? `${number(Number((value / unit).toPrecision(3)))}\u00a0${word}` : count(value);
}

/* How large a model is, and how much it computes for one picture. */
export const facts = ({ parameters, multiply_adds }) =>
  `${count(parameters)} parameters${multiply_adds === null ? "" : `, ${many(multiply_adds)} multiply-adds`}`;

/* What the second model's input is, where it is no copy of the first one's. */
export const resized = ([first, second], { h, w }) =>
  `${second} takes ${h} × ${w} pixels: it gets the picture of ${first}, resized.`;

export const bothAnswer = (name) => `Both answer ${name}.`;
export const theyDiffer = ([first, second], [one, other]) =>
  `They differ: ${first} answers ${one}, ${second} answers ${other}.`;

export const compareAll = (many) => `Compare on all ${count(many)} examples`;
export const compared = (at, many) => `Example ${count(at + 1)} of ${count(many)}…`;
export const agreement = (agree, many) =>
  agree === many
    ? `They agree on all ${count(many)} examples.`
    : `They agree on ${count(agree)} of ${count(many)} examples, and differ on:`;
export const onExample = (at, [first, second], [one, other]) =>
  `example ${at + 1}: ${first} answers ${one}, ${second} answers ${other}`;

export const short = (one, other) => (one === other ? `both: ${one}` : `${one} / ${other}`);

const LEAST = 0.005; // of a probability: less is not worth a name
export function mostApart({ name, values }, isNumber) {
  const [one, other] = values.map(isNumber ? number : percent);
  if (isNumber) return `They are furthest apart in ${name}: ${one} and ${other}.`;
  if (Math.abs(values[0] - values[1]) < LEAST) return ALIKE;
  return `They are furthest apart on ${name}: ${one} and ${other}.`;
}
const ALIKE = "No probability differs by more than half a point.";
export const NOTHING_SHARED = "They have no class name in common.";
