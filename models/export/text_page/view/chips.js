/* The tokens, as buttons in the order of the text: pointed at to see the text without one, clicked to remove it. */

import { colour } from "../../page/colours.js";
import { make } from "../../page/elements.js";
import * as say from "../sentences.js";

export class Chips {
  /* `look(at)` is called when a piece is pointed at, `leave()` when none is, `toggle(at)` to remove one or put
     it back. */
  constructor({ look, leave, toggle }) {
    this.actions = { look, leave, toggle };
    this.element = make("div", { class: "chips", role: "group", "aria-label": say.TOKENS });
    this.chips = [];
    this.listen();
  }

  listen() {
    const { element, actions } = this;
    const at = (event) => Number(event.target.closest(".chip")?.dataset.at ?? -1);
    let touched = -1;
    element.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "touch" && at(event) >= 0) actions.look(at(event));
    });
    element.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch" && !element.contains(document.activeElement)) actions.leave();
    });
    element.addEventListener("focusin", (event) => {
      if (at(event) >= 0 && event.target.matches(":focus-visible")) actions.look(at(event));
    });
    element.addEventListener("click", (event) => {
      const piece = at(event);
      if (piece < 0) return;
      // A finger has to show first what it would remove
      if (event.pointerType === "touch" && touched !== piece) actions.look(piece);
      else actions.toggle(piece);
      touched = piece;
      this.focusable(piece);
    });
    element.addEventListener("keydown", (event) => this.press(event, at(event)));
  }

  press(event, at) {
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const here = this.chips.findIndex((chip) => chip.at === at);
    const to = {
      ArrowRight: here + 1,
      ArrowLeft: here - 1,
      Home: 0,
      End: this.chips.length - 1,
    }[event.key];
    if (to !== undefined) {
      const next = this.chips[Math.max(0, Math.min(this.chips.length - 1, to))];
      this.focusable(next.at);
      next.button.focus();
    } else if (event.key === "Delete" || event.key === "Backspace") this.actions.toggle(at);
    else return;
    event.preventDefault();
  }

  /* The one chip that the tab key reaches. */
  focusable(at) {
    for (const { button, at: own } of this.chips) button.tabIndex = own === at ? 0 : -1;
  }

  /* Show pieces: {text, state, id}; those without a token are plain text. */
  show(pieces) {
    const focused = Number(document.activeElement?.closest?.(".chip")?.dataset.at ?? -1);
    this.chips = [];
    const parts = pieces.map((piece, at) => {
      if (piece.token === null) return make("span", { class: "no-token" }, piece.text);
      const effect = make("i", { "aria-hidden": "true" });
      const id = make("small", { "aria-hidden": "true" }, piece.label);
      const button = make(
        "button",
        {
          type: "button",
          class: `chip ${piece.state}`,
          "data-at": at,
          "aria-pressed": String(piece.state === "removed"),
        },
        make("span", { class: "word", dir: "auto" }, piece.text),
        id,
        effect,
      );
      this.chips.push({ at, button, effect, piece });
      return button;
    });
    this.element.replaceChildren(...parts);
    const first = this.chips.find(({ at }) => at === focused) ?? this.chips[0];
    if (first) this.focusable(first.at);
    if (first?.at === focused) first.button.focus({ preventScroll: true });
  }

  /* Colour what each does for a class: `changeOf(at)` is null for what is not known, or not counted. */
  paint(changeOf, most, className) {
    for (const { at, button, effect, piece } of this.chips) {
      const change = changeOf(at);
      effect.style.backgroundColor = change === null ? "" : colour(change, most);
      const told = change === null ? "" : say.effectOf(change, className);
      button.title = told;
      button.setAttribute("aria-label", say.chipLabel(piece, told));
    }
  }

  point(at) {
    for (const { at: own, button } of this.chips) button.classList.toggle("pointed", own === at);
  }
}
