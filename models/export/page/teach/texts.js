/* Texts of the card "Train your own classes". */

import { count, number, percent } from "../numbers.js";
import { fileName } from "../texts.js";

const pictures = (many) => `${count(many)} picture${many === 1 ? "" : "s"}`;
const quoted = (name) => `“${name}”`;

export const TITLE = "Train your own classes";
export const ABOUT = "with your drawings or photos, in this page";
export const intro = (features) =>
  "Name two to ten classes, and give each 5 to 50 pictures. The network stays as it was trained (frozen): it turns " +
  `each picture into ${count(features)} numbers. A new last layer learns to tell your classes apart by these. ` +
  "Nothing leaves this page.";
export const ROUNDED =
  "The weights in this page are rounded, which makes it smaller; a file from here holds the rounded ones.";

/* ---- Classes and their pictures ---- */

export const LIST = "Your classes, with their pictures";
export const newName = (at) => `Class ${at + 1}`;
export const nameLabel = (at) => `Name of class ${at + 1}`;
export const ADD_CLASS = "Add a class";
export const removeClass = (name) => `Remove the class ${name || "without a name"}`;
export const REMOVE = "Remove";
export const ADD_DRAWING = "Add this drawing";
export const addDrawing = (name) => `Add what is drawn or chosen to ${name}`;
export const ADD_TO = "Add to";
export const groupButton = (name, many) => `${name} · ${count(many)}`;
export const PHOTOS = "Photos…";
export const addPhotos = (name) => `Choose photos for ${name}`;
export const removePicture = (at, name) => `Remove picture ${at + 1} of ${name}`;
export const pictureLabel = (at, name, heldOut) =>
  `Picture ${at + 1} of ${name}${heldOut ? ", held out for validation" : ""}`;
export const counted = (many, heldOut) =>
  `${pictures(many)}${heldOut ? `, ${count(heldOut)} of them held out` : ""}`;

export const NOTHING_TO_ADD = "Nothing is drawn or chosen: draw in the square first, or choose a picture.";
export const added = (many, name, sum) =>
  `${pictures(many)} added to ${quoted(name)}, which has ${count(sum)}.`;
export const removed = (name, sum) =>
  `A picture was removed from ${quoted(name)}, which has ${count(sum)} now.`;
export const reading = (at, many) => `Reading file ${count(at)} of ${count(many)}…`;
export const NOT_FILES = "That is not a file; save the picture first, and drop the file.";
export const A_DRAWING = "The drawing";
export const named = (file) => (file ? fileName(file) : A_DRAWING);
export const known = (file, name) => `${named(file)} is there already, in ${quoted(name)}.`;
export const full = (most, name) => `${quoted(name)} has ${count(most)} pictures, which is the most.`;
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
export const STOPPED = "Stopped before the first step: nothing has changed.";
const stoppedAt = ({ done, steps }) =>
  done < steps ? `Stopped after ${count(done)} of ${count(steps)} steps. ` : "";

export const result = (found) =>
  stoppedAt(found) +
  (found.held
    ? `Held-out pictures, every fifth of each class: ${shareOf(found.heldRight, found.held)} classified correctly ` +
      `(95\u00a0% interval for new pictures like these: ${percent(found.low)} to ${percent(found.high)}). Always naming ` +
      `the most frequent class gives ${count(found.guessed)}. Training pictures: ${shareOf(found.right, found.trained)}.`
    : `Training pictures: ${shareOf(found.right, found.trained)} classified correctly. No picture was held out, so how ` +
      "well it does on new ones is not known: give each class 5 pictures or more.");
export const how = ({ rate, penalty, steps }, divisor) =>
  `Adam, learning rate ${number(rate)}, ${count(steps)} steps on all training pictures at once, from small random weights; ` +
  `L2 regularization ${number(penalty)}. The numbers were divided by ${number(divisor)} meanwhile.`;
export const STALE = "Your classes have changed since: train again.";
export const CURVES = "Accuracy at each step, from 0 (below) to 100 %:";
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
