/* Numbers as colours: a column for each word, a row for each unit. */

import { colours, place } from "../../page/colours.js";
import { make } from "../../page/elements.js";
import { announce } from "../../page/messages.js";
import * as say from "../sentences.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const [LEAST, MOST, TALL] = [4, 14, 132]; // pixels of a row at least and at most, and of all of them

export class Heat {
  /* `look({t, u})` is called when a number is pointed at, `pin` when it is clicked; `name` is told. */
  constructor(name, { look, pin }) {
    this.name = name;
    this.actions = { look, pin };
    this.canvas = make("canvas", { role: "img", tabindex: 0 });
    this.now = make("i", { class: "now" });
    this.veil = make("i", { class: "veil" });
    this.spot = make("i", { class: "spot" });
    this.element = make("div", { class: "heat" }, this.canvas, this.veil, this.now, this.spot);
    this.at = { t: 0, u: 0 };
    this.columns = 0;
    this.listen();
  }

  listen() {
    const { canvas, actions } = this;
    const under = (event) => {
      const box = canvas.getBoundingClientRect();
      return this.inside({
        t: Math.floor(((event.clientX - box.left) / box.width) * this.columns),
        u: Math.floor(((event.clientY - box.top) / box.height) * this.units),
      });
    };
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType !== "touch" && this.columns) actions.look(under(event));
    });
    canvas.addEventListener("click", (event) => this.columns && actions.pin(under(event)));
    canvas.addEventListener("focus", () => {
      if (this.columns && canvas.matches(":focus-visible")) this.go(this.at);
    });
    canvas.addEventListener("keydown", (event) => {
      if (!this.columns || event.altKey || event.ctrlKey || event.metaKey) return;
      const { t, u } = this.at;
      if (ARROWS[event.key]) this.go({ t: t + ARROWS[event.key][0], u: u + ARROWS[event.key][1] });
      else if (event.key === "Home") this.go({ t: 0, u });
      else if (event.key === "End") this.go({ t: this.columns - 1, u });
      else if (event.key === "Enter" || event.key === " ") actions.pin(this.at);
      else return;
      event.preventDefault();
    });
  }

  inside({ t, u }) {
    return {
      t: Math.max(0, Math.min(this.columns - 1, t)),
      u: Math.max(0, Math.min(this.units - 1, u)),
    };
  }

  /* To a place, by key. */
  go(to) {
    this.at = this.inside(to);
    this.actions.look(this.at, true);
    const told = say.nameAndValue(
      say.cellName(this.name, this.at.u, this.words[this.at.t] ?? null),
      this.values[this.at.t * this.units + this.at.u],
    );
    this.canvas.setAttribute("aria-label", told);
    announce(told);
  }

  /* Draw rows of numbers: `most` is the value of the full colour, or null for the largest. */
  draw(values, columns, units, words, most = null) {
    Object.assign(this, { values, columns, units, words });
    this.at = this.inside(this.at);
    const { canvas } = this;
    canvas.width = Math.max(1, columns);
    canvas.height = units;
    canvas.style.height = `${units * Math.max(LEAST, Math.min(MOST, Math.round(TALL / units)))}px`;
    this.element.style.setProperty("--columns", columns);
    this.element.style.setProperty("--units", units);
    canvas.setAttribute("aria-label", say.heatLabel(this.name, units, columns));
    if (!columns) return;
    let full = most;
    if (full === null)
      for (let at = 0; at < columns * units; at++) full = Math.max(full, Math.abs(values[at]));
    paint(canvas, (column, row) => values[column * units + row], full);
  }

  /* Frame the columns of some words, and one number: {t, u}, or null. */
  point({ from, span }, place = null) {
    const start = Math.max(0, from);
    const end = Math.min(this.columns, from + span);
    this.now.hidden = end <= start;
    this.spot.hidden = !place;
    const { style } = this.element;
    style.setProperty("--at", start);
    style.setProperty("--span", Math.max(0, end - start));
    style.setProperty("--column-of", place?.t ?? 0);
    style.setProperty("--unit", place?.u ?? 0);
  }

  /* Cover what has not been read yet. */
  cover(read, backward) {
    const hidden = read >= this.columns;
    this.veil.hidden = hidden;
    this.veil.classList.toggle("backward", backward);
    this.element.style.setProperty("--read", read);
  }
}

/* Colour each pixel of a canvas. */
export function paint(canvas, valueAt, most) {
  const brush = canvas.getContext("2d");
  const image = brush.createImageData(canvas.width, canvas.height);
  const scale = colours();
  for (let row = 0, at = 0; row < canvas.height; row++) {
    for (let column = 0; column < canvas.width; column++, at += 4) {
      const from = place(valueAt(column, row), most);
      for (let part = 0; part < 3; part++) image.data[at + part] = scale[from + part];
      image.data[at + 3] = 255;
    }
  }
  brush.putImageData(image, 0, 0);
}
