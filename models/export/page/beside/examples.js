/* On which of the examples two models agree: all are run once, on demand, in slices. */

import { make } from "../elements.js";
import { className } from "../texts.js";
import { runSlowly, Stopped, Work } from "../why/slices.js";
import { likeliest } from "../why/smallest_patch.js";
import * as texts from "./texts.js";

/* Whether all examples can be run: closed boxes and other inputs have values for the chosen one only. */
export const canCompare = (both, { examples }) =>
  examples.length > 1 &&
  both.every(({ isNumber, model }) => !isNumber && !model.boxes.length && !model.nodes.some(isOther));

const isOther = ({ config }) => config.other;

export class Examples {
  /* `input` is what the user draws on, `pixels` has for each model a function of an example's place to what it gets. */
  constructor(both, names, input, pixels) {
    Object.assign(this, { both, names, input, pixels });
    this.work = null;
    this.says = make("span", { role: "status" });
    this.differing = make("span", { class: "differing" });
    this.button = make(
      "button",
      { type: "button", class: "more", onclick: () => this.compare() },
      texts.compareAll(input.examples.length),
    );
    this.element = make("div", { class: "on-examples" }, this.button, this.says, this.differing);
  }

  /* A model has changed: what was found is no longer so. */
  forget() {
    this.work?.stop();
    this.work = null;
    this.says.textContent = "";
    this.differing.replaceChildren();
    this.button.hidden = false;
  }

  async compare() {
    this.forget();
    const work = new Work();
    this.work = work;
    this.button.hidden = true;
    try {
      await this.run(work);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }

  async run(work) {
    const { examples } = this.input;
    const twins = this.both.map(({ model }) => model.twin());
    const found = [];
    for (let at = 0; at < examples.length; at++) {
      this.says.textContent = texts.compared(at, examples.length);
      const answers = [];
      for (const [which, twin] of twins.entries()) {
        await runSlowly(twin, this.pixels[which](at), work);
        answers.push(className(this.both[which].data.class_names, likeliest(twin).unit));
      }
      if (answers[0] !== answers[1]) found.push(this.buildDiffering(at, answers));
    }
    this.says.textContent = texts.agreement(examples.length - found.length, examples.length);
    this.differing.replaceChildren(...found);
    this.work = null;
  }

  /* An example on which they differ, to choose. */
  buildDiffering(at, answers) {
    const example = this.input.examples[at];
    const { src } = example.querySelector("img");
    const label = texts.onExample(at, this.names, answers);
    return make(
      "button",
      { type: "button", title: label, "aria-label": label, onclick: () => this.input.useExample(example) },
      make("img", { src, alt: "", draggable: "false" }),
    );
  }
}
