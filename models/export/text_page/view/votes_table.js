/* n-grams with their votes, the largest first. */

import { make } from "../../page/elements.js";
import { bar } from "../../page/explanation/folding_list.js";
import * as say from "../sentences.js";

const FEW = 20;
const MOST = 2000; // rows

/* What each n-gram of a text adds to the log-odds of a class: [{text, letters, count, relative, sum}]. */
export function votesOf(network, states, splitter, tokens, unit) {
  const scores = network.nodes.find(({ kind }) => kind === "scores");
  const [votes, relative, , counts] = scores.inputs.map((id) => states[id]);
  const { norm } = states[scores.id];
  const ordered = states[network.nodes.find(({ kind }) => kind === "in_order").id].values;
  const names = new Map();
  for (const each of splitter.all(tokens)) if (each.number) names.set(each.number, each);
  const weigh = weighing(network, unit);
  const rows = [];
  for (let n = 0; n < ordered.length; n++) {
    if (!counts.values[n]) continue;
    const [plain, scaled] = [votes, relative].map((each) =>
      weigh(each.values.subarray(n * votes.c, (n + 1) * votes.c)),
    );
    const [own, shared] = [plain, scaled / norm];
    rows.push({ ...names.get(ordered[n]), own, relative: shared, sum: own + shared });
  }
  return rows.sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum));
}

/* From scores to what they add to the sum of a class in the last layer. */
function weighing(network, unit) {
  const { kernel } = network.end.weights;
  const [inputs, outputs] = network.end.weightShapes.kernel;
  const column = network.single ? 0 : unit;
  const sign = network.single && unit === 0 ? -1 : 1;
  return (scores) => {
    let sum = 0;
    for (let u = 0; u < inputs; u++) sum += scores[u] * kernel[u * outputs + column];
    return sign * sum;
  };
}

export class VotesTable {
  constructor(network, splitter) {
    this.network = network;
    this.splitter = splitter;
    this.body = make("tbody");
    this.foot = make("tfoot");
    this.note = make("p", { class: "soft small" });
    this.more = make("button", { type: "button", class: "more", onclick: () => this.toggle() });
    this.all = false;
    const heads = [say.NGRAM, say.COUNTS_AS, say.RELATIVE, say.TOGETHER, ""];
    const table = make(
      "table",
      { class: "votes-table" },
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          heads.map((head) => make("th", { scope: "col" }, head)),
        ),
      ),
      this.body,
      this.foot,
    );
    this.title = make("span", { class: "name" }, say.NGRAMS);
    this.element = make(
      "section",
      { class: "layer", "aria-label": say.NGRAMS },
      make("div", { class: "head" }, this.title),
      this.note,
      make("div", { class: "scroller" }, table),
      this.more,
    );
  }

  draw(states, tokens, unit, className) {
    this.rows = votesOf(this.network, states, this.splitter, tokens, unit);
    const different = new Set(this.splitter.all(tokens).map(({ text, letters }) => `${letters}${text}`));
    this.title.textContent = say.ngramVotes(className);
    this.note.textContent = say.ngramsNote(this.rows.length, different.size);
    this.show();
    const sum = this.rows.reduce((total, row) => total + row.sum, 0);
    const bias = biasOf(this.network, unit);
    const last = this.network.single ? say.TOTAL : say.SCORE;
    this.foot.replaceChildren(buildEnd(say.BIAS, bias), buildEnd(last, sum + bias));
  }

  show() {
    const most = Math.abs(this.rows[0]?.sum ?? 0);
    this.body.replaceChildren(...this.rows.slice(0, this.all ? MOST : FEW).map((row) => buildRow(row, most)));
    this.more.hidden = this.rows.length <= FEW;
    this.more.textContent = this.all ? say.FEWER : say.allNgrams(this.rows.length);
  }

  toggle() {
    this.all = !this.all;
    this.show();
  }
}

function biasOf({ end, single }, unit) {
  const bias = end.weights.bias ?? [];
  return single ? (unit ? 1 : -1) * (bias[0] ?? 0) : (bias[unit] ?? 0);
}

const buildEnd = (name, value) =>
  make(
    "tr",
    {},
    make("th", { scope: "row" }, name),
    make("td"),
    make("td"),
    make("td", { class: "amount", "data-value": value }, say.signed(value)),
    make("td"),
  );

function buildRow({ text, letters, own, relative, sum }, most) {
  const amount = (value) => make("td", { class: "amount" }, say.signed(value));
  const name = letters ? say.spelled(text) : text;
  return make(
    "tr",
    { "data-ngram": text, "data-vote": sum },
    make("th", { scope: "row", dir: "auto", class: letters ? "letters" : null }, name),
    amount(own),
    amount(relative),
    amount(sum),
    make("td", { class: "drawn" }, bar(sum, most)),
  );
}
