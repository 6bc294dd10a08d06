/* What each word does for the answer: the text is classified again without it, one word after the other, in
   short slices of time, so that the page never blocks. */

import { logOdds, shares } from "./network/network.js";

const SLICE = 12; // milliseconds
const PAUSE = 120; // milliseconds, at least, between two times that what is known is shown
const ALL_OF_THEM = 10_000; // milliseconds, after which words of a very long text wait until they are pointed at

export class Effects {
  /* `classify(tokens)` gives logits; `changed()` is called when more are known. */
  constructor(classify, changed) {
    this.classify = classify;
    this.changed = changed;
    this.restart([]);
  }

  restart(tokens, whole = null) {
    clearTimeout(this.timer);
    this.tokens = tokens;
    this.whole = whole;
    this.found = new Array(tokens.length).fill(null);
    this.done = 0;
    this.next = 0;
    this.spent = 0;
    this.shown = 0;
    if (tokens.length) this.timer = setTimeout(() => this.work());
  }

  get complete() {
    return this.done === this.tokens.length || this.tired;
  }

  /* Whether it has stopped before the end. */
  get tired() {
    return this.spent > ALL_OF_THEM;
  }

  work() {
    const begun = performance.now();
    const end = begun + SLICE;
    while (this.next < this.tokens.length && performance.now() < end) {
      this.without(this.next);
      this.next++;
    }
    this.spent += performance.now() - begun;
    if (!this.complete) this.timer = setTimeout(() => this.work());
    if (this.complete || performance.now() - this.shown > PAUSE) {
      this.changed();
      this.shown = performance.now();
    }
  }

  /* The logits without one word. */
  without(at) {
    if (!this.found[at]) {
      this.found[at] = this.classify([...this.tokens.slice(0, at), ...this.tokens.slice(at + 1)]);
      this.done++;
    }
    return this.found[at];
  }

  /* The log-odds of a class with a word less those without it; null if not yet known. */
  change(at, unit) {
    return this.found[at] ? logOdds(this.whole, unit) - logOdds(this.found[at], unit) : null;
  }

  sharesWithout(at) {
    return shares(this.without(at));
  }

  /* The largest change, for the colours; small ones stay pale. */
  most(unit) {
    let most = 0.25;
    for (let at = 0; at < this.found.length; at++) {
      const change = this.change(at, unit);
      if (change !== null) most = Math.max(most, Math.abs(change));
    }
    return most;
  }
}
