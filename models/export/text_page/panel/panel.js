/* The panel: a word and what it does, how a number was computed, or the votes for a class. */

import { colour, ink } from "../../page/colours.js";
import { make } from "../../page/elements.js";
import { bar, foldingList } from "../../page/explanation/folding_list.js";
import { numbersTable } from "../../page/explanation/sum_table.js";
import { number, percent, short } from "../../page/numbers.js";
import { logOdds } from "../network/network.js";
import * as say from "../sentences.js";
import { factsOf, productsOf } from "./facts.js";
import { nameOf } from "./origins.js";

const FEW = 8; // products

export class Panel {
  /* `unpin()` is called when the user closes what is pinned. */
  constructor(element, network, splitter, names, unpin) {
    Object.assign(this, { element, network, splitter, names, unpin });
    this.open = new Set();
  }

  /* Show {kind: "word", at}, {kind: "cell", block, t, u} or {kind: "class", unit} of what `now` tells. */
  show(subject, pinned, now) {
    if (subject?.kind !== this.kind) this.element.scrollTop = 0;
    this.kind = subject?.kind;
    this.pinned = pinned;
    this.now = now;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    const content = subject ? this.explain(subject) : [make("p", { class: "soft" }, say.POINT)];
    this.element.replaceChildren(...content.filter(Boolean));
    this.element.classList.toggle("held", pinned);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  explain(subject) {
    if (subject.kind === "word") return this.explainWord(subject.at);
    return subject.kind === "class" ? this.explainClass(subject.unit) : this.explainCell(subject);
  }

  buildHead(title, below) {
    const release = { type: "button", class: "release", id: "release", onclick: this.unpin };
    const unfold = make("button", {
      type: "button",
      class: "unfold",
      id: "unfold",
      "aria-expanded": String(this.element.classList.contains("unfolded")),
      "aria-label": say.UNFOLD,
      onclick: () => this.unfold(),
    });
    return make(
      "header",
      { class: "panel-head" },
      make("div", {}, make("h2", {}, title), below),
      this.pinned ? make("button", release, say.UNPIN) : null,
      unfold,
    );
  }

  /* On a phone the panel is a sheet at the bottom of the window. */
  unfold(on = !this.element.classList.contains("unfolded")) {
    this.element.classList.toggle("unfolded", on);
    this.element.querySelector("#unfold")?.setAttribute("aria-expanded", String(on));
  }

  /* ---- A word ---- */

  explainWord(at) {
    const { pieces, columns, effects, unit, logits } = this.now;
    const piece = pieces[at];
    const column = columns.indexOf(at);
    if (column < 0) {
      const why = piece.state === "removed" ? say.IS_REMOVED : say.NOT_READ;
      return [this.buildHead(say.quoted(piece.text), make("p", { class: "sentence" }, why))];
    }
    const known = this.explainToken(piece);
    const without = effects.sharesWithout(column);
    const change = effects.change(column, unit);
    const head = this.buildHead(
      say.quoted(piece.text),
      make("p", { class: "result" }, say.effectOf(change, this.names[unit])),
    );
    const rows = this.names.map((name, each) => [name, this.now.answer(each).share, without[each]]);
    return [
      head,
      make("p", { class: "sentence" }, known),
      make("h3", {}, say.EFFECT),
      shareTable(rows.slice(0, 12)),
      this.vectorOf(column),
      make("p", { class: "soft small" }, `${say.LOG_ODDS} ${number(logOdds(logits, unit))} now.`),
    ];
  }

  explainToken({ token, state, label }) {
    const { vocabulary } = this.splitter;
    if (!vocabulary) return say.ngramWord(this.splitter.knows(token));
    if (state === "unknown") return say.unknownWord;
    return say.placeInVocabulary(Number(label), vocabulary.length);
  }

  /* The numbers of a word's embedding. */
  vectorOf(column) {
    const node = this.network.nodes.find(({ kind }) => kind === "embedding");
    const state = this.now.states[node.id];
    if (!this.splitter.vocabulary) return null;
    const values = state.values.subarray(column * state.c, (column + 1) * state.c);
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    const cells = Array.from(values, (value, at) => {
      const cell = make(
        "span",
        { title: say.nameAndValue(`${node.name} ${at}`, value), "data-value": value },
        short(value),
      );
      cell.style.backgroundColor = colour(value, most);
      cell.style.color = ink(value, most);
      return cell;
    });
    return make(
      "div",
      {},
      make("h3", {}, say.EMBEDDING),
      make("div", { class: "vector", role: "group", "aria-label": say.EMBEDDING }, cells),
    );
  }

  /* ---- A number ---- */

  explainCell({ block, t, u }) {
    const { states, words } = this.now;
    const facts = factsOf(this.network, states, block, t, u, words);
    const { node, part, pooled, pairs } = block;
    const own = part ? `${node.name}, ${say.PARTS[node.config.cell][part][0]}` : node.name;
    const word = pairs ? `${words[t]} ${words[t + 1]}` : (words[t] ?? null);
    const name = pooled ? nameOf(this.network, states, node, t, words) : say.cellName(own, u, word);
    return [
      this.buildHead(name, make("p", { class: "result" }, number(facts.result))),
      facts.sentence ? make("p", { class: "sentence" }, facts.sentence) : null,
      facts.rows.length ? numbersTable(facts.rows) : null,
      facts.terms.length ? make("h3", {}, say.ALL_TERMS) : null,
      facts.terms.length ? this.listOf("products", facts.terms, say.allTerms(facts.terms.length)) : null,
    ];
  }

  /* ---- A class ---- */

  explainClass(unit) {
    const { states, words } = this.now;
    const { single, end } = this.network;
    const sign = single && unit === 0 ? -1 : 1;
    const column = single ? 0 : unit;
    const terms = productsOf(this.network, states, end, 0, column, words).map((term) => ({
      ...term,
      weight: sign * term.weight,
      product: sign * term.product,
    }));
    const bias = sign * (end.weights.bias?.[column] ?? 0);
    const sum = terms.reduce((all, term) => all + term.product, 0);
    const { name, share } = this.now.answer(unit);
    return [
      this.buildHead(say.votesFor(name), make("p", { class: "result" }, percent(share))),
      make("p", { class: "sentence" }, say.howVotesCount),
      numbersTable([
        [say.VOTES, sum],
        [say.BIAS, bias],
        [say.SUM, sum + bias],
      ]),
      this.listOf("votes", terms, say.allVotes(terms.length)),
    ];
  }

  /* Products, the largest first. */
  listOf(key, terms, all) {
    const sorted = [...terms].sort((one, other) => Math.abs(other.product) - Math.abs(one.product));
    const most = Math.abs(sorted[0]?.product ?? 0);
    const build = ({ name, value, weight, product }) =>
      make(
        "div",
        { class: "row" },
        make("span", { class: "who" }, name, make("small", {}, say.times(value, weight))),
        bar(product, most),
        make("span", { class: "amount", "data-value": product }, say.signed(product)),
      );
    return foldingList(key, sorted, { few: FEW, all, open: this.open, build });
  }
}

/* Each class with the word and without it. */
const shareTable = (rows) =>
  make(
    "table",
    { class: "sum" },
    make(
      "tbody",
      {},
      rows.map(([name, share, without]) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, name),
          make("td", {}, `${percent(share)} → ${percent(without)}`),
        ),
      ),
    ),
  );
