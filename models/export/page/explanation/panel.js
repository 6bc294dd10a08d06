/* The panel: how a value was computed, the weights of a filter, or the votes for a class. */

import { make } from "../elements.js";
import { arithmetic } from "../engine/arithmetic.js";
import { answers } from "../engine/probabilities.js";
import { hasFilters, lastDense, origin, valueAt } from "../layers/nodes.js";
import { isUpright } from "../layers/sounds.js";
import { number, percent } from "../numbers.js";
import * as soundTexts from "../sound_texts.js";
import * as texts from "../texts.js";
import { explainConvolution } from "./convolution_sum.js";
import { explainVotes } from "./dense_votes.js";
import { explainField } from "./field_crop.js";
import { explainFilter } from "./filters.js";
import { explainPooling } from "./pooling_window.js";
import { explainSpectrogram } from "./spectrogram_frame.js";
import { inputsTable } from "./sum_table.js";

export class Panel {
  /* `unpin()` is called when the user closes what is pinned. */
  constructor(element, view, classNames, isNumber, unpin) {
    this.element = element;
    this.model = view.model;
    this.view = view;
    this.classNames = classNames;
    this.isNumber = isNumber;
    this.unpin = unpin;
    this.open = new Set(); // keys of the lists that the user has opened
  }

  /* Show {kind: "place", place}, {kind: "filter", node, c} or {kind: "class", unit}. */
  show(subject, pinned) {
    if (subject.kind !== this.subject?.kind) this.element.scrollTop = 0;
    this.subject = subject;
    this.pinned = pinned;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    this.element.replaceChildren(...this.explain(subject).filter(Boolean));
    this.turn(subject);
    this.element.classList.toggle("held", pinned);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  /* Windows over rows that are frequencies are drawn as the maps are, from below. */
  turn({ kind, place, node = this.model.nodes[place?.id] }) {
    const turned = kind !== "class" && isUpright(this.model, node);
    this.element.classList.toggle("upright", turned);
    const grids = this.element.querySelector(".trio, .kernels");
    if (turned && grids) grids.after(make("p", { class: "soft small" }, soundTexts.ROWS_GO_UP));
  }

  explain({ kind, place, node, c, unit }) {
    if (kind === "filter") return [...this.explainFilter(node, c), this.edit(node, c)];
    if (kind === "place") {
      const from = origin(this.model, place);
      return [...this.explainPlace(place), this.edit(this.model.nodes[from.id], from.c)];
    }
    const dense = lastDense(this.model);
    const neuron = dense?.c === 1 ? 0 : unit;
    return [...this.explainClass(unit), dense && this.edit(dense, neuron)];
  }

  /* With `editor` set, what changes the weights of a channel. */
  edit(node, c) {
    return this.editor?.build(this.model, node, c);
  }

  /* On a phone the panel is a sheet at the bottom of the window. */
  unfold(on = !this.element.classList.contains("unfolded")) {
    this.element.classList.toggle("unfolded", on);
    this.element.querySelector("#unfold")?.setAttribute("aria-expanded", String(on));
  }

  buildHead(title, below, closes = false) {
    const attributes = { type: "button", class: "release", id: "release", onclick: this.unpin };
    const pin =
      this.pinned || closes
        ? make("button", attributes, closes ? texts.CLOSE : texts.UNPIN)
        : make("span", { class: "soft hint" }, texts.PIN);
    const unfold = make("button", {
      type: "button",
      class: "unfold",
      id: "unfold",
      "aria-expanded": String(this.element.classList.contains("unfolded")),
      "aria-label": texts.UNFOLD,
      onclick: () => this.unfold(),
    });
    return make(
      "header",
      { class: "panel-head" },
      make("div", {}, make("h2", {}, title), below),
      pin,
      unfold,
    );
  }

  explainPlace(place) {
    const node = this.model.nodes[place.id];
    const value = make("p", { class: "result" }, number(valueAt(this.model, place)));
    const head = this.buildHead(this.view.name(place), value);
    const note = make("p", { class: "soft small" }, texts.COUNTED_FROM_0);
    if (!node.known) return [head, make("p", {}, texts.NOT_KNOWN)];
    if (!node.inputs.length) return [head, make("p", {}, texts.withoutInputs(node)), note];
    if (node.kind === "spectrogram") {
      return [head, ...explainSpectrogram(this.model, node, place), explainField(this.view, place), note];
    }
    const facts = arithmetic(this.model, node, place.y, place.x, place.c);
    const sentence = make("p", { class: "sentence" }, texts.computation(node, facts));
    return [head, sentence, explainField(this.view, place), this.computation(node, place, facts), note];
  }

  computation(node, place, facts) {
    if (node.kind === "dense") return explainVotes(this.view, node, place.c, facts, this.open);
    if (node.kind === "pool") return explainPooling(node, place, facts);
    if (hasFilters(node)) return explainConvolution(this.model, node, place, facts, this.open);
    return inputsTable(facts);
  }

  explainFilter(node, c) {
    const { sentence, content } = explainFilter(this.model, node, c, this.open);
    return [
      this.buildHead(texts.filterName(node, c), make("p", { class: "sentence" }, sentence), true),
      ...content,
    ];
  }

  titleOf(unit) {
    return this.isNumber && this.model.nodes.at(-1).c === 1
      ? texts.VOTES_FOR_NUMBER
      : texts.votesForClass(texts.className(this.classNames, unit));
  }

  explainClass(clicked) {
    if (!this.model.nodes.at(-1).known) {
      return [this.buildHead(this.titleOf(clicked)), make("p", {}, texts.NOT_KNOWN)];
    }
    const shares = answers(this.model, this.isNumber);
    // One neuron for two classes: its votes are for the second class, and against the first
    const single = shares.length === 1;
    const unit = single && !this.isNumber ? 1 : clicked;
    const [neuron, share] = single ? [0, shares[0]] : [unit, shares[unit]];
    const result = make("p", { class: "result" }, this.isNumber ? number(share) : percent(share));
    const head = this.buildHead(this.titleOf(unit), result);
    const node = lastDense(this.model);
    if (!node) return [head];
    const facts = arithmetic(this.model, node, 0, 0, neuron);
    const voters = this.model.nodes[origin(this.model, { id: node.inputs[0], y: 0, x: 0, c: 0 }).id];
    return [
      head,
      make(
        "p",
        { class: "sentence" },
        this.isNumber ? texts.howVotesMakeNumber(voters) : texts.howVotesCount(voters, single),
      ),
      explainVotes(this.view, node, neuron, facts, this.open),
      make("p", { class: "soft small" }, texts.COUNTED_FROM_0),
    ];
  }
}
