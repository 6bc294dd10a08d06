/* The prediction: the classes with their probabilities, as bars. Of many classes the likeliest are shown. */

import { make } from "./elements.js";
import { number, percent } from "./numbers.js";
import * as texts from "./texts.js";

const FEW_CLASSES = 12;

export class PredictionBars {
  /* `outputs` is the number of the model's outputs; one output stands for two classes; or all are numbers
     that the model predicts, if `isNumber`. `look(unit)` is called when a class is pointed at, `pin(unit)` when it
     is chosen; without `pin` a class is no button. */
  constructor(element, outputs, names, { look, pin }, isNumber = false) {
    this.names = names;
    this.isNumber = isNumber;
    this.single = outputs === 1 && !isNumber;
    this.count = this.single ? 2 : outputs;
    this.sorted = this.count > FEW_CLASSES && !isNumber;
    this.shares = new Float32Array(this.count);
    this.rows = Array.from({ length: Math.min(this.count, FEW_CLASSES) }, (_, unit) =>
      this.buildRow(unit, look, pin),
    );
    element.classList.toggle("number", isNumber);
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
    const plain = { class: "answer-row" };
    row.button = make(
      pin ? "button" : "div",
      pin ? { ...plain, type: "button", onclick: () => pin(row.unit) } : plain,
      row.name,
      " ", // so that what is read as one line has words
      make("span", { class: "bar", "aria-hidden": "true" }, row.fill),
      row.share,
    );
    if (!pin) return row;
    row.button.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && look(row.unit));
    row.button.addEventListener("focus", () => row.button.matches(":focus-visible") && look(row.unit));
    return row;
  }

  /* Show the model's outputs, probabilities or a number; null if they are not known. */
  draw(probabilities) {
    this.known = probabilities !== null;
    if (!this.known) this.drawNothing();
    else if (this.isNumber) this.drawNumbers(probabilities);
    else this.drawShares(probabilities);
  }

  drawNothing() {
    for (const row of this.rows) {
      row.name.textContent = this.nameOf(row.unit);
      row.share.textContent = texts.NO_SHARE;
      row.fill.style.width = "0%";
      row.button.classList.remove("best");
      row.button.setAttribute("aria-label", texts.NOT_KNOWN);
    }
  }

  drawNumbers(values) {
    this.shares = values;
    for (const { unit, name, share, button } of this.rows) {
      name.textContent = this.nameOf(unit);
      share.textContent = number(values[unit]);
      button.classList.toggle("best", this.count === 1);
      button.setAttribute("aria-label", texts.numberLabel(this.nameOf(unit), values[unit]));
    }
  }

  /* The only number has no name. */
  nameOf(unit) {
    return this.isNumber && this.count === 1 ? texts.NUMBER : texts.className(this.names, unit);
  }

  drawShares(probabilities) {
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
      if (row.button.type) row.button.setAttribute("aria-label", texts.barLabel(name, share));
    });
  }

  /* The answer in a few words, and in a sentence. */
  answer() {
    if (!this.known) return { short: "", sentence: texts.NOT_KNOWN };
    if (this.isNumber) {
      const named = this.rows.map(({ unit }) => [this.nameOf(unit), this.shares[unit]]);
      return {
        short: this.count === 1 ? number(this.shares[0]) : "",
        sentence: texts.predictedNumbers(named),
      };
    }
    return { short: texts.best(this.best()), sentence: texts.prediction(this.best()) };
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
