/* What the card "During training" says. */

export const TITLE = "During training";
export const ABOUT = "the same picture with the weights of earlier moments";
export const NOW = "the model";
export const MOMENT = "Moment of the training";
export const SHARES = "Probabilities from 0 (below) to 100 %:";
export const NUMBERS = "The output, from its least (below) to its largest value:";
export const ROUNDED =
  "Weights of earlier moments are rounded to 16 bits. Every layer, map and answer follows the slider.";

export const noteOf = (name) => `Weights: ${name}`;

export const chartLabel = (names, words, moments) =>
  `Output for this picture over ${moments} moments of the training. At the end: ${names
    .map((name, at) => `${name} ${words[at]}`)
    .join(", ")}.`;
