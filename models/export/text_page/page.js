/* The page: a text comes in, the network runs, and all that is visible follows. */

import { whenColoursChange } from "../page/colours.js";
import { byId, make } from "../page/elements.js";
import { announce, say as tell } from "../page/messages.js";
import { percent } from "../page/numbers.js";
import { PredictionBars } from "../page/prediction_bars.js";
import { cannotOpen } from "../page/texts.js";
import { Effects } from "./effects.js";
import { build, reader, shares } from "./network/network.js";
import { Panel } from "./panel/panel.js";
import * as say from "./sentences.js";
import { splitterOf } from "./splitting/splitter.js";
import { Text } from "./text.js";
import { Trust } from "./trust.js";
import { Board } from "./view/board.js";
import { Chips } from "./view/chips.js";
import { focusOf } from "./view/focus.js";
import { Ghosts } from "./view/ghosts.js";
import { Steps } from "./view/steps.js";
import { VotesTable } from "./view/votes_table.js";

// The only global: for the browser's console and tests. No module reads it.
const Page = { runs: 0 };
globalThis.Page = Page;

const RIGHT = 1e-4; // a larger difference from Keras's probabilities is said

class App {
  constructor(data, network, splitter, trust) {
    Object.assign(this, { data, network, splitter, trust, names: data.class_names });
    this.text = new Text(splitter);
    this.subject = null;
    this.pinned = false;
    this.chosen = null; // the class that the user has chosen; else the likeliest
    this.buildParts();
    this.buildLayers();
    this.listen();
  }

  buildParts() {
    const look = (subject, byKey) => this.look(subject, byKey);
    const pin = (subject) => this.pin(subject);
    this.chips = new Chips({
      look: (at) => this.look({ kind: "word", at }, true),
      leave: () => this.subject?.kind === "word" && this.look(null),
      toggle: (at) => this.toggle(at),
    });
    this.board = new Board(this.network, { look, pin });
    const hasVotes = this.network.nodes.some(({ kind }) => kind === "scores");
    this.table = hasVotes ? new VotesTable(this.network, this.splitter) : null;
    this.steps = new Steps((count) => this.read(count));
    const outputs = this.network.single ? 1 : this.names.length;
    this.bars = new PredictionBars(byId("bars"), outputs, this.names, {
      look: (unit) => this.look({ kind: "class", unit }),
      pin: (unit) => this.choose(unit),
    });
    this.ghosts = new Ghosts(this.bars);
    this.panel = new Panel(byId("panel"), this.network, this.splitter, this.names, () => this.unpin());
    this.effects = new Effects(
      (tokens) => this.network.logits(this.classify(tokens)),
      () => this.paint(),
    );
  }

  buildLayers() {
    const button = (id, text, onclick) =>
      make("button", { type: "button", id, onclick, disabled: true }, text);
    this.undo = button("undo", say.UNDO, () => this.takeBack());
    this.back = button("back", say.PUT_BACK, () => this.change(() => this.text.putBack()));
    this.progress = make("p", { class: "soft small", id: "progress" });
    const tokens = make(
      "section",
      { class: "layer tokens", "aria-label": say.TOKENS },
      make("div", { class: "head" }, make("span", { class: "name" }, say.TOKENS)),
      make(
        "p",
        { class: "soft small" },
        `${say.tokensNote(Boolean(this.splitter.vocabulary))} ${say.HOW_TO_REMOVE}`,
      ),
      this.chips.element,
      make("div", { class: "tools" }, this.undo, this.back, this.progress),
    );
    const steps = this.board.elements.length ? this.steps.element : null;
    byId("layers").replaceChildren(
      ...[tokens, this.table?.element, steps, ...this.board.elements].filter(Boolean),
    );
  }

  listen() {
    const field = byId("text");
    field.addEventListener("input", () => this.type(field.value));
    byId("clear").addEventListener("click", () => {
      const cleared = { value: field.value, text: this.text.state };
      this.write("");
      this.cleared = cleared;
      this.undo.disabled = false;
      field.focus();
    });
    for (const button of document.querySelectorAll("[data-example]")) {
      button.addEventListener("click", () => this.write(this.data.texts[Number(button.dataset.example)]));
    }
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.pinned) this.unpin();
    });
    whenColoursChange(() => this.draw());
    addEventListener("resize", () => this.board.fit(this.text.columns.length));
  }

  /* ---- Changes ---- */

  write(text) {
    byId("text").value = text;
    this.type(text);
  }

  type(text) {
    this.cleared = null;
    this.change(() => this.text.set(text.toWellFormed?.() ?? text));
    this.announceLater();
  }

  /* Undo the last word that was removed or put back; or bring back the text that was cleared. */
  takeBack() {
    const { cleared } = this;
    if (!cleared) {
      this.change(() => this.text.undo());
      return;
    }
    this.write(cleared.value);
    this.change(() => this.text.restore(cleared.text));
  }

  toggle(at) {
    this.change(() => this.text.toggle(at));
    const piece = this.text.pieces[at];
    announce(
      `${piece.state === "removed" ? say.removed(piece.text) : say.backAgain(piece.text)} ${this.bars.answer().sentence}`,
    );
  }

  /* Change the text, run the network, and show all of it. */
  change(how) {
    how();
    const { tokens } = this.text;
    this.states = this.classify(tokens, true);
    this.logits = this.network.logits(this.states);
    this.shares = shares(this.logits);
    this.doubt = this.trust.reason(this.text.read, this.shares);
    this.effects.restart(tokens, this.logits);
    this.steps.reset(tokens.length);
    if (this.subject?.kind === "cell" || !this.text.pieces[this.subject?.at]?.token) this.reset();
    Page.runs += 1;
    this.draw();
  }

  /* Nothing of the last text is pointed at any more. */
  reset() {
    if (this.subject?.kind === "class") return;
    this.subject = null;
    this.pinned = false;
  }

  classify(tokens, keep = false) {
    return this.network.run(this.splitter.ids(tokens), keep);
  }

  announceLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      announce([this.bars.answer().sentence, byId("doubt").textContent].filter(Boolean).join(" "));
    }, 700);
  }

  /* ---- Showing ---- */

  get unit() {
    return this.chosen ?? this.bars.best().unit;
  }

  answer(unit) {
    return { name: this.names[unit], share: this.shares[unit] };
  }

  draw() {
    const { text, bars } = this;
    bars.draw(this.network.single ? [this.shares[1]] : this.shares);
    byId("best").textContent = bars.answer().short;
    byId("doubt").hidden = !this.doubt;
    byId("doubt").textContent = this.doubt ? say.noAnswer(this.data.model.trust.abstain, this.doubt) : "";
    tell(Number.isFinite(this.logits[0]) ? text.remark : say.TOO_SHORT, !Number.isFinite(this.logits[0]));
    byId("clear").disabled = !text.pieces.length;
    this.undo.disabled = !text.history.length && !this.cleared;
    this.back.disabled = !text.removed.size;
    this.chips.show(text.pieces);
    this.board.draw(this.states, text.words);
    this.table?.draw(this.states, text.tokens, this.unit, this.names[this.unit]);
    this.tellRead();
    this.paint();
    this.show();
  }

  /* What each word does, as far as it is known yet. */
  paint() {
    const { effects, unit, text } = this;
    const columns = new Map(text.columns.map((at, column) => [at, column]));
    const changeOf = (at) => (columns.has(at) ? effects.change(columns.get(at), unit) : null);
    this.chips.paint(changeOf, effects.most(unit), this.names[unit]);
    const [done, all] = [effects.done, effects.tokens.length];
    this.progress.textContent =
      done === all ? "" : effects.tired ? say.rest(all - done) : say.working(done, all);
  }

  show() {
    const { subject, text, effects } = this;
    const column = subject?.kind === "word" ? text.columns.indexOf(subject.at) : -1;
    this.panel.show(subject, this.pinned, {
      pieces: text.pieces,
      columns: text.columns,
      words: text.words,
      states: this.states,
      logits: this.logits,
      unit: this.unit,
      effects,
      answer: (unit) => this.answer(unit),
    });
    this.chips.point(subject?.kind === "word" ? subject.at : -1);
    this.board.point(focusOf(this.network, this.states, subject, text.columns), subject);
    if (column >= 0) this.board.reveal(column);
    this.bars.point(subject?.kind === "class" ? subject.unit : this.unit);
    const without = column < 0 ? null : effects.sharesWithout(column);
    this.ghosts.show(without);
    const { share } = this.answer(this.unit);
    byId("without").textContent = without
      ? `${this.names[this.unit]}. ${say.withoutIt(text.words[column], share, without[this.unit])}`
      : "";
  }

  read(count) {
    this.tellRead();
    this.look({ kind: "word", at: this.text.columns[count - 1] }, true);
    this.board.read(count);
  }

  /* How far the text has been read, and what the answer would be if it ended there. */
  tellRead() {
    const { at, many } = this.steps;
    const word = at && at < many ? this.text.words[at - 1] : null;
    if (word === null) this.steps.tell(null, null);
    else {
      const found = shares(this.network.logits(this.classify(this.text.tokens.slice(0, at))));
      this.steps.tell(word, { name: this.names[this.unit], share: found[this.unit] });
    }
    this.board.read(at);
  }

  /* ---- Pointing ---- */

  /* Follows the pointer, unless something is pinned; keys move what is pinned. */
  look(subject, byKey = false) {
    if (this.pinned && !byKey) return;
    if (byKey) this.pinned = false;
    this.subject = subject;
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.show();
    });
  }

  pin(subject) {
    const same =
      JSON.stringify([subject.t, subject.u]) === JSON.stringify([this.subject?.t, this.subject?.u]);
    this.pinned = !(this.pinned && same && subject.block === this.subject.block);
    this.subject = subject;
    this.show();
    if (this.pinned) this.panel.unfold(matchMedia("(max-width: 820px)").matches);
  }

  unpin() {
    this.pinned = false;
    this.panel.unfold(false);
    this.show();
  }

  /* The class for which words count; once more for the likeliest. */
  choose(unit) {
    this.chosen = this.chosen === unit ? null : unit;
    this.subject = { kind: "class", unit };
    this.pinned = true;
    this.draw();
    announce(`${this.names[unit]}, ${percent(this.shares[unit])}`);
  }
}

/* How far the page's probabilities are from Keras's, for the examples. */
function check(app) {
  const { texts, answers } = app.data;
  let most = 0;
  texts.forEach((text, at) => {
    app.text.set(text);
    const found = shares(app.network.logits(app.classify(app.text.tokens)));
    found.forEach((share, unit) => {
      most = Math.max(most, Math.abs(share - answers[at][unit]));
    });
  });
  byId("checked").textContent = texts.length ? say.checked(texts.length, most) : say.NOT_CHECKED;
  byId("checked").classList.toggle("bad", most > RIGHT);
  if (most > RIGHT) byId("checked").textContent = say.differs(most);
  return most;
}

async function start() {
  const data = JSON.parse(byId("model").textContent);
  const read = await reader(data.model);
  const trust = new Trust(data.model.trust, read, data.class_names);
  const app = new App(data, build(data.model, read), splitterOf(data.model.splitter, read), trust);
  Page.app = app;
  Page.difference = check(app);
  app.write(data.texts[0] ?? "");
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      Page.ready = true;
    }),
  );
}

start().catch((error) => {
  byId("layers").replaceChildren(make("p", { class: "message bad" }, cannotOpen(error)));
  throw error;
});
