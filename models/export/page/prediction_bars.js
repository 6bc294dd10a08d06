/* The prediction: the classes with their probabilities, as bars. Of many classes the likeliest are shown. */

import { make } from "./elements.js";
import { percent } from "./numbers.js";
import * as texts from "./texts.js";

const FEW_CLASSES = 12;

export class PredictionBars {
  /* `outputs` is the number of the model's outputs; one output stands for two classes. `look(unit)` is
     called when a class is pointed at, `pin(unit)` when it is chosen. */
  constructor(element, outputs, names, { look, pin }) {
    this.names = names;
    this.single = outputs === 1 && names.length === 2;
    this.count = this.single ? 2 : outputs;
    this.sorted = this.count > FEW_CLASSES;
    this.shares = new Float32Array(this.count);
    this.rows = Array.from({ length: Math.min(this.count, FEW_CLASSES) }, (_, unit) =>
      this.buildRow(unit, look, pin),
    );
    element.classList.toggle(
      "named",
      names.some((name) => name.length > 3),
    );
    element.append(...this.rows.map((row) => row.button));
  }

  buildRow(unit, look, pin) {
    const row = {
      unit,
      name: make("span", { class: "who" }),
      fill: make("i"),
      share: make("span", { class: "amount" }),
    };
    row.button = make(
      "button",
      { type: "button", class: "answer-row", onclick: () => pin(row.unit) },
      row.name,
      make("span", { class: "bar", "aria-hidden": "true" }, row.fill),
      row.share,
    );
    row.button.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && look(row.unit));
    row.button.addEventListener("focus", () => row.button.matches(":focus-visible") && look(row.unit));
    return row;
  }

  /* Show the probabilities of the model's outputs. */
  draw(probabilities) {
    this.shares = this.single ? [1 - probabilities[0], probabilities[0]] : probabilities;
    const order = Array.from({ length: this.count }, (_, unit) => unit);
    if (this.sorted) order.sort((one, other) => this.shares[other] - this.shares[one]);
    const best = this.best().unit;
    this.rows.forEach((row, at) => {
      row.unit = order[at];
      const [name, share] = [texts.className(this.names, row.unit), this.shares[row.unit]];
      row.name.textContent = name;
      row.share.textContent = percent(share);
      row.fill.style.width = `${100 * share}%`;
      row.button.classList.toggle("best", row.unit === best);
      row.button.setAttribute("aria-label", texts.barLabel(name, share));
    });
  }

  /* The likeliest class. */
  best() {
    let unit = 0;
    for (let at = 1; at < this.count; at++) if (this.shares[at] > this.shares[unit]) unit = at;
    return { unit, name: texts.className(this.names, unit), share: this.shares[unit] };
  }

  /* Mark the class that the panel explains; -1 for none. */
  point(unit) {
    for (const row of this.rows) row.button.classList.toggle("pointed", row.unit === unit);
  }
}
