/* Texts of the card "Why this answer?", and of changes to the model. */

import { count, number, percent } from "../numbers.js";

const list = (names) => names.join(", ");

export const TITLE = "Why this answer?";
export const ABOUT = "heat maps, and what would change it";
export const HEAT_MAP = "Heat map";
export const CLASS = "for the class";
export const FOR = "for";
export const LAYER = "of the layer";
export const PREDICTED = "predicted";
export const THE_NUMBER = "the number";
export const STOP = "Stop";
export const WORKING = "Computing…";
export const STOPPED = "Stopped.";
export const predictedClass = (name, random) => `${random ? "trained network" : PREDICTED}: ${name}`;

export const METHOD_NAMES = {
  none: "None",
  occlusion: "Occlusion",
  grad_cam: "Grad-CAM",
  layer_cam: "LayerCAM",
  integrated_gradients: "Integrated gradients",
  gradient_input: "Gradient × input",
};

const raised = (isNumber, name) => (isNumber ? name : `the logit of ${name}`);

/* What a map shows, and what its colours mean. */
export const explained = {
  none: () => "The picture as the network gets it. Choose a heat map to see what the answer depends on.",
  occlusion: ({ window, many }, name, isNumber) =>
    `Each square of ${window} × ${window} pixels was hidden in turn under the picture's mean colour, ` +
    `${count(many)} times. Blue: hiding this lowers ${isNumber ? name : `the probability of ${name}`}, ` +
    `so it speaks for ${isNumber ? "more" : name}. Orange: hiding this raises it.`,
  grad_cam: ({ layerName }, name, isNumber) =>
    `The feature maps of ${layerName}, each weighted by the mean gradient of ${raised(isNumber, name)}, added up. ` +
    "Blue: this region raises it. What lowers it counts as 0 and is not coloured.",
  layer_cam: ({ layerName }, name, isNumber) =>
    `The feature maps of ${layerName}, each pixel weighted by its own gradient of ${raised(isNumber, name)} where that ` +
    "is positive, added up. Blue: this region raises it.",
  integrated_gradients: ({ steps, total, rise }, name, isNumber) =>
    `How much each pixel adds to ${raised(isNumber, name)} on the way from a black picture to this one, in ${steps} ` +
    `steps. Blue pixels raise it, orange pixels lower it. Together they give ${number(total)}; from black to this ` +
    `picture it changes by ${number(rise)}.`,
  gradient_input: (map, name, isNumber) =>
    `Each pixel times the gradient of ${raised(isNumber, name)} with respect to it. Blue: more of this pixel's light ` +
    "raises it; orange: it lowers it.",
};

export const NO_REASON = "The map is 0 everywhere: nothing in the picture raises it.";
export const mapRange = (low, high) => `from ${number(low)} to ${number(high)}`;
export const mapLabel = (method, name, { y, x }) =>
  `${METHOD_NAMES[method]} for ${name} over the picture, strongest at row ${y}, column ${x}`;
export const PICTURE_LABEL = "The picture as the network gets it";

export const noGradient = (nodes) =>
  `This page has no gradient for ${list(nodes.map(({ name, type }) => `${name} (${type})`))}; ` +
  "occlusion needs none.";
export const noOcclusion = (nodes) =>
  `This page does not compute ${list(nodes.map(({ name, type }) => `${name} (${type})`))}, so it has no heat maps.`;
export const NO_LAYER = "No layer of this network has feature maps of more than one pixel.";

/* ---- Random weights ---- */

export const RANDOM = "Random weights in the last";
export const randomCount = (many, all) => `${many} of ${all} layers`;
export const RANDOM_HELP =
  "A map that explains what the network has learned must change when its weights become random, from the last " +
  "layer on. One that stays the same shows the picture, not the network.";
export const similarity = (value) =>
  `Rank correlation with the map of the trained network: ${value.toFixed(2).replace("-", "\u2212")} ` +
  "(1: the same order of pixels, 0: no relation).";

/* ---- What would change its mind ---- */

export const MIND = "What would change its mind?";
export const changedBy = ({ side, top, left, share }, name) =>
  `Erasing ${side} × ${side} pixels here (rows ${top} to ${top + side - 1}, columns ${left} to ${left + side - 1}) ` +
  `makes it ${name}, ${percent(share)}. No smaller square that was tried changes the answer.`;
export const notChanged = (largest) =>
  `No square of up to ${largest} × ${largest} pixels changes the answer.`;

/* ---- Changes of the model ---- */

export const TOUCH = "Touch it: change a weight, or switch it off";
export const EDIT_WHILE_RANDOM = "Take the random weights back first.";
export const WEIGHT = "Weight";
export const AXES = { row: "row", column: "column", from: "from map", input: "from value" };
export const weightNow = (value) => `now ${number(value)}`;
export const NEW_VALUE = "new value";
export const SET = "Set";
export const switchOff = (isMap, c) => `Switch ${isMap ? "map" : "neuron"} ${c} off`;
export const switchOn = (isMap, c) => `Switch ${isMap ? "map" : "neuron"} ${c} on`;
export const isOff = (isMap) => `This ${isMap ? "map is" : "neuron is"} switched off: 0 is passed on.`;
export const UNDO = "Undo";
export const RESET = "Reset";
export const UNDO_LABEL = "Undo the last change of the model";
export const RESET_LABEL = "Take back all changes of the model";
export const modelChanged = (edits, random, folded) =>
  `The model is changed: ${[
    folded ? "batch normalization is folded into the layers before it, which changes no answer" : "",
    edits ? `${edits} ${edits === 1 ? "edit" : "edits"}` : "",
    random.length ? `random weights in ${list(random)}` : "",
  ]
    .filter(Boolean)
    .join("; ")}.`;
