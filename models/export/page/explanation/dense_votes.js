/* How a dense layer came to one value: each value of the layer before votes, value × weight. */

import { make } from "../elements.js";
import { votes } from "../engine/arithmetic.js";
import { short } from "../numbers.js";
import * as texts from "../texts.js";
import { bar, foldingList, signed } from "./folding_list.js";
import { sumTable } from "./sum_table.js";

const FEW_VOTES = 10;

/* `facts` are what `arithmetic` of the engine found for a neuron of `node`. */
export function explainVotes(view, node, unit, facts, open) {
  const all = votes(view.model, node, unit);
  const most = all.length ? Math.abs(all[0].product) : 0;
  const list = foldingList("votes", all, {
    few: FEW_VOTES,
    all: texts.allVotes(all.length),
    open,
    build: (vote) => buildVote(view, node, vote, most),
  });
  return make(
    "div",
    { class: "arithmetic" },
    make("h3", {}, texts.VOTES),
    buildBalance(all),
    list,
    sumTable({ ...facts, terms: all }, texts.sumOfVotes(all.length)),
  );
}

function buildVote(view, node, { index, value, weight, product }, most) {
  const name = view.shortName({ id: node.inputs[0], y: 0, x: 0, c: index });
  const factors = texts.product(short(value), short(weight));
  return make(
    "div",
    { class: "row" },
    make(
      "span",
      { class: "who" },
      name,
      make("small", { "data-index": index, "data-value": value, "data-weight": weight }, factors),
    ),
    bar(product, most),
    make("span", { class: "amount", "data-value": product }, signed(product)),
  );
}

/* The sum of all votes against, and of all votes for. */
function buildBalance(all) {
  const [plus, minus] = [1, -1].map((sign) =>
    all.reduce((sum, { product }) => sum + Math.max(0, sign * product), 0),
  );
  const [against, agree] = [make("i", { class: "minus" }), make("i", { class: "plus" })];
  against.style.flexGrow = minus;
  agree.style.flexGrow = plus;
  return make(
    "div",
    { class: "balance", role: "img", "aria-label": texts.votesLabel(plus, minus) },
    make("span", {}, texts.votesAgainst(minus)),
    make("b", { class: "scales" }, against, agree),
    make("span", {}, texts.votesFor(plus)),
  );
}
