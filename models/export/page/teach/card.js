/* The card "Train your own classes": the user's pictures, the training of a new last layer, and the file. */

import { make } from "../elements.js";
import { read, Unreadable } from "../input/picture.js";
import { announce } from "../messages.js";
import { buildChart } from "../training/chart.js";
import { Stopped, Work } from "../why/slices.js";
import { OwnAnswers } from "./answers.js";
import { Frozen } from "./features.js";
import { areHeldOut, Group, MOST_PICTURES } from "./group.js";
import { probabilities, SETTINGS } from "./head.js";
import { kerasFile } from "./keras_file.js";
import * as texts from "./texts.js";
import { train, Untrainable } from "./training.js";

const [FEWEST, MOST] = [2, 10]; // classes

const button = (name, id, onclick) => make("button", { type: "button", class: "more", id, onclick }, name);

export class TeachCard {
  /* `plan` is what `new_head` wrote down. `page` has the model that is shown and its input, `inRange(pixels)`,
     `isChanged()`, which says whether the user has changed the model, and `shown()`, to be called when
     another answer is. */
  constructor(plan, network, kernels, page) {
    Object.assign(this, { plan, network, page });
    this.trained = null;
    this.work = null;
    this.summary = make(
      "summary",
      {},
      make("span", { class: "name" }, texts.TITLE),
      make("span", { class: "type" }, texts.ABOUT),
    );
    this.element = make("details", { class: "layer slim story teach", id: "teach" }, this.summary);
    if (plan.refused) {
      this.element.append(make("p", { class: "message" }, plan.refused));
      return;
    }
    this.frozen = new Frozen(network, kernels, plan.features);
    this.answers = new OwnAnswers(() => this.chosen());
    this.beside = make("div", {
      class: "teach-beside",
      role: "group",
      "aria-label": texts.ADD_TO,
      hidden: true,
    });
    this.element.addEventListener("toggle", () => {
      this.beside.hidden = !this.element.open;
    });
    this.build();
    this.groups = [];
    for (let at = 0; at < FEWEST; at++) this.addGroup();
    this.changed();
    this.isStale = false;
  }

  build() {
    const features = this.page.model.nodes[this.plan.features].values.length;
    this.list = make("ul", { class: "groups", "aria-label": texts.LIST });
    this.adding = button(texts.ADD_CLASS, "add-class", () => this.addGroup().field.select());
    this.starting = button(texts.TRAIN, "train", () => this.train());
    this.stopping = button(texts.STOP, "stop-training", () => this.work?.stop());
    this.saving = button(texts.DOWNLOAD, "download", () => this.save());
    this.progress = make("progress", { max: 1, value: 0, "aria-label": texts.TRAIN });
    this.how = make("span", { class: "small" });
    this.working = make("div", { class: "working", hidden: true }, this.progress, this.stopping);
    this.testing = make("p", { class: "small soft", hidden: true }, texts.HELD_OUT);
    this.stale = make("p", { class: "message", hidden: true }, texts.STALE);
    this.score = make("p", { class: "message", role: "status" });
    this.said = make("p", { class: "message", role: "status" });
    this.curves = make("div", { class: "moments-chart", hidden: true });
    this.details = make("p", { class: "soft small" });
    this.stopping.hidden = this.saving.hidden = true;
    this.element.append(
      make("p", { class: "small soft" }, texts.intro(features)),
      make("p", { class: "small soft", hidden: !this.plan.rounded }, texts.ROUNDED),
      this.list,
      this.testing,
      make("div", { class: "story-controls" }, this.adding, this.starting, this.saving),
      this.working,
      this.how,
      this.said,
      this.stale,
      this.score,
      this.curves,
      this.details,
    );
  }

  say(sentence, isBad = false) {
    this.said.textContent = sentence;
    this.said.classList.toggle("bad", isBad);
  }

  /* ---- Classes and pictures ---- */

  addGroup() {
    const group = new Group(this.groups.length, this.page.input, {
      changed: () => this.changed(),
      drawing: (each) => this.addDrawing(each),
      files: (each, files) => this.addFiles(each, files),
      remove: (each) => this.removeGroup(each),
      say: (sentence, isBad) => this.say(sentence, isBad),
    });
    this.groups.push(group);
    this.list.append(group.element);
    this.changed();
    return group;
  }

  removeGroup(group) {
    this.groups.splice(this.groups.indexOf(group), 1);
    group.element.remove();
    this.adding.disabled = false;
    this.adding.focus();
    this.changed();
  }

  /* Names, pictures or classes have changed. */
  changed() {
    const heldOut = areHeldOut(this.groups);
    this.groups.forEach((group, at) => {
      group.follow(at, heldOut);
      group.removal.disabled = this.groups.length <= FEWEST;
    });
    this.beside.replaceChildren(texts.ADD_TO, ...this.groups.map((group) => this.groupButton(group)));
    this.adding.disabled = this.groups.length >= MOST;
    this.isStale = true;
    this.testing.hidden = !heldOut;
    this.stale.hidden = !this.trained;
  }

  /* Beside the drawing area, which is far from the classes on a phone. */
  groupButton(group) {
    const say = () => {
      this.addDrawing(group);
      this.beside.querySelectorAll("button")[this.groups.indexOf(group)].focus(); // it was made anew
    };
    return button(texts.groupButton(group.name, group.pictures.length), null, say);
  }

  /* Add pixels, unless there is a reason not to; returns that as a sentence, or "". */
  add(group, pixels, file = null) {
    if (group.pictures.length >= MOST_PICTURES) return texts.full(MOST_PICTURES, group.name);
    const owner = this.groups.find((each) => each.has(pixels));
    if (owner) return texts.known(file, owner.name);
    group.add(pixels);
    return "";
  }

  addDrawing(group) {
    const { input } = this.page;
    if (input.isEmpty()) return this.say(texts.NOTHING_TO_ADD, true);
    const reason = this.add(group, input.pixels().slice());
    if (reason) return this.say(reason, true);
    if (input.strokes.length) input.clear(); // for the next one
    this.say(texts.added(1, group.name, group.pictures.length));
    this.changed();
  }

  async addFiles(group, files) {
    const { input } = this.page;
    const reasons = [];
    let many = 0;
    for (const [at, file] of files.entries()) {
      if (files.length > 1) this.how.textContent = texts.reading(at + 1, files.length);
      try {
        const picture = await read(file, input.channels === 4);
        const reason = this.add(group, input.convert(picture, file), file);
        if (reason) reasons.push(reason);
        else many += 1;
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        reasons.push(error.message);
      }
    }
    this.how.textContent = "";
    const added = texts.added(many, group.name, group.pictures.length);
    this.say(reasons.length ? `${added} ${texts.setAside(reasons)}` : added, reasons.length > 0);
    this.changed();
  }

  /* ---- Training ---- */

  /* Why there can be no training yet, as a sentence; "" if there can. */
  obstacle() {
    const names = this.groups.map(({ name }) => name);
    if (names.includes("")) return texts.NO_NAME;
    const twice = names.find((name, at) => names.indexOf(name) < at);
    if (twice) return texts.sameName(twice);
    const empty = this.groups.find(({ pictures }) => !pictures.length);
    return empty ? texts.noPicture(empty.name) : "";
  }

  async train() {
    const obstacle = this.obstacle();
    if (obstacle) return this.say(obstacle, true);
    this.say("");
    this.isStale = false;
    const tell = (done, sentence) => {
      this.progress.value = done;
      this.how.textContent = sentence;
    };
    const tells = {
      looking: (at, many) => tell((at - 1) / many / 2, texts.looking(at, many)),
      step: (at, found) => tell(0.5 + at / found.steps / 2, texts.step(at, found)),
    };
    await this.run(async (work) => {
      this.trained = await train(this.groups, this.frozen, this.page.inRange, work, tells);
      this.show();
    });
  }

  /* Do some work that can be stopped. */
  async run(action) {
    const work = new Work();
    this.work = work;
    this.follow();
    this.stopping.focus();
    try {
      await action(work);
    } catch (error) {
      if (error instanceof Stopped) return this.say(texts.STOPPED);
      if (error instanceof Untrainable) return this.say(error.message, true);
      this.say(texts.failed(error), true); // as when the browser's memory is full
      throw error;
    } finally {
      this.work = null;
      this.follow();
    }
  }

  /* What can be done now. By keyboard one goes on at the button that takes the other's place. */
  follow() {
    const isWorking = this.work !== null;
    const hadFocus = this.working.contains(document.activeElement);
    this.working.hidden = this.stopping.hidden = !isWorking;
    this.starting.disabled = isWorking;
    this.saving.hidden = !this.trained;
    this.saving.disabled = isWorking;
    if (isWorking) return;
    this.how.textContent = "";
    if (hadFocus) this.starting.focus();
  }

  show() {
    const { trained } = this;
    this.say("");
    this.score.textContent = texts.result(trained);
    this.drawCurves();
    this.stale.hidden = !this.isStale;
    this.details.textContent = texts.how(SETTINGS, this.trained);
    this.answers.offer(trained.names);
    this.page.shown();
  }

  drawCurves() {
    const { history, trained, held } = this.trained;
    const rows = history.map(({ right, heldRight }) =>
      held ? [right / trained, heldRight / held] : [right / trained],
    );
    const { svg } = buildChart(rows, [...rows[0].keys()], texts.CURVE_NAMES, false);
    svg.setAttribute("aria-label", texts.curvesLabel(this.trained));
    const legend = rows[0].map((_, at) =>
      make("span", {}, make("i", { class: `key-line line-${at}` }), texts.CURVE_NAMES[at]),
    );
    this.curves.hidden = false;
    this.curves.replaceChildren(svg, make("p", { class: "small legend-lines" }, texts.CURVES, legend));
  }

  /* ---- What follows ---- */

  /* The model has run: what the new layer makes of it. Gives what is to be said instead of the model's answer. */
  answer() {
    if (!this.trained) return null;
    const { kernel, bias } = this.trained;
    const { values } = this.page.model.nodes[this.plan.features];
    this.shares = probabilities(values, kernel, bias);
    this.answers.draw(this.shares, this.page.isChanged());
    return this.answers.instead;
  }

  chosen() {
    this.page.shown();
    const bars = this.answers.instead;
    if (bars) announce(bars.answer().sentence);
  }

  async save() {
    this.say(texts.WRITING);
    this.saving.disabled = true;
    const work = new Work();
    const { names } = this.trained;
    try {
      this.offer(await kerasFile(this.plan, this.network, this.trained, names, work.rest));
    } catch (error) {
      this.say(texts.failed(error), true); // as when the browser's memory is full
      throw error;
    } finally {
      this.saving.disabled = this.work !== null;
    }
  }

  /* Let the browser save a file. */
  offer(blob) {
    const file = `${this.network.name.replace(/[^\w-]+/g, "-").slice(0, 60)}-own-classes.keras`;
    const url = URL.createObjectURL(blob);
    make("a", { href: url, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    this.say(texts.written(file));
  }
}
