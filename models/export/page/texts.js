/* Every text of the page that a script writes: for readers, and for screen readers. */

import { count, number, percent, short } from "./numbers.js";

const plural = (many, one, more = `${one}s`) => `${count(many)}\u00a0${many === 1 ? one : more}`;
const by = (values) => values.join(" × ");
const words = (name) => name.replace("_", " ");

/* ---- Input: drawing and picture files ---- */

export const PENS = {
  white: "#ffffff",
  black: "#000000",
  red: "#d62828",
  yellow: "#f4c20d",
  green: "#2a9d4b",
  blue: "#1d6fd1",
};
export const penLabel = (name) => `Draw in ${name}`;

export const EMPTY = "empty";
export const YOUR_DRAWING = "your drawing";
export const A_PICTURE = "a picture";
export const padLabel = (content) => `Drawing area: ${content}`;

export const READING = "Reading the picture…";
export const NOT_A_FILE = "That is not a file; save the picture first, and drop the file.";

/* A file's name in quotation marks. */
export const fileName = (file) => (file.name ? `“${file.name.slice(0, 60)}”` : "The picture");

export const BOTH_CHANNELS = "Its grey values went into both channels.";
export const firstOfSeveral = (files) =>
  `${count(files.length)} files came; this is the first, ${fileName(files[0])}.`;

export const fileTooLarge = (file) =>
  `${fileName(file)} has ${count(Math.round(file.size / 1e6))} MB; the page reads up to 100.`;

export const notAPicture = (file) =>
  `${fileName(file)} is not a picture that this page can read; choose a PNG, JPEG or WebP file.`;

export const damaged = (file) => `${fileName(file)} is damaged; choose another picture.`;

export const tooManyPixels = (file, width, height) =>
  `${fileName(file)} has ${count(width)} × ${count(height)} pixels, more than the 50 million that the page reads; ` +
  "make it smaller first.";

export const cannotBeShown = (file) =>
  `${fileName(file)} is damaged, or of a kind that this browser cannot show; choose another picture.`;

export const noPenStroke = (file) =>
  `${fileName(file)} shows no pen stroke; choose a picture of one dark digit on light paper.`;

/* ---- Prediction ---- */

export const progress = (layer, all) => `layer ${count(layer)} of ${count(all)}…`;

export const className = (names, unit) => names[unit] ?? `class ${unit}`;
export const NOTHING_DRAWN = "Nothing is drawn yet: the input is all zeros.";
export const best = ({ name, share }) => `${name} · ${percent(share)}`;
export const prediction = ({ name, share }) => `Prediction: ${name}, ${percent(share)}.`;
export const NUMBER = "number";
export const predictedNumbers = (named) =>
  named.length === 1
    ? `Predicted number: ${number(named[0][1])}.`
    : `Predicted numbers: ${named.map(([name, value]) => `${name} ${number(value)}`).join(", ")}.`;
export const numberLabel = (name, value) => `${name} ${number(value)}: show the votes`;
export const OUTPUT_PICTURE = "The output is a picture.";
export const outputRange = ([low, high]) => `Black is ${number(low)}, white is ${number(high)}.`;
export const CLASS_MAP = "Each pixel has the colour of its likeliest class, beside the share of the pixels.";
export const mostPixels = (name, share) => `Most pixels: ${name}, ${percent(share)}.`;

/* ---- Inputs beside the picture ---- */

export const OTHER_INPUTS = "Other inputs keep the values of the example that was chosen last.";
export const otherInput = (node) => `${node.name}: ${plural(node.values.length, "value")} of the example.`;
export const otherNumber = (node, at) => (node.values.length > 1 ? `${node.name}, number ${at}` : node.name);
export const barLabel = (name, share) => `${name} ${percent(share)}: show the votes`;

/* ---- The model ---- */

export const cannotOpen = (error) => `The model cannot be opened in this browser (${error.message}).`;
export const BROWSER_TOO_OLD = "This browser is too old to unpack the network: use one of 2023 or later.";
export const wrongSize = (expected, got) => `The model takes ${expected} pixel values, not ${got}.`;
export const notDense = (node) => `${node.name} is not a dense layer, so it has no votes.`;

export const notComputed = (boxes) =>
  `This page cannot compute ${boxes.map(({ name, type }) => `${name} (${type})`).join(", ")} for a new picture, ` +
  "nor what comes after it; it has recorded values for the examples.";
export const NOT_KNOWN = "Not known for this picture: it depends on a layer that this page does not compute.";
export const NO_SHARE = "\u2013";

/* ---- Layers ---- */

export const NETWORK_INPUT = "Network input";
export const SHAPE_TITLE = "rows × columns × channels, or values";
export const VALUES = "values";
export const SCALE_TITLE = "The full colours stand for minus and plus this value";
export const scale = (most) => `±${number(Number(most.toPrecision(3)))}`;
export const OWN_SCALES = "by map";
export const mapScale = (c, most) => `${c}: ±${short(most)}`;

export const inputSize = (node, isDigit) =>
  isDigit
    ? "28 × 28 pixels, centred and scaled like MNIST"
    : `${node.w} × ${node.h} pixels${["", "", ", 2 channels", " in colour", " in colour, with alpha"][node.c]}`;

export const shapeOf = (node) => node.shape.map(count).join(" × ");
export const parameters = (many) => plural(many, "parameter");
export const stageName = (path, size) => [...path, size].join(" › ");
export const stageContent = (nodes) =>
  `${plural(nodes.length, "layer")}, ${nodes[0].name} to ${nodes.at(-1).name}`;

export const mapsLabel = (node, total) =>
  `${plural(total, "feature map")} of ${node.name}; arrow keys move over pixels`;
export const valuesLabel = (node) => `${plural(node.shape[0], "value")} of ${node.name}`;
export const showAllMaps = (total) => `Show all ${plural(total, "feature map")}`;
export const mapLabel = (node, c, total) => `${node.name}, map ${c} of ${total}`;
export const TILE_ROLE = "feature map";
export const filterTitle = (c) => `Weights of filter ${c}`;
export const filterLabel = (node, c) => `Weights of filter ${c} of ${node.name}`;

/* What a layer computes, in a few words. */
export function layer(node) {
  const describe = LAYERS[node.kind];
  return describe ? describe(node, node.config).filter(Boolean).join(", ") : "";
}

const LAYERS = {
  conv: (node, config) => [
    `${by(config.kernel_size)} convolution`,
    ...steps(config),
    config.groups > 1 ? `${config.groups} groups` : "",
    activationOf(config),
  ],
  depthwise: (node, config) => [
    `${by(config.kernel_size)} depthwise convolution`,
    ...steps(config),
    activationOf(config),
  ],
  transposed: (node, config) => [
    `${by(config.kernel_size)} transposed convolution`,
    ...steps(config),
    activationOf(config),
  ],
  dense: (node, config) => ["fully connected", activationOf(config)],
  pool: (node, config) => [`${by(config.kernel_size)} ${poolingName(config)} pooling`, ...steps(config)],
  global: (node, config) => [
    config.over
      ? `the ${REDUCED[config.mode]} of each ${overWhat(config)}`
      : `global ${poolingName(config)} pooling`,
  ],
  scores: (node, { heads, causal }) => [
    "query times key, through a softmax over each row",
    plural(heads, "head"),
    causal ? "later ones are left out" : "",
  ],
  mixed: () => ["means of the values, weighted by attention"],
  matmul: () => ["a matrix times a matrix"],
  constant: () => ["the same numbers for each picture"],
  rescale: (node, { scale, offset }) => [
    `times ${oneOrSeveral(scale)}`,
    offset.some(Boolean) ? `plus ${oneOrSeveral(offset)}` : "",
  ],
  normalize: () => ["each channel scaled and shifted"],
  standardize: (node, { over, groups, center }) => [
    `${center ? "minus the mean, over the deviation" : "over the root mean square"} of ${
      over === "channels"
        ? "each pixel's channels"
        : groups > 1
          ? `each of ${groups} groups of maps`
          : "all maps"
    }`,
  ],
  resize: (node) => [`resized to ${by(node.shape.slice(0, 2))} pixels`],
  gather: () => ["the same values in other places"],
  recorded: (node, { reason }) => [`${reason} that this page does not compute: recorded for the examples`],
  pad: () => ["adds or crops a border"],
  copy: (node) => [
    node.type.includes("Flatten")
      ? "all feature maps as one vector"
      : node.type.includes("Dropout")
        ? "drops values in training only"
        : "passes values on unchanged",
  ],
  activation: (node, config) => [activationOf(config)],
};

const REDUCED = { max: "maximum", min: "minimum", average: "mean", sum: "sum" };
const overWhat = ({ over }) =>
  `${over}` === "2" ? "pixel's channels" : over.includes(2) ? "picture's values" : "map's values";
const poolingName = ({ mode }) => (mode === "max" ? "max" : "average");
const oneOrSeveral = (values) => (values.length === 1 ? number(values[0]) : "a number for each channel");
const activationOf = ({ activation = "linear" }) => (activation === "linear" ? "" : words(activation));

function steps({ strides, dilation_rate: dilation }) {
  const stride = strides && Math.max(...strides) > 1;
  return [
    stride ? `stride ${strides[0] === strides[1] ? strides[0] : by(strides)}` : "",
    dilation && Math.max(...dilation) > 1 ? `dilation ${by(dilation)}` : "",
  ];
}

/* ---- Places: pixels of feature maps, and neurons ---- */

export const pixelName = (node, { y, x, c }) =>
  `${node.name}${node.c > 1 ? `, map ${c}` : ""}, row ${y}, column ${x}`;
export const shortPixelName = (node, { y, x, c }) =>
  `${node.name}${node.c > 1 ? `, map ${c}` : ""}, (${y}, ${x})`;
export const neuronName = (node, c, name) => {
  const what = node.kind === "dense" ? "neuron" : "value";
  return `${node.name}, ${what} ${c} of ${count(node.c)}${name === undefined ? "" : `: ${name}`}`;
};
export const shortNeuronName = (node, c) => `${node.name} ${c}`;
export const placeAndValue = (name, value) => `${name}: ${number(value)}`;

/* ---- The panel: how a value was computed ---- */

export const PIN = "click to pin";
export const UNPIN = "Unpin";
export const CLOSE = "Close";
export const UNFOLD = "Show the whole computation";
export const SHOW_FEWER = "Show fewer";
export const COUNTED_FROM_0 = "Feature maps, rows, columns and neurons are counted from 0, as in NumPy.";
const INPUT_PIXEL = "A pixel of the input: what you drew or chose, as the network gets it.";
const OTHER_VALUE = "A value of another input: of the example that was chosen last, or what you typed.";
const CONSTANT = "A number of the model, which is the same for each picture.";
export const withoutInputs = (node) =>
  node.kind === "constant" ? CONSTANT : node.config.other ? OTHER_VALUE : INPUT_PIXEL;

export const RECEPTIVE_FIELD = "Receptive field. ";
export const RECEPTIVE_FIELD_LABEL = "The part of the input that it depends on";
export const WHOLE_INPUT = "It depends on the whole input.";
export const partOfInput = ({ y0, y1, x0, x1 }) =>
  `It depends on ${y1 - y0} × ${x1 - x0} pixels of the input: rows ${y0} to ${y1 - 1}, ` +
  `columns ${x0} to ${x1 - 1}.`;

export const PATCH = "patch";
export const KERNEL = "kernel";
export const PRODUCT = "product";
export const IN_PADDING = "padding: counts as 0";
export const channelName = (node, c) => (node.c > 1 ? `map ${c} of ${node.name}` : node.name);
export const channelTitle = (name) => `From ${name}`;
export const largestChannelTitle = (name) => `Largest contribution: ${name}`;
export const allChannels = (many) => `All ${many} channels`;

export const MAXIMUM_OF_WINDOW = "Maximum of the window";
export const MEAN_OF_WINDOW = "Mean of the window";
export const MAXIMUM_FRAMED = "the maximum is framed";
export const values = (many) => plural(many, "value");

export const VOTES = "Votes: value × weight";
export const votesFor = (sum) => `for +${number(sum)}`;
export const votesAgainst = (sum) => `against \u2212${number(sum)}`;
export const votesLabel = (plus, minus) => `Votes for: ${number(plus)}. Votes against: ${number(minus)}.`;
export const allVotes = (many) => `All ${count(many)} votes`;
export const votesForClass = (name) => `Votes for ${name}`;
export const VOTES_FOR_NUMBER = "Votes for the number";
export const howVotesMakeNumber = (node) =>
  `Each value of the layer ${node.name} raises or lowers the number: value × weight. The number is the sum of the ` +
  "votes and the bias, put through the activation function if there is one.";
export const howVotesCount = (node, single) =>
  `Each value of the layer ${node.name} votes for or against this class: value × weight. ` +
  "The sum of the votes and the bias is the logit; " +
  (single ? "a sigmoid turns it into a probability." : "the logits of all classes give the probabilities.");

export const sumOfChannels = (many) => (many > 1 ? `sum of the ${many} channels` : "sum of the products");
export const sumOfVotes = (many) => `sum of the ${count(many)} votes`;
export const BIAS = "+ bias";
export const SUM = "= sum";
export const RESULT = "= result";
export const EQUALS = "=";
export const VALUE = "value";
export const through = (activation) => `→ ${words(activation)}`;
export const product = (...factors) => factors.join(" × ");
export const more = (many) => `and ${count(many)} more`;

export const filterName = (node, c) => `Filter ${c} of ${node.name}`;
export const kernels = (many, [height, width], source, bias) =>
  `${plural(many, "kernel")} of ${height} × ${width} weights, one for each channel of ${source.name} that ` +
  `it uses${bias === null ? "." : `, and a bias of ${number(bias)}.`}`;
export const kernelName = (source, c) => (source.c > 1 ? `map ${c}` : source.name);
export const showAllKernels = (many) => `Show all ${many} kernels`;
export const legendLabel = (most) => `Colours from ${number(-most)} to ${number(most)}`;

/* How one value was computed, in one sentence, from what `arithmetic` of the engine found. */
export function computation(node, facts) {
  const describe = COMPUTATIONS[node.kind];
  if (describe) return describe(node, facts);
  if (!facts.terms.length) return `In the padding: ${number(facts.result)}.`;
  return `The value ${number(facts.terms[0].value)}, passed on.`;
}

const padding = ({ outside }) => (outside ? `, ${plural(outside, "position")} in the padding` : "");

function weightedSum(node, facts) {
  const { terms, bias, sum, activation, result } = facts;
  const then = activation === "linear" ? "" : `; ${words(activation)} makes that ${number(result)}`;
  return (
    `${plural(terms.length, "value")}, each times its weight${padding(facts)}, ` +
    `plus the bias ${number(bias)}: ${number(sum)}${then}.`
  );
}

function pooled(node, facts) {
  const name = REDUCED[node.config.mode];
  return `The ${name} of ${plural(facts.terms.length, "value")}${padding(facts)}: ${number(facts.result)}.`;
}

const scaled = (node, { terms: [{ value, weight }], bias, sum }) =>
  `${number(value)} times ${number(weight)} plus ${number(bias)}: ${number(sum)}.`;

const activated = (node, { terms, activation, result }) =>
  `${words(activation)} of ${number(terms[0].value)}: ${number(result)}.`;

const COMPUTATIONS = {
  input: (node, { result }) => `A value of the image: ${number(result)}.`,
  constant: (node, { result }) => `A number that is the same for each picture: ${number(result)}.`,
  conv: weightedSum,
  transposed: weightedSum,
  depthwise: weightedSum,
  dense: weightedSum,
  pool: pooled,
  global: pooled,
  rescale: scaled,
  normalize: scaled,
  standardize: (node, { terms: [{ value, weight }], bias, sum }) =>
    `${number(value)} times ${number(weight)} plus ${number(bias)}, which follow from the mean and the ` +
    `deviation of this picture: ${number(sum)}.`,
  scores: (node, { terms, sum, result }) =>
    `${plural(terms.length, "value")} of the query, each times the key's and a scale: ${number(sum)}. ` +
    `A softmax over the row makes that ${number(result)}.`,
  mixed: (node, { terms, result }) =>
    `The mean of ${plural(terms.length, "value")}, each weighted by the attention that it gets: ${number(result)}.`,
  matmul: (node, { terms, result }) =>
    `${plural(terms.length, "value")} of the first, each times one of the second, added up: ${number(result)}.`,
  recorded: (node, { result }) => `Recorded for this example, not computed here: ${number(result)}.`,
  resize: (node, { terms, result }) =>
    `${plural(terms.length, "nearby pixel")}, each times its share: ${number(result)}.`,
  activation: activated,
  prelu: activated,
  merge: (node, { kind, terms, result }) => {
    const sign = { add: " + ", subtract: " \u2212 ", multiply: " × ", divide: " ÷ " }[kind];
    const merged = terms.map((term) => number(kind === "add" ? term.product : term.value));
    if (sign) return `${merged.join(sign)} = ${number(result)}.`;
    const name = { average: "mean", max: "maximum", min: "minimum" }[kind];
    return `The ${name} of ${merged.join(", ")}: ${number(result)}.`;
  },
};
