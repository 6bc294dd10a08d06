/* Texts to n-grams of words and letters, as the layer NgramIndex does it: see models/ngram_index.py. */

import { fingerprint } from "./fingerprint.js";
import { tokensOf } from "./tokens.js";

const LETTERS = 2n ** 61n; // fingerprints from here on are of letters
const MOST_KEPT = 200_000; // numbers of n-grams

/* Sequences of 2 to `most` neighbouring letters of a token, at whose ends a space counts as one. */
function lettersOf(token, most) {
  const spelled = [" ", ...token, " "];
  const found = [];
  for (let size = 2; size <= most; size++) {
    for (let at = 0; at + size <= spelled.length; at++) found.push(spelled.slice(at, at + size).join(""));
  }
  return found;
}

export class NgramSplitter {
  /* `known` are the fingerprints of the n-grams that it knows, ascending. */
  constructor({ ngrams, letters, longest, padding }, known) {
    Object.assign(this, { ngrams, letters, known });
    this.longest = longest ?? Infinity;
    this.padding = padding;
    this.kept = new Map(); // n-grams with their numbers
    this.parts = new Map(); // tokens with the numbers of their letters
  }

  pieces(text) {
    return tokensOf(text).map((token) => ({ text: token, token }));
  }

  /* The number of an n-gram, from 1 on; 0 for one that it does not know. */
  numberOf(text, ofLetters = false) {
    const key = ofLetters ? `\n${text}` : text;
    const kept = this.kept.get(key);
    if (kept !== undefined) return kept;
    if (this.kept.size > MOST_KEPT) this.kept.clear();
    const number = this.find((fingerprint(text) % LETTERS) + (ofLetters ? LETTERS : 0n));
    this.kept.set(key, number);
    return number;
  }

  find(wanted) {
    let [low, high] = [0, this.known.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.known[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return this.known[low] === wanted ? low + 1 : 0;
  }

  idOf(token) {
    return this.numberOf(token);
  }

  knows(token) {
    return this.numberOf(token) > 0;
  }

  /* All n-grams of some tokens: {text, letters: whether it is one of letters, number}. */
  all(tokens) {
    const found = [];
    for (let size = 1; size <= this.ngrams; size++) {
      for (let at = 0; at + size <= tokens.length; at++) {
        found.push({ text: tokens.slice(at, at + size).join(" "), letters: false });
      }
    }
    for (const token of tokens) {
      for (const text of lettersOf(token, this.letters)) found.push({ text, letters: true });
    }
    for (const each of found) each.number = this.numberOf(each.text, each.letters);
    return found;
  }

  ids(tokens) {
    const numbers = [];
    for (let size = 1; size <= this.ngrams; size++) {
      for (let at = 0; at + size <= tokens.length; at++) {
        const number = this.numberOf(size === 1 ? tokens[at] : tokens.slice(at, at + size).join(" "));
        if (number) numbers.push(number);
      }
    }
    if (this.letters)
      for (const token of tokens) for (const number of this.inside(token)) numbers.push(number);
    const used = numbers.slice(0, this.longest);
    for (let at = 0; at < this.padding; at++) used.push(0);
    return used;
  }

  /* The numbers of the known n-grams of letters of one token. */
  inside(token) {
    if (this.parts.size > MOST_KEPT) this.parts.clear();
    if (!this.parts.has(token)) {
      const found = lettersOf(token, this.letters).map((text) => this.numberOf(text, true));
      this.parts.set(token, found.filter(Boolean));
    }
    return this.parts.get(token);
  }
}
