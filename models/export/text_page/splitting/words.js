/* Texts to words, as Keras's TextVectorization does it: split at white space, or into characters, without punctuation,
   lower case. White space, punctuation and case are ASCII's alone. Or to words and punctuation, as the layer WordIndex does it,
   see models/word_index.py. */

import { tokensOf } from "./tokens.js";

const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const PIECE = /[^\t\n\v\f\r ]+/g;

const SPACE = "\u2423"; // how white space is shown that is a character by itself

/* What stands between spaces, or each character, with the token of each; null where only punctuation stood. */
export function piecesOf(text, byCharacter = false) {
  const pieces = byCharacter ? [...text] : (text.match(PIECE) ?? []);
  return pieces.map((piece) => {
    const token = piece.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(PUNCTUATION, "");
    return { text: piece.trim() || SPACE, token: token === "" ? null : token };
  });
}

export class WordSplitter {
  constructor({ vocabulary, split, longest, padding }) {
    this.split = split;
    this.longest = longest ?? Infinity;
    this.padding = padding;
    this.vocabulary = vocabulary;
    this.places = new Map(vocabulary.map((word, at) => [word, at + 2]));
  }

  pieces(text) {
    if (this.split === "punctuation") return tokensOf(text).map((token) => ({ text: token, token }));
    return piecesOf(text, this.split === "character");
  }

  /* 1 for a word that is not in the vocabulary. */
  idOf(token) {
    return this.places.get(token) ?? 1;
  }

  knows(token) {
    return this.places.has(token);
  }

  /* What the network gets for some tokens. */
  ids(tokens) {
    const used = tokens.slice(0, this.longest).map((token) => this.idOf(token));
    return [...used, ...new Array(this.padding).fill(0)];
  }
}
