/* The text with its tokens, which of them are removed, and how to undo that. */

import * as say from "./sentences.js";

export class Text {
  constructor(splitter) {
    this.splitter = splitter;
    this.pieces = [];
    this.history = []; // sets of removed pieces
    this.removed = new Set();
  }

  /* Take a text. Words stay removed that stand in an unchanged part of it. */
  set(text) {
    this.written = text;
    const before = this.pieces;
    const after = this.splitter.pieces(text);
    const alike = (one, other) => one?.text === other?.text && one !== undefined;
    let start = 0;
    while (alike(before[start], after[start])) start++;
    let end = 0;
    const shorter = Math.min(before.length, after.length) - start;
    while (end < shorter && alike(before.at(-1 - end), after.at(-1 - end))) end++;
    const moved = after.length - before.length;
    const kept = [...this.removed].filter((at) => at < start || at >= before.length - end);
    this.removed = new Set(kept.map((at) => (at < start ? at : at + moved)));
    this.history = [];
    this.pieces = after;
    this.update();
  }

  toggle(at) {
    this.history.push(new Set(this.removed));
    if (!this.removed.delete(at)) this.removed.add(at);
    this.update();
  }

  undo() {
    this.removed = this.history.pop() ?? new Set();
    this.update();
  }

  /* Which words are removed, and how to undo that: for `restore`, once the same text is there again. */
  get state() {
    return { removed: this.removed, history: this.history };
  }

  restore({ removed, history }) {
    Object.assign(this, { removed, history });
    this.update();
  }

  putBack() {
    this.history.push(new Set(this.removed));
    this.removed = new Set();
    this.update();
  }

  /* What becomes of each piece, and which are read: `columns` are their places in the text. */
  update() {
    this.columns = [];
    this.unknown = 0;
    this.many = 0;
    this.pieces.forEach((piece, at) => {
      if (piece.token === null) return;
      const unused = !this.removed.has(at) && this.columns.length >= this.longest;
      const known = this.splitter.knows(piece.token);
      piece.state = this.removed.has(at) ? "removed" : unused ? "unused" : known ? "known" : "unknown";
      piece.label =
        piece.state === "unused" ? say.UNUSED : known ? String(this.splitter.idOf(piece.token)) : say.UNKNOWN;
      if (piece.state !== "removed") this.many++;
      if (piece.state === "removed" || unused) return;
      this.columns.push(at);
      if (!known) this.unknown++;
    });
  }

  /* Words that the network reads at most; n-grams are counted otherwise. */
  get longest() {
    return this.splitter.vocabulary ? this.splitter.longest : Infinity;
  }

  get tokens() {
    return this.columns.map((at) => this.pieces[at].token);
  }

  /* The text without the words that are removed. */
  get read() {
    if (!this.removed.size) return this.written ?? "";
    const left = this.pieces.filter((_, at) => !this.removed.has(at)).map(({ text }) => text);
    return left.join(this.splitter.split === "character" ? "" : " ");
  }

  get words() {
    return this.columns.map((at) => this.pieces[at].text);
  }

  /* What should be said of it. */
  get remark() {
    const read = this.columns.length;
    if (!read) return say.NO_TOKENS;
    if (read < this.many) return say.cutOff(read, this.many);
    if (this.unknown === read) return this.splitter.vocabulary ? say.allUnknown(read) : say.noWordKnown(read);
    return this.unknown ? say.someUnknown(this.unknown, read) : "";
  }
}
