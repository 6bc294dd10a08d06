/* The panel: where a number comes from, a filter's weights, or the votes for an answer. */

import { arithmetic, votes as votesOf } from "./engine/arithmetic.js";
import { scores } from "./engine/probabilities.js";
import { receptiveField } from "./engine/receptive_fields.js";
import { View } from "./view.js";
import * as Writing from "./writing.js";

export class Panel {
  static NUMBERS = 5; // kernels of up to 5 x 5 are written out
  static FEW = 10; // rows of a list that are shown at once

  constructor(element, model, view, classNames, { release, show }) {
    this.element = element;
    this.model = model;
    this.view = view;
    this.classNames = classNames;
    this.handlers = { release, show };
    this.open = new Set(); // lists that the user has opened
  }

  /* What to show: {kind: "place", place}, {kind: "filter", node, c} or {kind: "answer", unit}. */
  set(subject, held) {
    if (!this.subject || subject.kind !== this.subject.kind) this.element.scrollTop = 0;
    this.subject = subject;
    this.held = held;
    this.draw();
  }

  draw() {
    if (!this.subject) return;
    const { kind } = this.subject;
    const focused = this.element.contains(document.activeElement) ? document.activeElement.id : "";
    const content =
      kind === "filter"
        ? this.filter(this.subject)
        : kind === "answer"
          ? this.answer(this.subject)
          : this.place(this.subject.place);
    this.element.replaceChildren(...content.filter(Boolean));
    this.element.classList.toggle("held", Boolean(this.held));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  head(title, value, kind) {
    const { make } = Writing;
    const close =
      this.held || kind
        ? make(
            "button",
            { type: "button", class: "release", id: "release", onclick: this.handlers.release },
            kind ? "Close" : "Let go",
          )
        : make("span", { class: "soft hint" }, "click to hold");
    return make(
      "header",
      { class: "panel-head" },
      make("div", {}, make("h2", {}, title), value),
      close,
      make("button", {
        type: "button",
        class: "unfold",
        id: "unfold",
        "aria-expanded": String(this.element.classList.contains("unfolded")),
        "aria-label": "Show the whole computation",
        onclick: () => this.unfold(),
      }),
    );
  }

  /* On a phone the panel is a sheet at the bottom of the window. */
  unfold(on = !this.element.classList.contains("unfolded")) {
    this.element.classList.toggle("unfolded", on);
    this.element.querySelector("#unfold")?.setAttribute("aria-expanded", String(on));
  }

  /* ---- A number ---- */

  place(place) {
    const { make, number } = Writing;
    const node = this.view.nodes.get(place.id);
    const value = this.view.value(place);
    const head = this.head(this.view.name(place), make("p", { class: "result" }, number(value)));
    if (!node.inputs.length)
      return [
        head,
        make("p", {}, "A pixel of the input: what you drew or chose, as the network gets it."),
        this.counting(),
      ];
    const facts = arithmetic(this.model, node, place.y, place.x, place.c);
    return [
      head,
      make("p", { class: "sentence" }, facts.text || ""),
      this.sees(place, node),
      this.computation(facts, node, place),
      this.counting(),
    ];
  }

  counting() {
    return Writing.make(
      "p",
      { class: "soft small" },
      "Maps, rows, columns and neurons count from 0, as in NumPy.",
    );
  }

  /* The part of the input that a pixel depends on, enlarged. */
  sees(place, node) {
    const { make } = Writing;
    const origin = View.isMap(node) ? place : this.view.origin(place);
    const from = this.view.nodes.get(origin.id);
    const input = this.model.nodes[0];
    if (!View.isMap(from)) return null;
    const field = receptiveField(this.model, from, origin.y, origin.x, origin.c).get(input.id);
    if (!field) return null;
    const [tall, wide] = [field.y1 - field.y0, field.x1 - field.x0];
    if (tall <= 0 || wide <= 0) return null;
    const canvas = make("canvas", {
      role: "img",
      "aria-label": "The part of the input that it depends on",
      class: "crop",
    });
    canvas.width = wide;
    canvas.height = tall;
    const source = this.view.cards.get(input.id).tiles[0].canvas;
    this.view.cards.get(input.id).draw();
    canvas.getContext("2d").drawImage(source, field.x0, field.y0, wide, tall, 0, 0, wide, tall);
    canvas.style.aspectRatio = `${wide} / ${tall}`;
    const whole = tall === input.shape[0] && wide === input.shape[1];
    return make(
      "div",
      { class: "sees" },
      canvas,
      make(
        "p",
        {},
        make("strong", {}, "Receptive field. "),
        whole
          ? "It depends on the whole input."
          : `It depends on ${tall} × ${wide} pixels of the input: rows ${field.y0} to ${field.y1 - 1}, ` +
              `columns ${field.x0} to ${field.x1 - 1}.`,
      ),
    );
  }

  computation(facts, node, place) {
    if (node.kind === "dense") return this.dense(facts, node, place.c);
    if (node.kind === "pool") return this.window(facts, node, place);
    if (View.hasFilters(node)) return this.convolution(facts, node, place);
    return this.plain(facts);
  }

  /* ---- Convolution: patch × kernel for each channel ---- */

  convolution(facts, node, place) {
    const { make } = Writing;
    const source = this.view.nodes.get(node.inputs[0]);
    const channels = this.byChannel(facts.terms, node, place);
    const scales = Panel.scales(facts.terms);
    const first = channels[0];
    const several = channels.length > 1;
    const from = (c) => (source.shape[2] > 1 ? `map ${c} of ${source.name}` : source.name);
    const block = make(
      "div",
      { class: "arithmetic" },
      make("h3", {}, several ? `From ${from(first.c)}, which adds most` : `From ${from(first.c)}`),
      this.trio(first, scales),
      facts.outside
        ? make(
            "p",
            { class: "soft small" },
            make("i", { class: "key outside" }),
            "outside of the map: counts as 0",
          )
        : null,
    );
    if (several) {
      block.append(
        this.list(
          "channels",
          channels,
          `All ${channels.length} channels`,
          (channel) => [
            make("span", { class: "who" }, from(channel.c)),
            Panel.bar(channel.sum, Math.abs(first.sum)),
            make("span", { class: "amount" }, Panel.signed(channel.sum)),
          ],
          (channel) => this.trio(channel, scales),
        ),
      );
    }
    block.append(this.sum(facts, several ? `${channels.length} channels` : "products"));
    return block;
  }

  /* For each channel the cells of the window, {value, weight, product, outside}: those outside of
     the map too, where there is nothing to multiply. The channel that adds most comes first. */
  byChannel(terms, node, place) {
    const channels = Panel.kernels(node, place.c).kernels.map(({ channel, rows }) => ({
      c: channel,
      sum: 0,
      cells: rows.map((row) => row.map((weight) => ({ value: 0, weight, product: 0, outside: true }))),
    }));
    const find = new Map(channels.map((channel) => [channel.c, channel]));
    for (const { y, x, c, value, weight, product } of terms) {
      const channel = find.get(c);
      const [row, column] = Panel.inWindow(node, place, y, x);
      channel.cells[row][column] = { value, weight, product };
      channel.sum += product;
    }
    return channels.sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum));
  }

  /* Where in the window of a place a pixel of the layer before lies. */
  static inWindow({ config: { strides, before, dilation_rate: dilation } }, place, y, x) {
    return [
      (y - place.y * strides[0] + before[0]) / dilation[0],
      (x - place.x * strides[1] + before[1]) / dilation[1],
    ];
  }

  static scales(terms) {
    const most = (key) => terms.reduce((so, term) => Math.max(so, Math.abs(term[key] || 0)), 0);
    return { value: most("value"), weight: most("weight"), product: most("product") };
  }

  trio(channel, scales) {
    const { make } = Writing;
    const grid = (key, title) =>
      Panel.grid(
        channel.cells.map((row) =>
          row.map((cell) => ({ value: cell[key], outside: key !== "weight" && cell.outside })),
        ),
        scales[key],
        title,
      );
    return make(
      "div",
      { class: `trio wide-${Math.min(8, channel.cells[0].length)}` },
      grid("value", "patch"),
      make("span", { class: "sign" }, "×"),
      grid("weight", "kernel"),
      make("span", { class: "sign" }, "="),
      grid("product", "product"),
    );
  }

  /* Rows of cells {value, outside}, or numbers, as a table with colours. */
  static grid(rows, most, title, mark = null) {
    const { make, number, short, colour, ink } = Writing;
    const written = Math.max(rows.length, rows[0].length) <= Panel.NUMBERS;
    return make(
      "figure",
      { class: "grid" },
      make(
        "table",
        { class: written ? "cells" : "cells bare", "aria-label": title },
        make(
          "tbody",
          {},
          rows.map((row, y) =>
            make(
              "tr",
              {},
              row.map((cell, x) => {
                if (cell === null) return make("td");
                const { value, outside } = typeof cell === "number" ? { value: cell } : cell;
                const element = make(
                  "td",
                  {
                    title: outside ? "outside of the map" : number(value),
                    "data-value": value,
                    class:
                      [outside ? "outside" : "", mark && mark(y, x) ? "winner" : ""].join(" ").trim() || null,
                  },
                  written ? short(value) : "",
                );
                if (!outside) {
                  element.style.backgroundColor = colour(value, most);
                  element.style.color = ink(value, most);
                }
                return element;
              }),
            ),
          ),
        ),
      ),
      title ? make("figcaption", {}, title) : null,
    );
  }

  sum(facts, what) {
    const { make, number } = Writing;
    const products = facts.terms.reduce((sum, term) => sum + term.product, 0);
    const bias = facts.bias || 0;
    const before = facts.sum ?? products + bias;
    const row = (name, value, kind) =>
      make(
        "tr",
        { class: kind },
        make("th", { scope: "row" }, name),
        make("td", { "data-value": value }, number(value)),
      );
    const name =
      typeof facts.activation === "string" ? facts.activation : facts.activation && facts.activation.name;
    const squashed = name && name !== "linear";
    return make(
      "table",
      { class: "sum" },
      make(
        "tbody",
        {},
        row(`sum of the ${what}`, products),
        facts.bias === null || facts.bias === undefined ? null : row("+ bias", bias),
        squashed ? row("= sum", before, "line") : null,
        row(squashed ? `\u2192 ${name}` : "= result", facts.result, "line result-row"),
      ),
    );
  }

  /* ---- Pooling ---- */

  window(facts, node, place) {
    const { make, number } = Writing;
    const [tall, wide] = node.config.kernel_size;
    const cells = Array.from({ length: tall }, () =>
      Array.from({ length: wide }, () => ({ value: 0, outside: true })),
    );
    let winner = [-1, -1],
      largest = -Infinity;
    for (const { y, x, value } of facts.terms) {
      const [row, column] = Panel.inWindow(node, place, y, x);
      cells[row][column] = { value };
      if (value > largest) {
        largest = value;
        winner = [row, column];
      }
    }
    const isMax = node.config.mode === "max";
    const mark = (row, column) => isMax && row === winner[0] && column === winner[1];
    const most = Panel.scales(facts.terms).value;
    return make(
      "div",
      { class: "arithmetic" },
      make("h3", {}, isMax ? "The largest of the window" : "The mean of the window"),
      make(
        "div",
        { class: "trio" },
        Panel.grid(cells, most, isMax ? "the winner is framed" : `${facts.terms.length} values`, mark),
        make("span", { class: "sign" }, "→"),
        make("p", { class: "result" }, number(facts.result)),
      ),
    );
  }

  /* ---- Dense layers: votes ---- */

  dense(facts, node, unit) {
    const { make } = Writing;
    const votes = votesOf(this.model, node, unit);
    return make(
      "div",
      { class: "arithmetic" },
      ...this.votes(node, votes),
      this.sum({ ...facts, terms: votes }, `${Writing.count(votes.length)} votes`),
    );
  }

  votes(node, votes) {
    const { make, short } = Writing;
    const most = votes.length ? Math.abs(votes[0].product) : 0;
    const source = this.view.nodes.get(node.inputs[0]);
    const [plus, minus] = [1, -1].map((sign) =>
      votes.reduce((sum, vote) => sum + Math.max(0, sign * vote.product), 0),
    );
    const who = (vote) => this.view.shortName(this.view.origin({ id: source.id, y: 0, x: 0, c: vote.index }));
    return [
      make("h3", {}, `Who voted, and how strongly: value × weight`),
      make(
        "div",
        {
          class: "balance",
          role: "img",
          "aria-label": `Votes for: ${Writing.number(plus)}. Votes against: ${Writing.number(minus)}.`,
        },
        make("span", {}, `against \u2212${Writing.number(minus)}`),
        this.scales(plus, minus),
        make("span", {}, `for +${Writing.number(plus)}`),
      ),
      this.list("votes", votes, `All ${Writing.count(votes.length)} votes`, (vote) => [
        make(
          "span",
          { class: "who" },
          who(vote),
          make(
            "small",
            { "data-index": vote.index, "data-value": vote.value, "data-weight": vote.weight },
            `${short(vote.value)} × ${short(vote.weight)}`,
          ),
        ),
        Panel.bar(vote.product, most),
        make("span", { class: "amount", "data-value": vote.product }, Panel.signed(vote.product)),
      ]),
    ];
  }

  scales(plus, minus) {
    const { make } = Writing;
    const [against, agree] = [make("i", { class: "minus" }), make("i", { class: "plus" })];
    against.style.flexGrow = minus;
    agree.style.flexGrow = plus;
    return make("b", { class: "scales" }, against, agree);
  }

  static signed(value) {
    const text = Writing.number(Number(value.toPrecision(3)));
    return value > 0 ? `+${text}` : text;
  }

  static bar(value, most) {
    const fill = Writing.make("i", { class: value < 0 ? "minus" : "plus" });
    fill.style.width = `${most > 0 ? Math.min(50, (50 * Math.abs(value)) / most) : 0}%`;
    return Writing.make("span", { class: "bar two-sided", "aria-hidden": "true" }, fill);
  }

  /* A list of which a few rows are shown; `inside(row)` is what a row opens to. */
  list(key, rows, all, cells, inside = null) {
    const { make } = Writing;
    const holder = make("div", { class: `list ${key}` });
    const add = (from, to) =>
      holder.append(
        ...rows.slice(from, to).map((row) => {
          if (!inside) return make("div", { class: "row" }, cells(row));
          const fold = make("details", { class: "row-fold" }, make("summary", { class: "row" }, cells(row)));
          fold.addEventListener("toggle", () => {
            if (fold.open && fold.children.length === 1) fold.append(inside(row));
          });
          return fold;
        }),
      );
    const few = inside ? 4 : Panel.FEW;
    add(0, this.open.has(key) ? Math.min(rows.length, 1000) : few);
    if (rows.length > few) {
      const more = make(
        "button",
        {
          type: "button",
          class: "more",
          id: `more-${key}`,
          onclick: () => {
            if (this.open.delete(key)) {
              while (holder.children.length > few + 1) holder.children[few].remove();
              more.textContent = all;
            } else {
              this.open.add(key);
              more.remove();
              add(few, Math.min(rows.length, 1000));
              holder.append(more);
              more.textContent = "Show fewer";
            }
          },
        },
        this.open.has(key) ? "Show fewer" : all,
      );
      holder.append(more);
    }
    return holder;
  }

  /* ---- Everything else: what goes in, what comes out ---- */

  plain(facts) {
    const { make, number } = Writing;
    const terms = facts.terms || [];
    if (!terms.length) return null;
    const weighted = terms.some(
      (term) => term.weight !== undefined && term.weight !== null && term.weight !== 1,
    );
    const rows = terms
      .slice(0, 6)
      .map((term) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, weighted ? `${number(term.value)} × ${number(term.weight)}` : "value"),
          make("td", {}, number(weighted ? term.product : term.value)),
        ),
      );
    const name =
      typeof facts.activation === "string" && facts.activation !== "linear" ? facts.activation : null;
    return make(
      "div",
      { class: "arithmetic" },
      make(
        "table",
        { class: "sum" },
        make(
          "tbody",
          {},
          rows,
          terms.length > 6
            ? make(
                "tr",
                {},
                make("th", { scope: "row" }, `and ${Writing.count(terms.length - 6)} more`),
                make("td", {}, ""),
              )
            : null,
          facts.bias
            ? make("tr", {}, make("th", { scope: "row" }, "+ bias"), make("td", {}, number(facts.bias)))
            : null,
          make(
            "tr",
            { class: "line result-row" },
            make("th", { scope: "row" }, name ? `\u2192 ${name}` : "="),
            make("td", { "data-value": facts.result }, number(facts.result)),
          ),
        ),
      ),
    );
  }

  /* ---- A filter's weights ---- */

  filter({ node, c }) {
    const { make, plural } = Writing;
    const { kernels, most, bias } = Panel.kernels(node, c);
    const source = this.view.nodes.get(node.inputs[0]);
    const name = (channel) => (source.shape[2] > 1 ? `map ${channel}` : source.name);
    const few = 16;
    const holder = make("div", { class: "kernels" });
    const add = (from, to) =>
      holder.append(
        ...kernels.slice(from, to).map(({ channel, rows }) => Panel.grid(rows, most, name(channel))),
      );
    add(0, this.open.has("kernels") ? kernels.length : few);
    const more =
      kernels.length > few && !this.open.has("kernels")
        ? make(
            "button",
            {
              type: "button",
              class: "more",
              id: "more-kernels",
              onclick: () => {
                this.open.add("kernels");
                add(few, kernels.length);
                more.remove();
              },
            },
            `Show all ${kernels.length} kernels`,
          )
        : null;
    const [tall, wide] = [kernels[0].rows.length, kernels[0].rows[0].length];
    return [
      this.head(
        `Filter ${c} of ${node.name}`,
        make(
          "p",
          { class: "sentence" },
          `${plural(kernels.length, "kernel")} of ${tall} × ${wide} weights, one for each map ` +
          `of ${source.name} that it looks at` +
            (bias === null ? "." : `, and a bias of ${Writing.number(bias)}.`),
        ),
        "filter",
      ),
      Panel.legend(most),
      holder,
      more,
    ];
  }

  static legend(most) {
    const { make, number } = Writing;
    return make(
      "div",
      { class: "legend wide", role: "img", "aria-label": `Colours from ${number(-most)} to ${number(most)}` },
      make("span", {}, number(-most)),
      make("i"),
      make("span", {}, number(most)),
    );
  }

  /* The kernels of one filter: [{channel, rows}], whatever the layer's type. */
  static kernels(node, c) {
    const { kernel, bias } = node.weights;
    const [tall, wide] = node.config.kernel_size;
    let channels = [Math.floor(c / (node.config.depth_multiplier || 1))];
    let pick = (y, x) => kernel[(y * wide + x) * node.c + c];
    if (node.kind === "conv") {
      const inputs = node.weightShapes.kernel[2];
      const first = Math.floor(c / (node.c / node.config.groups)) * inputs;
      channels = Array.from({ length: inputs }, (_, at) => first + at);
      pick = (y, x, at) => kernel[((y * wide + x) * inputs + at) * node.c + c];
    }
    const kernels = channels.map((channel, at) => ({
      channel,
      rows: Array.from({ length: tall }, (_, y) => Array.from({ length: wide }, (_, x) => pick(y, x, at))),
    }));
    const most = kernels.reduce((so, { rows }) => Math.max(so, ...rows.flat().map(Math.abs)), 0);
    return { kernels, most, bias: bias ? bias[c] : null };
  }

  /* ---- An answer ---- */

  answer({ unit }) {
    const { make, percent } = Writing;
    const { node } = this.voting();
    const shares = scores(this.model).values;
    // One neuron for two classes: its votes are for the second, and against the first
    const single = shares.length === 1;
    if (single) unit = this.classNames.length === 2 ? 1 : 0;
    const name = this.classNames[unit] ?? `class ${unit}`;
    const share = single ? shares[0] : shares[unit];
    const head = this.head(`Votes for ${name}`, make("p", { class: "result" }, percent(share)));
    if (!node) return [head];
    const neuron = single ? 0 : unit;
    const facts = arithmetic(this.model, node, 0, 0, neuron);
    const votes = votesOf(this.model, node, neuron);
    const voters = this.view.origin({ id: node.inputs[0], y: 0, x: 0, c: 0 }).id;
    return [
      head,
      make(
        "p",
        { class: "sentence" },
        `Each value of ${this.view.nodes.get(voters).name} votes: itself × its weight. ` +
          "The sum of the votes is the score; " +
          (single ? "a sigmoid makes it a percentage." : "the scores of all classes make the percentages."),
      ),
      make(
        "div",
        { class: "arithmetic" },
        ...this.votes(node, votes),
        this.sum({ ...facts, terms: votes }, `${Writing.count(votes.length)} votes`),
      ),
      this.counting(),
    ];
  }

  /* The dense layer in which the answer is voted on, if there is one. */
  voting() {
    let node = this.model.nodes.at(-1);
    while (["copy", "activation"].includes(node.kind)) node = this.view.nodes.get(node.inputs[0]);
    return { node: node.kind === "dense" ? node : null };
  }
}
