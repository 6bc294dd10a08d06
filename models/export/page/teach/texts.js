/* Texts of the card "Train your own classes". */

import { count, number, percent } from "../numbers.js";
import { fileName } from "../texts.js";

const pictures = (many) => `${count(many)} picture${many === 1 ? "" : "s"}`;
const quoted = (name) => `“${name}”`;

export const TITLE = "Train your own classes";
export const ABOUT = "with your drawings or photos, in this page";
export const intro = (features) =>
  "Name two to ten classes, and give each 5 to 50 pictures. Only a new last layer is trained. The network before it " +
  `stays as it is (frozen), and turns each picture into the ${count(features)} numbers that the new layer gets. ` +
  "Nothing leaves this page, and nothing is kept when you close it.";
export const ROUNDED =
  "The weights in this page are rounded, which makes it smaller; a file from here holds the rounded ones.";

/* ---- Classes and their pictures ---- */

export const LIST = "Your classes, with their pictures";
export const newName = (at) => `Class ${at + 1}`;
export const nameLabel = (at) => `Name of class ${at + 1}`;
export const ADD_CLASS = "Add a class";
export const removeClass = (name) => `Remove the class ${name || "without a name"}`;
export const REMOVE = "Remove";
export const ADD_DRAWING = "Add drawing";
export const addDrawing = (name) => `Add what is drawn or chosen to ${name}`;
export const ADD_TO = "Add to";
export const groupButton = (name, many) => `${name} · ${count(many)}`;
export const PHOTOS = "Photos…";
export const addPhotos = (name) => `Choose photos for ${name}`;
export const removePicture = (at, name) => `Remove picture ${at + 1} of ${name}`;
export const pictureLabel = (at, name, heldOut) =>
  `Picture ${at + 1} of ${name}${heldOut ? ", held out for validation" : ""}`;
export const HELD_OUT =
  "Dashed: held out, every fifth picture of a class. These are not trained on, and show how well the layer does on new ones.";
export const counted = (many, heldOut) => `${pictures(many)}${heldOut ? `, ${count(heldOut)} held out` : ""}`;

export const NOTHING_TO_ADD = "Nothing is drawn or chosen: draw in the square first, or choose a picture.";
export const added = (many, name, sum) => `${pictures(many)} added to ${quoted(name)}: ${count(sum)} in all.`;
export const removed = (name, sum) => `A picture was removed from ${quoted(name)}: ${count(sum)} left.`;
export const reading = (at, many) => `Reading file ${count(at)} of ${count(many)}…`;
export const NOT_FILES = "That is not a file; save the picture first, and drop the file.";
const A_DRAWING = "The drawing";
export const named = (file) => (file ? fileName(file) : A_DRAWING);
export const known = (file, name) => `${named(file)} is in ${quoted(name)} already.`;
export const full = (most, name) =>
  `${quoted(name)} has ${count(most)} pictures, the most that a class can have.`;
const FEW_REASONS = 3;
export const setAside = (reasons) =>
  [
    `${count(reasons.length)} set aside: ${reasons.slice(0, FEW_REASONS).join(" ")}`,
    reasons.length > FEW_REASONS ? `And ${count(reasons.length - FEW_REASONS)} more.` : "",
  ]
    .filter(Boolean)
    .join(" ");

export const NO_NAME = "A class has no name: give it one, or remove the class.";
export const sameName = (name) => `Two classes are called ${quoted(name)}: give one another name.`;
export const noPicture = (name) => `${quoted(name)} has no picture yet: add some, or remove the class.`;

/* ---- Training ---- */

export const TRAIN = "Train";
export const STOP = "Stop";
export const looking = (at, many) => `The network looks at picture ${count(at)} of ${count(many)}…`;
const shareOf = (right, many) => `${count(right)} of ${count(many)}`;
export const step = (at, { steps, loss, right, trained, heldRight, held }) =>
  `Step ${count(at)} of ${count(steps)}: loss ${number(loss)}, training pictures ${shareOf(right, trained)}` +
  (held ? `, held-out pictures ${shareOf(heldRight, held)}.` : ".");
export const UNTRAINABLE =
  "The network gives numbers for these pictures that are not finite, or too large or too small to train on.";
export const failed = ({ message }) => `This went wrong, and nothing has changed: ${message}`;
export const STOPPED = "Stopped before the first step: nothing has changed.";
const whole = (share) => `${Math.round(100 * share)}\u00a0%`; // a few pictures do not tell more
const stoppedAt = ({ done, steps }) =>
  done < steps ? `Stopped after ${count(done)} of ${count(steps)} steps. ` : "";

export const result = (found) =>
  stoppedAt(found) +
  (found.held
    ? `Held-out pictures: ${shareOf(found.heldRight, found.held)} classified correctly. The accuracy on new pictures ` +
      `like these may be anywhere from ${whole(found.low)} to ${whole(found.high)} (95\u00a0% confidence interval). ` +
      `Always answering with the most frequent class gets ${shareOf(found.guessed, found.held)}. ` +
      `Training pictures: ${shareOf(found.right, found.trained)}.`
    : `Training pictures: ${shareOf(found.right, found.trained)} classified correctly. No picture was held out, so how ` +
      "well it does on new ones is not known: give each class 5 pictures or more.");
export const how = ({ rate, penalty, steps }, { kernel, bias, divisor }) =>
  `Trained were the ${count(kernel.length + bias.length)} weights of the new last layer, from small random ones: Adam with ` +
  `learning rate ${number(rate)}, ${count(steps)} steps on all training pictures at once, L2 regularization ` +
  `${number(penalty)}. In training its inputs were divided by ${number(divisor)}, so that this learning rate suits any network.`;
export const STALE =
  "Your classes have changed since training. Train again: until then, answers and file are the old ones.";
export const CURVES = "Accuracy at each step, from 0 % (bottom) to 100 % (top):";
export const CURVE_NAMES = ["training pictures", "held-out pictures"];
export const curvesLabel = ({ done, right, trained, heldRight, held }) =>
  `Accuracy over ${count(done)} steps. At the end: training pictures ${percent(right / trained)}` +
  (held ? `, held-out pictures ${percent(heldRight / held)}.` : ".");

/* ---- What follows ---- */

export const ANSWERS = "Which classes are shown";
export const ORIGINAL = "Original classes";
export const OWN = "Your classes";
export const ONLY_ORIGINAL = "Layers, votes and heat maps are of the original classes.";
export const CHANGED =
  "The network is changed in this page, and this answer with it. Training and the file take it as it was trained.";
export const DOWNLOAD = "Download .keras";
export const WRITING = "Writing the file…";
export const written = (file) =>
  `Saved as ${file} among your downloads. It opens with keras.saving.load_model; the names of your classes are inside.`;
