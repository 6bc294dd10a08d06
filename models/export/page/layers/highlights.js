/* Highlights: marks on the maps that show a place, its receptive field, and the strongest votes. */

import { make } from "../elements.js";
import { votes } from "../engine/arithmetic.js";
import { receptiveField, sources } from "../engine/receptive_fields.js";
import { hasMaps, origin } from "./nodes.js";

const MARKED_VOTES = 12;

export class Highlights {
  /* `cards` are the cards by the ids of their nodes. */
  constructor(model, cards) {
    this.model = model;
    this.cards = cards;
    this.marks = [];
    this.lit = []; // holders of maps on which a receptive field is shown
  }

  clear() {
    for (const element of this.marks) element.remove();
    this.marks = [];
    for (const maps of this.lit) {
      maps.classList.remove("lit", "some");
      for (const one of maps.querySelectorAll(".one")) one.classList.remove("one");
    }
    this.lit = [];
  }

  /* Mark a place, and in every layer before it what it depends on. */
  showPlace(place) {
    this.clear();
    const node = this.model.nodes[place.id];
    this.mark(place, "spot");
    if (hasMaps(node)) this.showField(place);
    if (node.kind === "dense") this.showVotes(node, place.c);
    else if (!hasMaps(node)) this.showOrigin(place);
  }

  /* A value of a vector may stand for a pixel of a feature map. */
  showOrigin(place) {
    const from = origin(this.model, place);
    if (from.id === place.id) return;
    this.mark(from, "spot");
    if (hasMaps(this.model.nodes[from.id])) this.showField(from);
  }

  showField({ id, y, x, c }) {
    const node = this.model.nodes[id];
    const direct = new Map(sources(this.model, node, y, x, c).map((box) => [box.id, box]));
    for (const [before, box] of receptiveField(this.model, node, y, x, c)) {
      this.showBox(before, box, direct.get(before));
    }
  }

  /* A box of pixels on the maps of a layer; only on the channels of `direct`, if those are not all. */
  showBox(id, { y0, y1, x0, x1 }, direct) {
    const card = this.cards.get(id);
    if (!card || !hasMaps(card.node)) return;
    const [height, width, channels] = card.node.shape;
    const { maps, tiles } = card;
    maps.style.setProperty("--top", `${(100 * y0) / height}%`);
    maps.style.setProperty("--left", `${(100 * x0) / width}%`);
    maps.style.setProperty("--tall", `${(100 * (y1 - y0)) / height}%`);
    maps.style.setProperty("--wide", `${(100 * (x1 - x0)) / width}%`);
    maps.classList.add("lit");
    maps.dataset.field = [y0, y1, x0, x1].join(" ");
    if (direct && direct.c1 - direct.c0 < channels && tiles.length > 1) {
      maps.classList.add("some");
      for (const { c, figure } of tiles) figure.classList.toggle("one", c >= direct.c0 && c < direct.c1);
    }
    this.lit.push(maps);
  }

  /* A frame around one pixel of a map or one value of a vector. */
  mark({ id, y, x, c }, kind, strength = 1) {
    const card = this.cards.get(id);
    if (!card) return;
    const { node, tiles } = card;
    const tile = hasMaps(node) && tiles.length > 1 ? tiles[c] : tiles[0];
    if (!tile) return;
    const { columns: width, rows: height } = tile.canvas.tile;
    const [row, column] = hasMaps(node) ? [y, x] : [Math.floor(c / width), c % width];
    const element = make("i", { class: `mark ${kind}` });
    element.style.cssText =
      `top:${(100 * row) / height}%;left:${(100 * column) / width}%;` +
      `height:${100 / height}%;width:${100 / width}%;--strength:${strength}`;
    this.attach(element, tile);
  }

  attach(element, tile) {
    tile.frame.append(element);
    this.marks.push(element);
  }

  /* The values that vote most strongly for or against a neuron, and where they come from. */
  showVotes(node, unit) {
    const strongest = votes(this.model, node, unit).slice(0, MARKED_VOTES);
    this.mark({ id: node.id, y: 0, x: 0, c: unit }, "spot");
    for (const { index, product } of strongest) {
      if (!product) break;
      const kind = product < 0 ? "vote minus" : "vote plus";
      const strength = Math.abs(product / strongest[0].product);
      const place = { id: node.inputs[0], y: 0, x: 0, c: index };
      const from = origin(this.model, place);
      this.mark(from, kind, strength);
      if (from.id !== place.id) this.mark(place, kind, strength);
    }
  }

  /* The map of a filter. */
  showFilter(node, c) {
    this.clear();
    const tile = this.cards.get(node.id).tiles[c];
    if (tile) this.attach(make("i", { class: "mark whole" }), tile);
  }
}
