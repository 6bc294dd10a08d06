/* The selection: what the panel explains and the layers highlight, pointed at or pinned. */

import { byId } from "./elements.js";
import { lastDense, valueAt } from "./layers/nodes.js";
import { announce } from "./messages.js";
import * as texts from "./texts.js";

/* A subject is {kind: "place", place}, {kind: "class", unit} or {kind: "filter", node, c}. */
export class Selection {
  constructor(view, bars, panel) {
    this.view = view;
    this.bars = bars;
    this.panel = panel;
    this.subject = null;
    this.pinned = false;
    this.waiting = false;
  }

  /* Follows the pointer, unless something is pinned; keys move what is pinned. */
  look(next, byKey = false) {
    if ((this.pinned && !byKey) || isSame(this.subject, next)) return;
    this.subject = next;
    if (byKey) this.pinned = false;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.show();
      if (byKey) this.announce();
    });
  }

  pin(next) {
    this.pinned = !(this.pinned && isSame(this.subject, next));
    this.subject = next;
    this.show();
    if (next.kind === "filter") byId("release")?.focus({ preventScroll: true });
    this.panel.unfold(matchMedia("(max-width: 820px)").matches && next.kind !== "place");
  }

  unpin() {
    this.pinned = false;
    this.panel.unfold(false);
    const { kind, node, c } = this.subject;
    if (kind === "filter") {
      this.subject = { kind: "place", place: this.view.placeOfFilter(node, c) };
      this.view.cards.get(node.id).tiles[c]?.canvas.focus({ preventScroll: true });
    }
    this.show();
  }

  show() {
    if (!this.subject) return;
    const { kind, place, node, c, unit } = this.subject;
    const { highlights } = this.view;
    if (kind === "place") this.view.showPlace(place);
    else if (kind === "filter") highlights.showFilter(node, c);
    else {
      highlights.clear();
      const dense = lastDense(this.view.model);
      if (dense) highlights.showVotes(dense, Math.min(unit, dense.c - 1));
    }
    this.panel.show(this.subject, this.pinned);
    this.bars.point(kind === "class" ? unit : -1);
  }

  announce() {
    const { kind, place } = this.subject;
    if (kind !== "place") return;
    const text = texts.placeAndValue(this.view.name(place), valueAt(this.view.model, place));
    announce(text);
    if (document.activeElement?.tile) document.activeElement.setAttribute("aria-label", text);
  }
}

const isSame = (one, other) =>
  one &&
  one.kind === other.kind &&
  one.unit === other.unit &&
  one.node === other.node &&
  one.c === other.c &&
  (!one.place || ["id", "y", "x", "c"].every((key) => one.place[key] === other.place[key]));
