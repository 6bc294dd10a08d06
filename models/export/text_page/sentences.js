/* Every sentence of the page that a script writes: for readers, and for screen readers. */

import { count, number, percent } from "../page/numbers.js";

const plural = (many, one, more = `${one}s`) => `${count(many)}\u00a0${many === 1 ? one : more}`;
export const quoted = (text) => `“${text.length > 40 ? `${text.slice(0, 39)}…` : text}”`;
export const signed = (value) => (value > 0 ? `+${number(rounded(value))}` : number(rounded(value)));
const rounded = (value) => Number(value.toPrecision(3));

/* What a token is: a word or, where texts are split into characters, a character. The page says it itself, before any
   sentence is made. */
const UNIT = globalThis.document?.body.dataset.unit ?? "word";

/* ---- The text ---- */

export const NO_TOKENS = `There is no ${UNIT}: this is the answer to an empty text.`;
const are = (many) => (many === 1 ? "is" : "are");
export const allUnknown = (many) =>
  many === 1
    ? `The network does not know this ${UNIT}: it answers as to any unknown ${UNIT}.`
    : `The network knows none of these ${count(many)} ${UNIT}s: it answers as to any unknown ones.`;
/* Of n-grams, of which parts of an unknown word may be known. */
export const noWordKnown = (many) =>
  many === 1 ? `This ${UNIT} is unknown.` : `All of these ${count(many)} ${UNIT}s are unknown.`;
export const someUnknown = (unknown, many) =>
  `${count(unknown)} of ${plural(many, UNIT)} ${are(unknown)} unknown.`;
export const TOO_SHORT = "The model has no answer to a text as short as this.";
export const cutOff = (longest, many) =>
  `The network reads the first ${count(longest)} of ${plural(many, UNIT)}; the others do not count.`;
export const differs = (most) =>
  `This page does not compute what Keras computes: probabilities differ by up to ${number(most)}. Do not trust it.`;
export const checked = (many, most) =>
  `Checked when it was opened: for ${plural(many, "example")} the page's probabilities are those of Keras, ` +
  `within ${most < 1e-9 ? "1e-9" : most.toExponential(0)}. Nothing leaves this page.`;
export const NOT_CHECKED = "Nothing leaves this page.";

/* ---- Tokens ---- */

export const TOKENS = "Tokens";
export const tokensNote = (isWords) =>
  isWords
    ? `Each ${UNIT} has a number, its token id. The bar below it is blue if the ${UNIT} speaks for the class that is ` +
      "framed in the prediction, orange if against it."
    : "Words and punctuation marks, as the network sees them. The bar below one is blue if it speaks for the " +
      "class that is framed in the prediction, orange if against it.";
export const HOW_TO_REMOVE = `Click a ${UNIT} to keep it removed.`;
export const UNDO = "Undo";
export const PUT_BACK = "Put all back";
export const UNKNOWN = "?";
export const UNUSED = "–";
export const working = (done, all) =>
  `Leaving out one ${UNIT} after the other: ${count(done)} of ${count(all)}`;
export const rest = (many) => `What ${plural(many, `other ${UNIT}`)} do is found when you point at them.`;
export const effectOf = (change, name) => `${signed(change)} log-odds for ${name}`;
export const chipLabel = ({ text, label, state }, effect) =>
  [
    text,
    state === "removed"
      ? "removed"
      : state === "unused"
        ? "not read"
        : state === "unknown"
          ? "unknown"
          : `token id ${label}`,
    effect,
  ]
    .filter(Boolean)
    .join(", ");
export const removed = (text) => `${quoted(text)} is removed.`;
export const backAgain = (text) => `${quoted(text)} is back.`;
export const withoutIt = (text, before, after) =>
  `Without ${quoted(text)}: ${percent(before)} → ${percent(after)}`;

export const noAnswer = (abstain, reason) => `With abstain=${abstain} there is no answer: ${reason}.`;

/* ---- Reading word by word ---- */

export const READ = `Read ${UNIT} by ${UNIT}`;
export const BACK = `One ${UNIT} back`;
export const FORTH = `One ${UNIT} on`;
export const PLAY = "Play";
export const PAUSE = "Pause";
export const SLIDER = `How many ${UNIT}s have been read`;
export const readSoFar = (at, many, text) =>
  many ? `${count(at)} of ${plural(many, UNIT)}${text === null ? "" : `: ${quoted(text)}`}` : `no ${UNIT}s`;
export const ifItEnded = ({ name, share }) => `If the text ended here: ${name}, ${percent(share)}`;

/* ---- Layers ---- */

export const LAYER_TITLES = {
  embedding: `a vector for each ${UNIT}`,
  pairs: `a vector for each pair of neighbouring ${UNIT}s`,
  conv: `filters over neighbouring ${UNIT}s`,
  mean: `mean over the ${UNIT}s`,
  mean_and_maximum: `mean and maximum over the ${UNIT}s`,
  global_mean: `mean over the ${UNIT}s`,
  global_maximum: `maximum over the ${UNIT}s`,
  concatenate: "side by side",
  dense: "fully connected",
  simple_rnn: `its state is fed back, ${UNIT} after ${UNIT}`,
  lstm: `gates decide what its cell keeps, ${UNIT} after ${UNIT}`,
  gru: `gates decide what its state keeps, ${UNIT} after ${UNIT}`,
};
export const DIRECTION = { forward: "reads forwards", backward: "reads backwards" };
export const PARTS = {
  lstm: {
    i: ["input gate", "how much of the new content is let in"],
    f: ["forget gate", "how much of the cell is kept"],
    g: ["new content", `what the ${UNIT} would write into the cell`],
    o: ["output gate", "how much of the cell is shown"],
    c: ["cell", "forget gate × last cell + input gate × new content"],
    h: ["state", "output gate × tanh of the cell: what the layer gives"],
  },
  gru: {
    z: ["update gate", "how much of the last state is kept"],
    r: ["reset gate", "how much of the last state the new content sees"],
    g: ["new content", `what the ${UNIT} would make of the state`],
    h: ["state", "update gate × last state + (1 − update gate) × new content"],
  },
  simple_rnn: { h: ["state", `what the layer gives, and what it is fed with the next ${UNIT}`] },
};
export const unitsOf = (many, kind) =>
  plural(many, kind === "embedding" ? "number" : kind === "conv" ? "filter" : "unit");
export const heatLabel = (name, units, words) =>
  `${name}: ${plural(units, "row")}, ${plural(words, UNIT)}; arrow keys move`;
export const cellName = (name, unit, word) => `${name} ${unit}${word === null ? "" : ` at ${quoted(word)}`}`;
export const nameAndValue = (name, value) => `${name}: ${number(value)}`;

/* ---- The panel ---- */

export const POINT = `Point at a ${UNIT}, a number or a class.`;
export const PIN = "click to pin";
export const UNPIN = "Unpin";
export const UNFOLD = "Show the whole computation";
export const WORD_ID = "token id";
export const unknownWord = `Unknown: all ${UNIT}s that are not in the vocabulary share token id 1, and one vector.`;
export const placeInVocabulary = (id, many) =>
  `The ${ordinal(id - 1)} of ${count(many)} ${UNIT}s in the vocabulary.`;
export const ngramWord = (known) =>
  known ? "The network has votes for it." : "The network has no vote for it alone.";
export const NOT_READ = "The network does not read it: the text is too long.";
export const IS_REMOVED = "It is removed; click it again to put it back.";
export const EFFECT = "Without it";
export const EMBEDDING = "Its vector";
export const sameAnswer = "Log-odds change by";
export const LOG_ODDS = "Log-odds are log(p / (1 − p)): +1 makes the odds 2.7 times as high.";
export const FROM_WORD = `the ${UNIT}'s vector × weights`;
export const fromLast = (word) =>
  word === null ? `no ${UNIT} before` : `last state (${quoted(word)}) × weights`;
export const RESET = "reset gate × (last state × weights)";
export const PADDING = "padding";
export const BIAS = "bias";
export const SUM = "sum";
export const through = (name) => `→ ${name.replace("_", " ")}`;
export const ALL_TERMS = "Largest products";
export const allTerms = (many) => `All ${count(many)} products`;
export const termOfWord = (at) => `vector ${at}`;
export const termOfState = (at) => `last state ${at}`;
export const isEmbedding = `A number of the ${UNIT}'s vector, which was learned with the network.`;
export const meanOf = (many) => `The mean over ${plural(many, UNIT)}.`;
export const maximumOf = (word) =>
  word === null ? `The maximum; there is no ${UNIT}.` : `The maximum: it comes from ${quoted(word)}.`;
export const VOTES = "Votes: value × weight";
export const votesFor = (name) => `Votes for ${name}`;
export const howVotesCount =
  "Each value raises or lowers the log-odds of this class: value × weight. They are added, with the bias.";
export const allVotes = (many) => `All ${count(many)} votes`;
export const WINDOW = `Each ${UNIT} in the window, times the filter's weights`;

/* ---- n-grams ---- */

export const NGRAMS = "n-grams";
export const ngramsNote = (known, all) =>
  `The network knows ${count(known)} of the ${plural(all, "different n-gram")} of this text. Each has votes, ` +
  "which are added; TF-IDF votes are divided by the length of the text. Grey ones are letters of a word; a dot " +
  "is where it begins or ends.";
export const NGRAM = "n-gram";
export const COUNTS_AS = "vote";
export const RELATIVE = "TF-IDF vote";
export const TOGETHER = "together";
export const allNgrams = (many) => `All ${count(many)} n-grams`;
export const FEWER = "Show fewer";
export const TOTAL = "log-odds of the class";
export const SCORE = "score of the class; the scores of all classes give the probabilities";
export const ngramVotes = (name) => `n-grams and their votes for ${name}`;
export const spelled = (text) => text.replaceAll(" ", "·");

function ordinal(n) {
  const ends = { 1: "st", 2: "nd", 3: "rd" };
  const teens = n % 100 > 10 && n % 100 < 14;
  return `${count(n)}${teens ? "th" : (ends[n % 10] ?? "th")}`;
}

export const times = (one, other) => `${number(one)} × ${number(other)}`;
