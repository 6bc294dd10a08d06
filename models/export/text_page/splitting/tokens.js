/* Texts to words and punctuation, as the layers WordIndex and NgramIndex do it: see models/word_index.py. */

const SPACES = /[\s\p{Z}\p{Cc}\p{Cf}\p{Co}\p{Cs}]+/gu;
const ALONE =
  /([^\p{L}\p{M}\p{N}_ ]|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*)/gu;

/* TensorFlow reads a text up to a character 0. Of letters that are new in Unicode, such as those of 2024, a
   browser may know more than TensorFlow. */
export const tokensOf = (text) =>
  text.split("\0", 1)[0].toLowerCase().replace(SPACES, " ").replace(ALONE, " $1 ").split(" ").filter(Boolean);
