/* When a classifier should not answer, as `predict` with abstain= says it: see models/text_classification/abstention.py. */

import { fingerprint } from "./splitting/fingerprint.js";
import { tokensOf } from "./splitting/tokens.js";

const LETTERS = 2n ** 61n;
const MARKS = /[^\p{L}\p{N}]+/gu; // punctuation, symbols, emoji
const LEAST_COUNT = 0.5;

const numbersOf = (text, most) =>
  tokensOf(text.replace(MARKS, " ")).map((token) => Number((fingerprint(token) % LETTERS) % BigInt(most)));

/* The place of a number among ascending ones, or -1. */
function find(known, wanted) {
  let [low, high] = [0, known.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return known[low] === wanted ? low : -1;
}

const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / Math.max(1, numbers.length);

/* Numbers of words with what is known of each. */
class Words {
  constructor({ vocabulary, values }, read) {
    this.vocabulary = Float64Array.from(read(vocabulary), Number);
    this.values = Float64Array.from(read(values), Number);
  }

  valuesOf(numbers, unseen) {
    return numbers.map((number) => {
      const place = find(this.vocabulary, number);
      return place < 0 ? unseen : this.values[place];
    });
  }
}

/* How rare the words of a text are, and how many are new. */
class Familiarity {
  constructor(settings, read) {
    Object.assign(this, settings, { words: new Words(settings, read) });
  }

  isUnlike(numbers) {
    if (this.limit === null || !numbers.length) return this.limit !== null;
    const [rarity, between, within, share, ofShare] = this.usual;
    const rare = this.words
      .valuesOf(numbers, 0)
      .map((count) => Math.log((this.texts + 1) / (count + LEAST_COUNT)));
    const different = [...new Set(numbers)];
    const fresh = mean(this.words.valuesOf(different, 0).map((count) => (count > 0 ? 0 : 1)));
    const rarer = (mean(rare) - rarity) / Math.sqrt(between + within / numbers.length);
    const more = (fresh - share) / Math.sqrt(ofShare + (share * (1 - share)) / different.length);
    return Math.fround(Math.max(rarer, more)) > this.limit;
  }
}

/* How typical the words of a short text are of sentences that tell the class. */
class ShortTexts {
  constructor(settings, read) {
    Object.assign(this, settings, { words: new Words(settings, read) });
  }

  isUnlike(numbers) {
    if (this.limit === null || !numbers.length) return this.limit !== null;
    const typical = mean(this.words.valuesOf(numbers, this.unseen));
    if (typical < 0) return false; // more typical than not
    const [middle, between, within] = this.usual;
    return Math.fround((typical - middle) / Math.sqrt(between + within / numbers.length)) > this.limit;
  }
}

export class Trust {
  /* `settings` as `TextTrust.rules` has them; null if the classifier has nothing to abstain by. */
  constructor(settings, read, names) {
    Object.assign(this, { settings, names });
    this.familiarity = settings && new Familiarity(settings.familiarity, read);
    this.short = settings?.short && new ShortTexts(settings.short, read);
  }

  /* Why there should be no answer, or "". */
  reason(text, shares) {
    const { settings, short, familiarity } = this;
    if (!settings) return "";
    const numbers = numbersOf(text, settings.most);
    const judge = short && numbers.length <= short.longest ? short : familiarity;
    return judge.isUnlike(numbers) ? settings.unlike : this.possible(shares);
  }

  /* The classes that are possible, if these are not one. */
  possible(shares) {
    const { thresholds, several, named } = this.settings;
    const inside = shares.filter((share, unit) => {
      return Math.fround(1 - Math.fround(share)) <= Math.fround(thresholds[unit]);
    }).length;
    if (inside === 1) return "";
    const order = [...shares.keys()].sort((one, other) => shares[other] - shares[one]);
    const chosen = order.slice(0, Math.max(2, inside)).map((unit) => this.names[unit]);
    const more = chosen.length > named ? ` or ${chosen.length - named} more` : "";
    return `${several}: ${chosen.slice(0, named).join(" or ")}${more}`;
  }
}
