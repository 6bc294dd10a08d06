/* Trains a new last layer on the pictures of the user's classes. */

import { Stopped, Work } from "../why/slices.js";
import { areHeldOut, isEveryFifth } from "./group.js";
import { Head, SETTINGS, spread } from "./head.js";
import * as texts from "./texts.js";

/* The numbers of the network are none that a layer could be trained on. */
export class Untrainable extends Error {}

const [LEAST, MOST] = [1e-30, 1e30]; // of the spread: else numbers of 32 bits hold no weights for it

/* Features of all pictures; those that are known already are not computed again. */
async function look(groups, frozen, inRange, work, tell) {
  const pictures = groups.flatMap((group) => group.pictures);
  for (const [at, picture] of pictures.entries()) {
    tell(at + 1, pictures.length);
    picture.features ??= await frozen.features(inRange(Float32Array.from(picture.pixels)), work);
  }
}

/* Features and labels of the training pictures, and of those that are held out. */
function split(groups) {
  const [trained, held] = [
    { rows: [], labels: [] },
    { rows: [], labels: [] },
  ];
  const isHeldOut = areHeldOut(groups);
  groups.forEach(({ pictures }, label) => {
    pictures.forEach(({ features }, at) => {
      const part = isHeldOut && isEveryFifth(at) ? held : trained;
      part.rows.push(features);
      part.labels.push(label);
    });
  });
  return { trained, held };
}

/* 95 % interval of a share of which `right` of `many` is known (Wilson 1927). */
function interval(right, many) {
  const [share, z] = [right / many, 1.96];
  const middle = share + z ** 2 / (2 * many);
  const half = z * Math.sqrt((share * (1 - share)) / many + z ** 2 / (4 * many ** 2));
  return [middle - half, middle + half].map((end) => Math.min(1, Math.max(0, end / (1 + z ** 2 / many))));
}

const most = (labels) => Math.max(...labels.map((label) => labels.filter((each) => each === label).length));

/**
 * Train a new last layer.
 * @param {Group[]} groups  The classes.
 * @param {Frozen} frozen  The network.
 * @param {(pixels: Float32Array) => ArrayLike<number>} inRange  Pixels as the network takes them.
 * @param {Work} work  Where it is stopped, the steps so far count; before the first step it throws `Stopped`.
 * @param {{looking: Function, step: Function}} tell  Called with how far it is.
 */
export async function train(groups, frozen, inRange, work, tell) {
  groups = groups.map(({ name, pictures }) => ({ name, pictures: [...pictures] }));
  await look(groups, frozen, inRange, work, tell.looking);
  const { trained, held } = split(groups);
  const divisor = await spread(trained.rows, work.rest);
  const areFinite = [...trained.rows, ...held.rows].every((row) => row.every(Number.isFinite));
  if (!areFinite || divisor < LEAST || divisor > MOST) throw new Untrainable(texts.UNTRAINABLE);
  for (const part of [trained, held]) part.rows = part.rows.map((row) => row.map((value) => value / divisor));
  const head = new Head(trained.rows[0].length, groups.length);
  const { steps } = SETTINGS;
  const sizes = { steps, trained: trained.rows.length, held: held.rows.length };
  const history = [];
  try {
    while (head.steps < steps) {
      const heldRight = await head.right(held.rows, held.labels, work.rest);
      const found = await head.step(trained.rows, trained.labels, work.rest);
      history.push({ ...found, heldRight });
      tell.step(head.steps, { ...found, heldRight, ...sizes });
    }
  } catch (error) {
    if (!(error instanceof Stopped) || !head.steps) throw error;
  }
  const { rest } = new Work();
  const right = await head.right(trained.rows, trained.labels, rest);
  const heldRight = await head.right(held.rows, held.labels, rest);
  const [low, high] = held.rows.length ? interval(heldRight, held.rows.length) : [0, 1];
  const score = { right, heldRight, low, high, guessed: held.rows.length ? most(held.labels) : 0 };
  const names = groups.map(({ name }) => name);
  return { names, divisor, history, done: head.steps, ...head.weights(divisor), ...sizes, ...score };
}
