/* The card "During training": a slider over the moments of a training. All layers and the answer follow, and a chart
   shows what the model answers for the picture at each moment. */

import { make } from "../elements.js";
import { answers } from "../engine/probabilities.js";
import { announce } from "../messages.js";
import { number, percent } from "../numbers.js";
import { className } from "../texts.js";
import { runSlowly, Stopped, Work } from "../why/slices.js";
import { buildChart, chosen } from "./chart.js";
import * as texts from "./texts.js";

export class TrainingCard {
  /* `isNumber` says whether outputs are numbers and not probabilities; null where there is no chart, since the output is
     a picture. `run()` runs the model again; edits of the weights and random ones are taken back by `reset()`. */
  constructor(moments, names, isNumber, { run, reset }) {
    Object.assign(this, { moments, names, isNumber, run, reset });
    this.twin = null;
    this.work = null;
    const last = moments.names.length - 1;
    const attributes = { type: "range", min: 0, max: last, value: last, id: "moment" };
    this.slider = make("input", { ...attributes, "aria-label": texts.MOMENT });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.name = make("output", { for: "moment" });
    this.holder = make("div", { class: "moments-chart" });
    this.element = make(
      "details",
      { class: "layer slim story", id: "training" },
      make(
        "summary",
        {},
        make("span", { class: "name" }, texts.TITLE),
        make("span", { class: "type" }, texts.ABOUT),
      ),
      this.holder,
      make("div", { class: "story-controls" }, this.slider, this.name),
      make("p", { class: "soft small" }, texts.ROUNDED),
    );
    this.element.addEventListener("toggle", () => this.changed());
    this.write();
  }

  /* The picture, or what is shown, has changed. */
  async changed() {
    if (!this.element.open || this.isNumber === null || this.isDrawn()) return;
    this.work?.stop();
    const work = new Work();
    this.work = work;
    try {
      this.draw(await this.overTime(work));
    } catch (error) {
      if (this.work === work) this.drawn = null;
      if (!(error instanceof Stopped)) throw error;
    }
  }

  /* Whether the chart is of this picture, and of these other inputs. */
  isDrawn() {
    const given = this.moments.model.nodes.filter(({ inputs }) => !inputs.length);
    const isSame = (values, at) => values.every((value, place) => value === given[at].values[place]);
    if (this.drawn?.every(isSame)) return true;
    this.drawn = given.map(({ values }) => values.slice());
    return false;
  }

  /* What the model answers at each moment: a row each. */
  async overTime(work) {
    const { model } = this.moments;
    const pixels = model.nodes[0].values.slice();
    this.twin ??= model.twin();
    for (const { id, inputs, values } of model.nodes)
      if (!inputs.length) this.twin.nodes[id].values.set(values); // other inputs
    const rows = [];
    for (let at = 0; at < this.moments.names.length; at++) {
      const weights = await this.moments.weightsOf(at);
      await work.rest(); // no longer wanted, it leaves the twin alone
      this.moments.give(this.twin, weights);
      await runSlowly(this.twin, pixels, work);
      rows.push(answers(this.twin, this.isNumber));
    }
    return rows;
  }

  draw(rows) {
    // One neuron of two classes gives the probability of the second
    const single = rows[0].length === 1 && !this.isNumber;
    const shares = single ? rows.map(([share]) => new Float32Array([1 - share, share])) : rows;
    const names = Array.from(shares[0], (_, unit) => className(this.names, unit));
    const units = chosen(shares);
    this.rows = shares;
    this.chart = buildChart(shares, units, names, this.isNumber);
    const say = this.isNumber ? number : percent;
    this.chart.svg.setAttribute(
      "aria-label",
      texts.chartLabel(
        units.map((unit) => names[unit]),
        units.map((unit) => say(shares.at(-1)[unit])),
        shares.length,
      ),
    );
    this.holder.replaceChildren(this.chart.svg, this.chart.legend);
    this.write();
  }

  async go(at) {
    if (!(await this.moments.use(at, this.reset))) return;
    this.write();
    this.run();
    announce(texts.noteOf(this.moments.names[at]));
  }

  write() {
    this.slider.value = this.moments.at;
    this.name.textContent = this.moments.names[this.moments.at];
    this.slider.setAttribute("aria-valuetext", this.moments.names[this.moments.at]);
    this.chart?.mark(this.moments.at);
  }
}
