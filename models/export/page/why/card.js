/* The card "Why this answer?": heat maps over the picture, random weights, and the smallest change. */

import { make } from "../elements.js";
import { announce } from "../messages.js";
import { className } from "../texts.js";
import { buildControls, buildScale } from "./controls.js";
import { METHODS } from "./explainer.js";
import { backgroundColour } from "./hiding.js";
import { drawErased, drawOverlay, sizeFor, strongest } from "./overlay.js";
import { Stopped, Work } from "./slices.js";
import * as texts from "./texts.js";

const PATIENCE = 120; // milliseconds after the last stroke before a slow map is begun

export class WhyCard {
  /* `changes` are the model's: `changes.random` is moved by the slider. */
  constructor(explainer, changes, bars, names, range) {
    Object.assign(this, { explainer, changes, bars, names, range });
    this.model = explainer.model;
    this.isNumber = explainer.isNumber;
    this.method = "none";
    this.unit = null; // the class that was chosen; null for the predicted one
    this.layer = explainer.layers().at(-1)?.id ?? -1;
    this.work = null;
    this.map = null;
    this.controls = buildControls(this);
    this.canvas = make("canvas", { role: "img", "aria-label": texts.PICTURE_LABEL });
    sizeFor(this.canvas, this.model.nodes[0]);
    this.scale = buildScale();
    const summary = make(
      "summary",
      {},
      make("span", { class: "name" }, texts.TITLE),
      make("span", { class: "type" }, texts.ABOUT),
    );
    const left = make("div", { class: "why-picture" }, this.canvas, this.scale.element);
    this.element = make(
      "details",
      { class: "layer slim why", id: "why" },
      summary,
      make("div", { class: "why-body" }, left, this.controls.element),
    );
    this.element.addEventListener("toggle", () => this.changed());
  }

  /* The class that is explained. While layers are random it is what the trained network predicts. */
  wanted() {
    if (this.unit !== null || this.isNumber) return this.unit ?? 0;
    return this.predicted ?? this.bars.best().unit;
  }

  nameOf(unit) {
    return this.isNumber && this.bars.count === 1 ? texts.THE_NUMBER : className(this.names, unit);
  }

  /* ---- What the user chooses ---- */

  choose(method) {
    this.method = method;
    this.asked = true;
    this.changed();
  }

  chooseClass(unit) {
    this.unit = unit;
    this.changed();
  }

  chooseLayer(id) {
    if (!this.explainer.layers().some((node) => node.id === id)) return;
    this.layer = id;
    if (METHODS[this.method]?.reaches === "layer") this.changed();
  }

  /* ---- What follows ---- */

  stop() {
    this.work?.stop();
    this.work = null;
    clearTimeout(this.timer);
    this.controls.progress(null);
  }

  /* The picture, the network or a choice has changed. */
  changed() {
    this.stop();
    this.predicted = null; // what the trained network predicts is not known yet
    if (!this.element.open) return;
    const random = this.changes.random.count && this.unit === null && !this.isNumber && this.bars.known;
    if (!random) this.follow();
    else
      this.run(async (work) => {
        this.predicted = await this.explainer.trainedClass(work);
        this.follow();
      });
  }

  follow() {
    this.controls.follow();
    this.controls.sayMind("");
    const { reaches } = METHODS[this.method] ?? {};
    const slow = reaches !== "layer" && this.method !== "none";
    this.timer = setTimeout(() => this.update(), slow ? PATIENCE : 0);
  }

  /* Why the chosen map cannot be made, as a sentence; "" if it can. */
  refusal(method = this.method) {
    if (method === "none") return "";
    if (this.model.boxes.length) return texts.noOcclusion(this.model.boxes);
    const { reaches } = METHODS[method];
    if (reaches === "layer" && this.layer < 0) return texts.NO_LAYER;
    const missing = this.explainer.obstacles(method, this.wanted(), this.layer);
    return missing.length ? texts.noGradient(missing) : "";
  }

  async update() {
    const refusal = this.refusal();
    if (this.method === "none" || refusal || !this.bars.known) {
      this.show(null, refusal || texts.explained.none());
      return;
    }
    await this.run(async (work) => {
      const found = await this.explainer.explain(
        this.method,
        { unit: this.wanted(), layer: this.layer },
        work,
      );
      this.show(found);
    });
  }

  /* Do some work that can be stopped, with a bar that shows how far it is. */
  async run(action) {
    this.stop();
    const work = new Work((share) => this.controls.progress(share));
    this.work = work;
    try {
      await action(work);
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      if (this.work === work) {
        this.work = null;
        this.controls.progress(null);
      }
    }
  }

  show(map, sentence) {
    this.map = map;
    const [image] = this.model.nodes;
    drawOverlay(this.canvas, image, this.range, map);
    this.scale.show(map);
    const name = this.nameOf(map?.unit ?? 0);
    let says = sentence;
    if (map) {
      const { most, y, x } = strongest(map);
      const layerName = this.model.nodes[map.layer]?.name;
      says = texts.explained[map.method]({ ...map, layerName }, name, this.isNumber);
      if (!most) says += ` ${texts.NO_REASON}`;
      this.canvas.setAttribute("aria-label", texts.mapLabel(map.method, name, { y, x }));
    } else this.canvas.setAttribute("aria-label", texts.PICTURE_LABEL);
    this.controls.say(says);
    if (this.asked) announce(says);
    this.asked = false;
    this.controls.saySimilarity(map?.similarity);
  }

  async changeMind() {
    if (this.model.boxes.length || !this.bars.known) {
      this.controls.sayMind(texts.noOcclusion(this.model.boxes));
      return;
    }
    this.controls.sayMind(texts.WORKING);
    let found = null;
    await this.run(async (work) => {
      found = await this.explainer.smallestPatch(work);
    });
    if (!found) return;
    this.method = "none"; // the map would cover the square
    this.controls.follow();
    this.show(null, texts.explained.none());
    const [image] = this.model.nodes;
    if (found.side) drawErased(this.canvas, image, found, backgroundColour(image.values, image), this.range);
    const sentence = found.side
      ? texts.changedBy(found, this.nameOf(found.unit))
      : texts.notChanged(found.largest);
    this.controls.sayMind(sentence);
    this.canvas.setAttribute("aria-label", sentence);
    announce(sentence);
  }
}
