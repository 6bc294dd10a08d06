/* What turns a text into the numbers that a network takes. */

import { NgramSplitter } from "./ngrams.js";
import { WordSplitter } from "./words.js";

/** `read` gives the numbers of a weight. */
export const splitterOf = (settings, read) =>
  settings.kind === "words" ? new WordSplitter(settings) : new NgramSplitter(settings, read(settings.known));
