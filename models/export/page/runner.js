/* Runs the model on what is drawn, in slices between which the page draws, scrolls and listens. */

import { byId } from "./elements.js";
import { answers } from "./engine/probabilities.js";
import { inRange } from "./input/channels.js";
import { hasFilters } from "./layers/nodes.js";
import { announce, say } from "./messages.js";
import * as texts from "./texts.js";
import { Stopped, Work } from "./why/slices.js";

const PATIENCE = 80; // milliseconds, after which a run says how far it is
const REST = 700; // milliseconds after the last stroke, before the answer is announced

export class Runner {
  /* `log` gets how many runs were finished, and the milliseconds from a change to the first maps, and to the answer. */
  constructor(model, [low, high], parts, log) {
    this.model = model;
    this.range = [low, high];
    this.parts = parts;
    this.log = log;
    this.waiting = false; // for the next frame
    this.work = null; // the run that has begun
    this.begun = false; // whether its first maps are drawn
    this.since = 0; // when the first change came whose answer is not yet on the screen
    this.timer = 0;
    this.said = null; // the bars whose answer is said
  }

  /* Whether something is still to be computed. */
  get busy() {
    return this.waiting || this.work !== null;
  }

  /* The picture or the model has changed. */
  changed() {
    this.since ||= performance.now();
    this.parts.explained.isStale = true;
    if (this.waiting) return;
    this.waiting = true;
    this.asked = performance.now();
    requestAnimationFrame(() => this.step());
  }

  /* What is being computed is no longer wanted; but its first maps are, or a pen that never rests would show none. */
  async step() {
    if (this.work && !this.begun) {
      requestAnimationFrame(() => this.step());
      return;
    }
    this.work?.stop();
    this.waiting = false;
    const work = new Work();
    this.work = work;
    try {
      await this.compute(work);
      this.show();
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    } finally {
      if (this.work === work) this.work = null;
    }
  }

  /* All layers, each drawn as soon as it is known. */
  async compute(work) {
    const { input, others, explained } = this.parts;
    const { view, why } = explained;
    why?.stop(); // it explains the picture before this one
    const began = performance.now();
    const example = others.example();
    const { nodes } = this.model;
    this.begun = false;
    const pixels = inRange(input.pixels(), this.range);
    await work.rest();
    this.model.take(pixels);
    input.paint();
    view.drawNode(nodes[0]);
    await work.rest();
    for (const node of nodes.slice(1)) {
      await this.model.computeSlowly(node, example, work.rest);
      view.drawNode(node);
      if (!this.begun && (hasFilters(node) || node === nodes.at(-1))) this.first();
      if (performance.now() - began > PATIENCE) this.tell(node.id);
      const wait = work.rest();
      if (wait) await wait;
    }
  }

  /* The first maps are drawn, and on the screen with the next frame. */
  first() {
    const { asked } = this;
    this.begun = true;
    requestAnimationFrame(() => this.log.firsts.push(performance.now() - asked));
  }

  /* How far the run is; what stands there of the picture before is faint meanwhile. */
  tell(layer) {
    byId("best").textContent = texts.progress(layer, this.model.nodes.length - 1);
    this.markStale();
  }

  markStale() {
    this.parts.explained.elements.bars.classList.add("stale");
  }

  /* The answer, and all that follows from it. */
  show() {
    const { input, others, explained } = this.parts;
    others.draw();
    this.drawAnswer();
    const { known } = this.model.nodes.at(-1);
    this.sayBest();
    explained.follow();
    if (input.isEmpty()) say(input.nothing);
    else if (!known) say(texts.notComputed(this.model.boxes.filter((box) => !box.known)));
    this.announceLater();
    this.finish();
  }

  drawAnswer() {
    const { bars, elements } = this.parts.explained;
    bars.draw(this.model.nodes.at(-1).known ? answers(this.model, bars.isNumber) : null);
    elements.bars.classList.remove("stale");
    this.parts.explained.isStale = false;
    this.parts.comparison?.draw();
  }

  finish() {
    this.log.runs += 1;
    this.log.timings.push(performance.now() - this.since);
    this.since = this.waiting ? this.asked : 0;
  }

  /* The likeliest of the classes that are shown: the model's, or the user's. */
  sayBest() {
    const { input, explained, comparison, teach } = this.parts;
    this.said = teach?.answer() ?? explained.bars;
    const best = comparison ? comparison.short() : this.said.answer().short;
    byId("best").textContent = input.isEmpty() ? "" : best;
  }

  /* Once the pen rests. */
  announceLater() {
    const { input, explained, comparison } = this.parts;
    const answer = () => comparison?.sentence() || (this.said ?? explained.bars).answer().sentence;
    clearTimeout(this.timer);
    if (comparison?.waits()) return; // the run of the other model, which ends later, says it
    this.timer = setTimeout(() => announce(input.isEmpty() ? input.nothing : answer()), REST);
  }
}
