/* Changes of the model by the user, and the line that says so. */

import { make } from "../elements.js";
import { Folding } from "./folding.js";
import * as texts from "./texts.js";
import { Edits, RandomLayers } from "./weights.js";

export class Changes {
  /* `changed()` is called after each change. */
  constructor(model, changed) {
    this.edits = new Edits(model);
    this.random = new RandomLayers(model);
    this.folding = new Folding(model);
    this.changed = changed;
    this.says = make("span", { role: "status" });
    const button = (id, name, label, onclick) =>
      make("button", { type: "button", class: "more", id, "aria-label": label, onclick }, name);
    this.undoButton = button("undo-edit", texts.UNDO, texts.UNDO_LABEL, () => this.undo());
    const reset = button("reset-edits", texts.RESET, texts.RESET_LABEL, () => this.reset());
    this.element = make(
      "div",
      { class: "message model-changed", hidden: true },
      this.says,
      this.undoButton,
      reset,
    );
  }

  follow() {
    const many = this.edits.count;
    const hidden = !many && !this.random.count && !this.folding.on;
    // by keyboard one goes on at the layers, not at the top of the page
    if (hidden && this.element.contains(document.activeElement)) this.element.parentElement?.focus();
    this.element.hidden = hidden;
    this.says.textContent = hidden ? "" : texts.modelChanged(many, this.random.names(), this.folding.on);
    this.undoButton.disabled = !many;
    this.changed();
  }

  /* Edits are of the trained weights: while layers are random there are none. */
  get canEdit() {
    return !this.random.count;
  }

  set(node, key, index, value) {
    this.edits.set(node, key, index, value);
    this.follow();
  }

  toggle(node, c) {
    this.edits.toggle(node, c);
    this.follow();
  }

  /* Fold batch normalizations into the layers before them, or unfold them. */
  fold(on) {
    this.random.set(0);
    this.edits.reset();
    this.folding.set(on);
    this.follow();
  }

  randomise(count) {
    if (this.folding.on) this.edits.reset();
    this.folding.set(false); // random weights are of the layers as they were trained
    this.random.set(count);
    this.follow();
  }

  undo() {
    this.random.set(0);
    this.edits.undo();
    this.follow();
  }

  reset() {
    this.random.set(0);
    this.edits.reset();
    this.folding.set(false);
    this.follow();
  }
}
