/* The layers: for each its numbers as colours, over the words of the text. */

import { make } from "../../page/elements.js";
import { KEPT } from "../network/recurrent.js";
import * as say from "../sentences.js";
import { Heat } from "./heat.js";

const POOLED = ["mean", "mean_and_maximum", "global_mean", "global_maximum", "concatenate", "dense"];
const BOUNDED = ["i", "f", "o", "z", "r"]; // gates lie between 0 and 1

/* The heat maps of a network: {node, part, backward, pairs, pooled}. */
export function blocksOf({ nodes, end }) {
  if (nodes.some(({ kind }) => kind === "scores")) return []; // a table of votes says more
  const blocks = [];
  const sequences = new Set(sequencesOf(nodes));
  for (const node of nodes) {
    const pairs = nodes[node.inputs[0]]?.kind === "pairs";
    if (node.kind === "embedding" || node.kind === "conv") blocks.push({ node, part: null, pairs });
    else if (node.kind === "recurrent") {
      for (const part of KEPT[node.config.cell]) blocks.push({ node, part, backward: node.config.backward });
    } else if (POOLED.includes(node.kind) && node !== end) {
      blocks.push({ node, part: null, pooled: !sequences.has(node.id) });
    }
  }
  return blocks;
}

/* Ids of the nodes that have a row for each word. */
function sequencesOf(nodes) {
  const found = new Set();
  for (const { id, kind, inputs, config } of nodes) {
    const one = POOLED.slice(0, 4).includes(kind) || (kind === "recurrent" && !config.sequences);
    if (kind === "tokens" || (!one && inputs.some((input) => found.has(input)))) found.add(id);
  }
  return found;
}

const [NARROW, WIDE, LEVEL] = [26, 84, 60]; // pixels of a column; from the last on, words are level

export class Board {
  /* `look(subject, byKey)` and `pin(subject)` get {kind: "cell", block, t, u}. */
  constructor(network, { look, pin }) {
    this.actions = { look, pin };
    this.layers = [];
    this.heats = [];
    for (const block of blocksOf(network)) {
      if (this.layers.at(-1)?.node !== block.node) this.layers.push(this.buildLayer(block));
      this.addHeat(this.layers.at(-1), block);
    }
    this.elements = this.layers.map((layer) => layer.element);
    this.followScrolling();
  }

  buildLayer({ node, pooled }) {
    const kind = node.kind === "recurrent" ? node.config.cell : node.kind;
    const title = say.LAYER_TITLES[kind] ?? "";
    const words = make("div", { class: "words", "aria-hidden": "true" });
    const scroller = make("div", { class: pooled ? "scroller pooled" : "scroller" }, pooled ? null : words);
    const facts = make("span", { class: "facts" });
    const way =
      node.type === "Bidirectional" ? say.DIRECTION[node.config.backward ? "backward" : "forward"] : "";
    const head = make(
      "div",
      { class: "head" },
      make("span", { class: "name" }, node.name),
      facts,
      make(
        "span",
        { class: "type" },
        node.type === "Functional" ? "" : make("code", {}, node.type),
        ` ${[title, way].filter(Boolean).join("; ")}`,
      ),
    );
    const element = make("section", { class: "layer", "aria-label": node.name }, head, scroller);
    return { node, element, scroller, words, facts };
  }

  addHeat(layer, block) {
    const { node, part } = block;
    const [name, note] = part ? say.PARTS[node.config.cell][part] : [node.name, ""];
    const subject = (at) => ({ kind: "cell", block, ...at });
    const heat = new Heat(name, {
      look: (at, byKey) => this.actions.look(subject(at), byKey),
      pin: (at) => this.actions.pin(subject(at)),
    });
    heat.block = block;
    const label = part
      ? make("p", { class: "block-name" }, make("b", {}, name), " ", make("span", { class: "soft" }, note))
      : null;
    layer.scroller.append(make("div", { class: "block" }, label, heat.element));
    this.heats.push(heat);
  }

  /* All layers scroll together, since they share the words. */
  followScrolling() {
    const scrollers = this.layers.map(({ scroller }) => scroller).filter((one) => !one.matches(".pooled"));
    for (const scroller of scrollers) {
      scroller.addEventListener("scroll", () => {
        for (const other of scrollers)
          if (other.scrollLeft !== scroller.scrollLeft) other.scrollLeft = scroller.scrollLeft;
      });
    }
    this.scrollers = scrollers;
  }

  /* Draw the states of a text. `words` are the words of its columns. */
  draw(states, words) {
    this.words = words;
    this.fit(words.length);
    for (const { node, words: row, facts } of this.layers) {
      const { c } = states[node.id];
      const kind = node.kind === "recurrent" ? "unit" : node.kind;
      facts.textContent = say.unitsOf(node.config.units ?? c, kind);
      row.replaceChildren(
        ...labelsOf(words, isOfPairs(this.heats, node)).map((text) => make("span", { dir: "auto" }, text)),
      );
    }
    for (const heat of this.heats) {
      const { node, part, pairs, pooled } = heat.block;
      const state = states[node.id];
      const values = part ? state.parts[part] : state.values;
      const units = part ? node.config.units : state.c;
      if (pooled) heat.draw(state.values, state.c, 1, [], null);
      else {
        const labels = labelsOf(words, pairs);
        const columns = Math.min(labels.length, values.length / units);
        heat.draw(values, columns, units, labels, BOUNDED.includes(part) ? 1 : null);
      }
    }
  }

  /* Wide columns for few words. */
  fit(many) {
    const [first] = this.scrollers;
    if (!first) return;
    const width = Math.max(NARROW, Math.min(WIDE, Math.floor((first.clientWidth - 8) / Math.max(1, many))));
    for (const scroller of this.scrollers) {
      scroller.style.setProperty("--column", `${width}px`);
      scroller.classList.toggle("level", width >= LEVEL);
    }
  }

  /* Frame words in every layer, as `focusOf` found them, and the number that the panel explains. */
  point(focus, subject) {
    for (const heat of this.heats) {
      const { node, part, pooled } = heat.block;
      if (subject?.kind === "cell" && subject.block === heat.block) {
        const { t, u } = subject;
        heat.point({ from: t, span: 1 }, { t, u: pooled ? 0 : u });
      } else if (pooled) heat.point({ from: -1, span: 0 });
      else {
        const isSource = focus.node === node.id && (part === null || part === "h");
        heat.point(focus, isSource ? { t: focus.from, u: focus.unit } : null);
      }
    }
  }

  read(count) {
    for (const heat of this.heats) {
      if (!heat.block.pooled) heat.cover(count, Boolean(heat.block.backward));
    }
  }

  /* Scroll so that the column of a word is seen. */
  reveal(column) {
    const [first] = this.scrollers;
    const span = this.layers[0]?.words.children[column];
    if (!first || !span) return;
    const [left, width] = [span.offsetLeft, span.offsetWidth];
    if (left < first.scrollLeft || left + width > first.scrollLeft + first.clientWidth) {
      first.scrollLeft = left - first.clientWidth / 2;
    }
  }
}

const isOfPairs = (heats, node) => heats.some(({ block }) => block.node === node && block.pairs);

const labelsOf = (words, pairs) => (pairs ? words.slice(1).map((word, at) => `${words[at]} ${word}`) : words);
