/* A line for each of the likeliest classes: its probability at each moment. */

import { make } from "../elements.js";
import { NUMBERS, SHARES } from "./texts.js";

const SPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN] = [300, 96, 6];
const MOST_LINES = 4;

function draw(name, attributes) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** Which outputs are drawn: those that are largest at some moment, at most four. */
export function chosen(rows) {
  const most = Array.from(rows[0], (_, unit) => Math.max(...rows.map((row) => row[unit])));
  const order = most.map((_, unit) => unit).sort((one, other) => most[other] - most[one]);
  return order.slice(0, MOST_LINES);
}

/**
 * The chart, and `mark(at)`, which marks a moment.
 * @param {Float32Array[]} rows  What the model answers at each moment.
 * @param {number[]} units  Which outputs.
 * @param {string[]} names  Of all outputs.
 * @param {boolean} isNumber  Whether outputs are numbers, not probabilities.
 */
export function buildChart(rows, units, names, isNumber) {
  const values = rows.flatMap((row) => units.map((unit) => row[unit]));
  const [low, high] = isNumber ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const x = (at) => MARGIN + ((WIDTH - 2 * MARGIN) * at) / Math.max(1, rows.length - 1);
  const y = (value) => HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (value - low)) / (high - low || 1);
  const svg = draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "moments", role: "img" });
  const line = draw("line", { y1: 0, y2: HEIGHT, class: "now" });
  svg.append(line);
  units.forEach((unit, at) => {
    const points = rows.map((row, moment) => `${x(moment)},${y(row[unit])}`).join(" ");
    svg.append(draw("polyline", { points, class: `line line-${at}`, "data-unit": unit }));
  });
  const legend = units.map((unit, at) =>
    make("span", {}, make("i", { class: `key-line line-${at}` }), names[unit]),
  );
  const mark = (at) => {
    line.setAttribute("x1", x(at));
    line.setAttribute("x2", x(at));
  };
  return {
    svg,
    legend: make("p", { class: "small legend-lines" }, isNumber ? NUMBERS : SHARES, legend),
    mark,
  };
}
