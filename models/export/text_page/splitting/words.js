/* Texts to words, as Keras's TextVectorization does it: split at white space, without punctuation, lower case.
   All three are ASCII's alone. */

const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const PIECE = /[^\t\n\v\f\r ]+/g;

/* What stands between spaces, with the token of each; null where only punctuation stood. */
export function piecesOf(text) {
  return (text.match(PIECE) ?? []).map((piece) => {
    const token = piece.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(PUNCTUATION, "");
    return { text: piece, token: token === "" ? null : token };
  });
}

export class WordSplitter {
  constructor({ vocabulary, longest, padding }) {
    this.longest = longest ?? Infinity;
    this.padding = padding;
    this.vocabulary = vocabulary;
    this.places = new Map(vocabulary.map((word, at) => [word, at + 2]));
  }

  pieces(text) {
    return piecesOf(text);
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
