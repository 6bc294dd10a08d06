/* The graph of a model as a small map: one dot for each layer, lines from each to those that take its values. Skips are
   bows, branches have lines of their own. */

import { make } from "../elements.js";
import * as texts from "./graph_texts.js";
import { parameterCount } from "./nodes.js";

const SPACE = "http://www.w3.org/2000/svg";
const [STEP, LANE, MARGIN] = [14, 14, 8];
const [SMALLEST, LARGEST] = [0.6, 1.4]; // scales: a larger graph scrolls
const MOST_BOW = 30;

/* Whether a model is more than a chain. */
export const hasBranches = (model) => model.nodes.some(({ inputs }) => inputs.length > 1);

/* The line that each node stands on. A node goes on with the line of an input that nothing else has gone on with, and
   begins one of its own otherwise. */
export function lanesOf(nodes) {
  const lanes = [];
  const tips = []; // the last node of each line; -1 if the line is free
  const waiting = nodes.map(() => 0); // how many nodes still take its values
  for (const { inputs } of nodes) for (const from of inputs) waiting[from] += 1;
  for (const { id, inputs } of nodes) {
    for (const from of inputs) waiting[from] -= 1;
    const own = inputs.map((from) => tips.indexOf(from)).filter((lane) => lane >= 0);
    const free = tips.indexOf(-1);
    lanes[id] = own.length ? Math.min(...own) : free >= 0 ? free : tips.length;
    tips[lanes[id]] = id;
    tips.forEach((tip, lane) => {
      if (tip !== id && tip >= 0 && !waiting[tip]) tips[lane] = -1;
    });
  }
  return lanes;
}

function draw(name, attributes) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const bow = (span) => Math.min(MOST_BOW, 6 + 3 * span);

/* From one dot to another: a straight line to the next, a bow over those between, a slope to another line. */
function path([x0, y0], [x1, y1], span) {
  if (span === 1 || y0 !== y1) {
    const middle = Math.min(x0 + STEP, x1);
    return `M${x0} ${y0} C${middle} ${y0} ${middle} ${y1} ${Math.min(middle + STEP, x1)} ${y1} H${x1}`;
  }
  const top = y0 - bow(span);
  return `M${x0} ${y0} C${x0} ${top} ${x1} ${top} ${x1} ${y1}`;
}

/* The map, and `mark(id)`, which marks a node. The pointer marks the nearest node and a click goes to it; so do arrows and
   Enter. `go(id)` is called then. */
export function buildGraph(model, go) {
  const { nodes } = model;
  const lanes = lanesOf(nodes);
  const spans = nodes.flatMap(({ id, inputs }) => inputs.map((from) => id - from));
  const top = MARGIN + 0.75 * bow(Math.max(...spans)); // as high as such a curve goes
  const place = (id) => [MARGIN + id * STEP, top + lanes[id] * LANE];
  const width = 2 * MARGIN + (nodes.length - 1) * STEP;
  const height = top + Math.max(...lanes) * LANE + MARGIN;
  const map = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "graph", tabindex: 0, role: "slider" });
  [map.style.minWidth, map.style.maxWidth] = [SMALLEST, LARGEST].map((scale) => `${scale * width}px`);
  for (const { id, inputs } of nodes) {
    for (const from of inputs) map.append(draw("path", { d: path(place(from), place(id), id - from) }));
  }
  const dots = nodes.map((node) => {
    const [cx, cy] = place(node.id);
    return draw("circle", { cx, cy, r: 4, class: parameterCount(node) ? "learned" : "" });
  });
  map.append(...dots);
  let marked = 0;
  const attributes = { "aria-label": texts.LABEL, "aria-valuemin": 0, "aria-valuemax": nodes.length - 1 };
  for (const [key, value] of Object.entries(attributes)) map.setAttribute(key, value);
  const says = make("span");
  const holder = make("div", { class: "graph-holder" }, map);
  const mark = (id, scrolls = true) => {
    dots[marked].classList.remove("marked");
    marked = Math.max(0, Math.min(nodes.length - 1, id));
    dots[marked].classList.add("marked");
    const middle = (place(marked)[0] / width) * holder.scrollWidth;
    if (scrolls && holder.scrollWidth > holder.clientWidth)
      holder.scrollLeft = middle - holder.clientWidth / 2;
    says.textContent = texts.nodeOf(nodes, nodes[marked]);
    map.setAttribute("aria-valuenow", marked);
    map.setAttribute("aria-valuetext", says.textContent);
  };
  listen(map, { mark, go: () => go(marked), isAt: () => marked, place, nodes });
  mark(0);
  return { elements: [holder, says], mark };
}

const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 };

function listen(map, { mark, go, isAt, place, nodes }) {
  const nearest = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    const distance = ({ id }) => Math.hypot(place(id)[0] - point.x, place(id)[1] - point.y);
    return nodes.reduce((best, node) => (distance(node) < distance(best) ? node : best)).id;
  };
  map.addEventListener("pointermove", (event) => mark(nearest(event), false));
  map.addEventListener("click", (event) => {
    mark(nearest(event));
    go();
  });
  map.addEventListener("keydown", (event) => {
    if (KEYS[event.key]) mark(isAt() + KEYS[event.key]);
    else if (event.key === "Home") mark(0);
    else if (event.key === "End") mark(nodes.length - 1);
    else if (event.key === "Enter" || event.key === " ") go();
    else return;
    event.preventDefault();
  });
}
