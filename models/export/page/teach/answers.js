/* The prediction's card: the original classes, or the user's. */

import { byId, make } from "../elements.js";
import { PredictionBars } from "../prediction_bars.js";
import * as texts from "./texts.js";

export class OwnAnswers {
  /* `chosen()` is called when other classes are shown. */
  constructor(chosen) {
    this.original = byId("bars");
    this.bars = null;
    this.isShown = false;
    const button = (name, own) =>
      make("button", { type: "button", class: "more", onclick: () => this.choose(own, chosen) }, name);
    this.buttons = [button(texts.ORIGINAL, false), button(texts.OWN, true)];
    this.element = make(
      "div",
      { role: "group", class: "teach-switch", "aria-label": texts.ANSWERS, hidden: true },
      ...this.buttons,
    );
    this.own = make("div", { class: "bars", id: "own-bars", hidden: true });
    this.note = make("p", { class: "soft small", hidden: true });
    this.original.closest(".both").before(this.element);
    this.original.after(this.own, this.note);
  }

  /* New classes are there: show them. */
  offer(names) {
    this.own.replaceChildren();
    this.bars = new PredictionBars(this.own, names.length, names, {});
    this.element.hidden = false;
    this.choose(true);
  }

  choose(own, chosen) {
    this.isShown = own;
    this.original.hidden = own;
    this.own.hidden = this.note.hidden = !own;
    for (const [at, button] of this.buttons.entries())
      button.setAttribute("aria-pressed", String(own === (at === 1)));
    chosen?.();
  }

  draw(shares, isChanged) {
    this.bars.draw(shares);
    this.note.textContent = isChanged ? texts.CHANGED : texts.ONLY_ORIGINAL;
  }

  /* What is to be said instead of the original classes, if it is. */
  get instead() {
    return this.isShown ? this.bars : null;
  }
}
