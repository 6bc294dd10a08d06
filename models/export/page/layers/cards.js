/* Cards: one for each layer, with its name, what it computes, and its feature maps as tiles. */

import { make } from "../elements.js";
import * as texts from "../texts.js";
import { hasMaps, isPicture, mapCount, parameterCount } from "./nodes.js";
import { buildTile, drawTiles, labelNeurons, largestValue, plainTile, sizeTiles } from "./tiles.js";

export const FEW_MAPS = 32; // of a layer that are shown at once
const FEW_LAYERS = 16; // of a model whose layers are all shown at once
const FOLDED = new Set(["copy", "rescale", "pad"]); // kinds whose cards are folded

/* All values are always computed, but only cards in the window are drawn. */
export class Cards {
  /* `range` is black and white in the model's input, `showFilter(node, c)` shows a filter's weights. */
  constructor(model, classNames, range, showFilter, isDigit) {
    this.model = model;
    this.classNames = classNames;
    this.range = range;
    this.showFilter = showFilter;
    this.isDigit = isDigit;
    this.byNode = new Map(); // id -> {node, element, maps, tiles, draw}
    this.visible = new Set();
    this.watcher = new IntersectionObserver((entries) => this.watch(entries), { rootMargin: "150px" });
  }

  watch(entries) {
    for (const { target, isIntersecting } of entries) {
      const { card } = target;
      if (!isIntersecting) this.visible.delete(card);
      else if (!this.visible.has(card)) {
        this.visible.add(card);
        card.draw();
      }
    }
  }

  draw() {
    for (const card of this.visible) card.draw();
  }

  drawNode(node) {
    for (const card of this.visible) if (card.node === node) card.draw();
  }

  drawTiles(node, tiles) {
    drawTiles(this.model, node, tiles, this.range, this.ownScale);
  }

  /* Whether each map has a scale of colours of its own. */
  scaleEach(on) {
    this.ownScale = on;
    this.draw();
  }

  /* The input, as the network gets it. */
  buildInput(holder) {
    const node = this.model.nodes[0];
    const several = node.c === 2 || node.c === 4; // each channel is shown
    const maps = make("div", { class: several ? "maps" : "maps single", role: "group" });
    holder.append(
      make("p", { class: "label" }, texts.NETWORK_INPUT),
      maps,
      make("p", { class: "soft" }, texts.inputSize(node, this.isDigit)),
    );
    this.add(node, holder, maps, several ? node.c : 1);
  }

  /* All layers; in a large model, layers of one size that follow each other are folded together. */
  buildLayers(holder) {
    const nodes = this.model.nodes.slice(1);
    const groups = [];
    for (const node of nodes) {
      const size = hasMaps(node) ? `${node.shape[0]} × ${node.shape[1]}` : texts.VALUES;
      const name = texts.stageName((node.path || []).slice(0, -1), size);
      const group = groups.at(-1);
      if (nodes.length > FEW_LAYERS && group?.name === name) group.nodes.push(node);
      else groups.push({ name, nodes: [node] });
    }
    const isStage = (group) => group.nodes.length > 2 && hasMaps(group.nodes[0]);
    const first = groups.find(isStage);
    for (const group of groups) {
      const cards = group.nodes.map((node) => this.buildCard(node));
      holder.append(
        isStage(group)
          ? this.buildStage(group, cards, group === first)
          : make("div", { class: "plain" }, cards),
      );
    }
  }

  buildStage({ name, nodes }, cards, open) {
    const last = nodes.at(-1);
    const tiles = Array.from({ length: Math.min(8, last.c) }, (_, c) => plainTile(last, c));
    const summary = make(
      "summary",
      {},
      make("span", { class: "stage-name" }, name),
      make("span", { class: "soft" }, texts.stageContent(nodes)),
      make(
        "span",
        { class: "strip", "aria-hidden": "true" },
        tiles.map(({ canvas }) => canvas),
      ),
    );
    summary.card = { node: last, draw: () => this.drawTiles(last, tiles) };
    this.watcher.observe(summary);
    return make("details", { class: "stage", open }, summary, cards);
  }

  buildCard(node) {
    const folded = FOLDED.has(node.kind);
    const many = parameterCount(node);
    const description = texts.layer(node);
    const scale = isPicture(this.model, node)
      ? null
      : make("span", { class: "full", title: texts.SCALE_TITLE });
    const head = [
      make(folded ? "span" : "h3", { class: "name" }, node.name),
      make(
        "span",
        { class: "type" },
        make("code", {}, node.type),
        description ? ` ${description} ` : " ",
        scale,
      ),
      make(
        "span",
        { class: "facts" },
        make("span", { title: texts.SHAPE_TITLE }, texts.shapeOf(node)),
        many ? make("span", {}, texts.parameters(many)) : null,
      ),
    ];
    const maps = make("div", { class: "maps", role: "group" });
    const element = folded
      ? make("details", { class: "layer slim" }, make("summary", {}, head), maps)
      : make("section", { class: "layer" }, make("div", { class: "head" }, head), maps);
    element.dataset.node = node.id;
    this.add(node, element, maps, mapCount(node), scale);
    return element;
  }

  /* Fill `maps` with the tiles of a node, the first few of `total` at once; write in `scale` what the full colours mean. */
  add(node, element, maps, total, scale) {
    const card = { node, element, maps, tiles: [] };
    card.draw = () => {
      element.classList.toggle("unknown", !node.known);
      this.drawTiles(node, card.tiles);
      if (scale)
        scale.textContent =
          this.ownScale && hasMaps(node) ? texts.OWN_SCALES : texts.scale(largestValue(node));
    };
    const addTiles = (end) => {
      for (let c = card.tiles.length; c < end; c++) {
        const tile = buildTile(this.model, node, c, total, this.showFilter);
        if (node === this.model.nodes.at(-1) && !hasMaps(node) && node.c > 1 && node.c <= 16) {
          labelNeurons(tile, node, this.classNames);
        }
        card.tiles.push(tile);
        maps.append(tile.figure);
      }
    };
    sizeTiles(this.model, node, maps);
    maps.setAttribute("aria-label", hasMaps(node) ? texts.mapsLabel(node, total) : texts.valuesLabel(node));
    addTiles(Math.min(FEW_MAPS, total));
    if (card.tiles.length) card.tiles[0].canvas.tabIndex = 0;
    if (total > FEW_MAPS) {
      const all = () => {
        addTiles(total);
        more.remove();
        card.draw();
        card.tiles[FEW_MAPS].canvas.focus({ preventScroll: true });
      };
      const more = make("button", { type: "button", class: "more", onclick: all }, texts.showAllMaps(total));
      element.append(more);
    }
    element.card = card;
    this.byNode.set(node.id, card);
    this.watcher.observe(element);
  }
}
