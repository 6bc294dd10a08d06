/* The card "Two models, one picture": what each answers and how large it is, and whose layers are shown. */

import { make } from "../elements.js";
import * as texts from "./texts.js";

export class Comparison {
  /* `both` are the models, `beside` what the page knows of them, `examples` are the `Examples` of both or null;
     `show(at)` shows the layers of one. */
  constructor(both, { names, facts }, examples, show) {
    Object.assign(this, { both, names, examples });
    this.isNumber = both[0].isNumber;
    this.verdict = make("p", { class: "verdict" });
    this.choices = names.map((name, at) => ({ input: this.buildChoice(at, show), name }));
    this.element = make(
      "section",
      { class: "layer beside", "aria-label": texts.TITLE },
      make("h2", {}, texts.TITLE),
      this.verdict,
      make(
        "div",
        { class: "answers" },
        both.map(({ elements }, at) =>
          make(
            "div",
            { role: "group", "aria-label": names[at] },
            make("h3", {}, names[at]),
            elements.bars,
            make("p", { class: "soft small" }, texts.facts(facts[at])),
          ),
        ),
      ),
      make("fieldset", { class: "choices" }, make("legend", {}, texts.LAYERS_OF), this.choices.map(labelOf)),
    );
    this.choose(0);
    this.below = this.buildBelow();
  }

  /* What stands below the picture that both get, so that answers and layers are near one another on a phone. */
  buildBelow() {
    const [first, second] = this.both.map(({ model }) => model.nodes[0]);
    const isSameSize = first.h === second.h && first.w === second.w;
    const resized = isSameSize ? null : make("p", { class: "soft small" }, texts.resized(this.names, second));
    return [resized, this.examples?.element].filter(Boolean);
  }

  buildChoice(at, show) {
    const input = make("input", { type: "radio", name: "whose-layers", id: `layers-of-${at}` });
    input.addEventListener("change", () => show(at));
    return input;
  }

  /* The weights of a model have changed. */
  forget() {
    this.examples?.forget();
  }

  /* Mark whose layers are shown. */
  choose(at) {
    this.choices.forEach(({ input }, place) => {
      input.checked = place === at;
    });
  }

  /* One of the models has answered. */
  draw() {
    if (!this.waits()) this.verdict.textContent = this.sentence();
  }

  /* Whether one of them is still to answer for the picture. */
  waits() {
    return this.both.some(({ isStale }) => isStale);
  }

  /* Where both agree, and where they differ; "" where one of the answers is not known. */
  sentence() {
    const bars = this.both.map((each) => each.bars);
    if (this.waits() || !bars.every(({ known }) => known)) return "";
    const apart = this.mostApart(bars);
    const most = apart ? texts.mostApart(apart, this.isNumber) : texts.NOTHING_SHARED;
    if (this.isNumber) return most;
    const answers = bars.map((each) => each.best().name);
    const agree = answers[0] === answers[1];
    return `${agree ? texts.bothAnswer(answers[0]) : texts.theyDiffer(this.names, answers)} ${most}`;
  }

  /* The same in a few words. */
  short() {
    const bars = this.both.map((each) => each.bars);
    if (this.isNumber || this.waits() || !bars.every(({ known }) => known)) return "";
    return texts.short(...bars.map((each) => each.best().name));
  }

  /* The class, or number, of the same name whose values differ most: {name, values}; null if there is none. */
  mostApart([one, other]) {
    const places = new Map(Array.from(other.shares, (_, unit) => [other.nameOf(unit), unit]));
    let most = null;
    one.shares.forEach((value, unit) => {
      const name = one.nameOf(unit);
      if (!places.has(name)) return;
      const values = [value, other.shares[places.get(name)]];
      if (!most || Math.abs(values[0] - values[1]) > Math.abs(most.values[0] - most.values[1]))
        most = { name, values };
    });
    return most;
  }
}

const labelOf = ({ input, name }) => make("label", { class: "choice" }, input, name);
