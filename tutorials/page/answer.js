/* The classes with their probabilities, as bars. Of many classes the likeliest are shown. */

import * as Writing from "./writing.js";

export class Answer {
  static FEW = 12;

  constructor(element, units, oneSided, names, { look, hold }) {
    const { make } = Writing;
    this.names = names;
    this.units = units;
    this.oneSided = oneSided && names.length === 2;
    this.count = this.oneSided ? 2 : units;
    this.sorted = this.count > Answer.FEW;
    this.shares = new Float32Array(this.count);
    this.rows = Array.from({ length: Math.min(this.count, Answer.FEW) }, (_, at) => {
      const row = {
        unit: at,
        name: make("span", { class: "who" }),
        fill: make("i"),
        share: make("span", { class: "amount" }),
      };
      row.button = make(
        "button",
        { type: "button", class: "answer-row" },
        row.name,
        make("span", { class: "bar", "aria-hidden": "true" }, row.fill),
        row.share,
      );
      row.button.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && look(row.unit));
      row.button.addEventListener("focus", () => row.button.matches(":focus-visible") && look(row.unit));
      row.button.addEventListener("click", () => hold(row.unit));
      return row;
    });
    element.classList.toggle(
      "named",
      names.some((name) => name.length > 3),
    );
    element.append(...this.rows.map((row) => row.button));
  }

  nameOf(unit) {
    return this.names[unit] ?? `class ${unit}`;
  }

  draw(scores) {
    this.shares = this.oneSided ? [1 - scores[0], scores[0]] : scores;
    const order = Array.from({ length: this.count }, (_, unit) => unit);
    if (this.sorted) order.sort((one, other) => this.shares[other] - this.shares[one]);
    const best = this.best().unit;
    this.rows.forEach((row, at) => {
      row.unit = order[at];
      row.name.textContent = this.nameOf(row.unit);
      row.share.textContent = Writing.percent(this.shares[row.unit]);
      row.fill.style.width = `${100 * this.shares[row.unit]}%`;
      row.button.classList.toggle("best", row.unit === best);
      row.button.setAttribute(
        "aria-label",
        `${this.nameOf(row.unit)}: ${Writing.percent(this.shares[row.unit])}. Show the votes.`,
      );
    });
  }

  best() {
    let unit = 0;
    for (let at = 1; at < this.count; at++) if (this.shares[at] > this.shares[unit]) unit = at;
    return { unit, name: this.nameOf(unit), share: this.shares[unit] };
  }

  point(unit) {
    for (const row of this.rows) row.button.classList.toggle("pointed", row.unit === unit);
  }
}
