/* The form below an explanation with which the user changes a weight, or switches a map off. */

import { make } from "../elements.js";
import { hasMaps } from "../layers/nodes.js";
import * as texts from "./texts.js";

/* The axes of a weight of channel `c`, [name, size] each, and where the number at their places stands. */
export function axesOf(node, key, c) {
  const shape = node.weightShapes[key];
  if (key !== "kernel") {
    const all = node.weights[key].length;
    return { axes: [], indexOf: () => (all === 1 ? 0 : c % all) };
  }
  if (node.kind === "dense") {
    return { axes: [["input", shape[0]]], indexOf: ([from]) => from * node.c + c };
  }
  const [height, width] = shape;
  const window = [
    ["row", height],
    ["column", width],
  ];
  if (node.kind === "depthwise") {
    return { axes: window, indexOf: ([row, column]) => (row * width + column) * node.c + c };
  }
  const inputs = node.kind === "transposed" ? shape[3] : shape[2];
  const place = ([row, column]) => row * width + column;
  const indexOf =
    node.kind === "transposed"
      ? (at) => (place(at) * node.c + c) * inputs + at[2]
      : (at) => (place(at) * inputs + at[2]) * node.c + c;
  return { axes: [...window, ["from", inputs]], indexOf };
}

/* Whether one number of a weight belongs to one channel. */
const canEdit = (node, key) =>
  key === "kernel"
    ? ["conv", "depthwise", "transposed", "dense"].includes(node.kind)
    : [1, node.c].includes(node.weights[key].length);

export class Editor {
  constructor(changes) {
    this.changes = changes;
    this.open = false;
    this.key = "kernel";
    this.places = {}; // by axis
  }

  /* The form for channel `c` of a node; null where there is nothing to change. */
  build(model, node, c) {
    if (["input", "recorded", "copy"].includes(node.kind)) return null;
    const isLast = node === model.nodes.at(-1);
    const keys = Object.keys(node.weights).filter((key) => canEdit(node, key));
    if (isLast && !keys.length) return null;
    const content = this.changes.canEdit
      ? [keys.length ? this.buildWeights(node, c, keys) : null, isLast ? null : this.buildSwitch(node, c)]
      : [make("p", { class: "soft small" }, texts.EDIT_WHILE_RANDOM)];
    const fold = make(
      "details",
      { class: "touch", open: this.open || node.off?.has(c) },
      make("summary", { id: "touch" }, texts.TOUCH),
      ...content.filter(Boolean),
    );
    fold.addEventListener("toggle", () => {
      this.open = fold.open;
      this.mark();
    });
    return fold;
  }

  buildSwitch(node, c) {
    const off = Boolean(node.off?.has(c));
    const text = (off ? texts.switchOn : texts.switchOff)(hasMaps(node), c);
    const attributes = { type: "button", class: "more", id: "switch-map", "aria-pressed": String(off) };
    const toggle = () => this.changes.toggle(node, c);
    return make(
      "div",
      {},
      make("button", { ...attributes, onclick: toggle }, text),
      off ? make("p", { class: "small" }, texts.isOff(hasMaps(node))) : null,
    );
  }

  /* Which weight, at which place, and its new value. */
  buildWeights(node, c, keys) {
    if (!keys.includes(this.key)) this.key = keys[0];
    const form = make("form", { class: "weights" });
    const fill = () => {
      form.replaceChildren(...this.fields(node, c, keys, fill));
      queueMicrotask(() => this.mark()); // once the form stands in the panel
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = Number(form.querySelector("#new-value").value);
      const { axes, indexOf } = axesOf(node, this.key, c);
      const index = indexOf(axes.map(([name, size]) => this.placeOn(name, size)));
      if (Number.isFinite(value)) this.changes.set(node, this.key, index, value);
    });
    fill();
    this.refill = fill;
    return form;
  }

  placeOn(name, size) {
    return Math.max(0, Math.min(size - 1, this.places[name] ?? 0));
  }

  fields(node, c, keys, fill) {
    const { axes, indexOf } = axesOf(node, this.key, c);
    const again = (id) => {
      fill();
      document.getElementById(id)?.focus({ preventScroll: true });
    };
    const select = make(
      "select",
      { id: "weight-key" },
      keys.map((key) => make("option", { value: key, selected: key === this.key }, key)),
    );
    select.addEventListener("change", () => {
      this.key = select.value;
      again("weight-key");
    });
    const places = axes.map(([name, size]) => {
      const [id, value] = [`weight-${name}`, this.placeOn(name, size)];
      const input = make("input", { type: "number", id, min: 0, max: size - 1, step: 1, value });
      input.addEventListener("change", () => {
        this.places[name] = Math.round(Number(input.value)) || 0;
        again(id);
      });
      return make("label", {}, `${texts.AXES[name]} `, input);
    });
    const now = node.weights[this.key][indexOf(axes.map(([name, size]) => this.placeOn(name, size)))];
    const attributes = { type: "number", id: "new-value", step: "any", required: true };
    const value = make("input", { ...attributes, value: Number(now.toPrecision(6)) });
    return [
      make("label", {}, `${texts.WEIGHT} `, select),
      ...places,
      make("span", { class: "soft", id: "weight-now" }, texts.weightNow(now)),
      make("label", {}, `${texts.NEW_VALUE} `, value),
      make("button", { type: "submit", class: "more", id: "set-weight" }, texts.SET),
    ];
  }

  /* Frame the number of a kernel that is to be changed. */
  mark() {
    for (const cell of this.panel.querySelectorAll("td.chosen")) cell.classList.remove("chosen");
    const { row = 0, column = 0, from = 0 } = this.places;
    if (!this.open || this.key !== "kernel") return;
    const tables = this.panel.querySelectorAll(".kernels table");
    tables[Math.min(from, tables.length - 1)]?.rows[row]?.cells[column]?.classList.add("chosen");
  }

  /* Choose the number of a kernel on which the user clicked. */
  listen(panel) {
    this.panel = panel;
    panel.addEventListener("click", (event) => {
      const cell = event.target.closest?.(".kernels td");
      if (!cell || !this.changes.canEdit) return;
      const figure = cell.closest("figure");
      this.key = "kernel";
      this.places = { row: cell.parentElement.rowIndex, column: cell.cellIndex };
      this.places.from = [...figure.parentElement.children].indexOf(figure);
      const fold = panel.querySelector(".touch");
      if (!fold) return;
      fold.open = true;
      this.refill?.();
      document.getElementById("new-value")?.focus();
    });
  }
}
