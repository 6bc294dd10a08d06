/* How sounds are drawn: waveforms as curves, spectrograms as brightness, with time to the right and frequency upwards. */

import * as colours from "../colours.js";

export const WAVEFORM_SIZE = [120, 720]; // rows and columns of pixels
const QUIETEST = 0.05; // the loudest sample of a sound that is not drawn larger

const isGrid = ({ h, w, c }) => h > 1 && w > 1 && c === 1;
const inputOf = (model, node) => model.nodes[node.inputs[0]];

/* Whether a node holds the sound, sample by sample, perhaps louder or in another shape. */
export function isWaveform(model, node) {
  if (!node.inputs.length) return Boolean(node.config.sampling_rate);
  if (!["copy", "rescale"].includes(node.kind)) return false;
  const isRow = [node.h, node.w, node.c].filter((side) => side > 1).length <= 1; // and no frames of it
  const input = inputOf(model, node);
  return isRow && node.values.length === input.values.length && isWaveform(model, input);
}

/* Whether a node holds a spectrogram, as it was computed or turned. */
export function isSpectrogram(model, node) {
  if (node.kind === "spectrogram") return true;
  return ["copy", "gather"].includes(node.kind) && isGrid(node) && isSpectrogram(model, inputOf(model, node));
}

/* Kinds whose rows are those of their input, or lie among them. */
const KEEP_ROWS = new Set(
  "conv depthwise transposed pool pad resize standardize normalize rescale activation prelu merge concatenate".split(
    " ",
  ),
);

/* Whether the rows of a node are frequencies, the lowest first: then they are drawn from below. */
export function isUpright(model, node) {
  node.upright ??= findUpright(model, node);
  return node.upright;
}

function findUpright(model, node) {
  if (node.h < 2 || node.w < 2) return false;
  if (node.kind === "spectrogram") return Boolean(node.bands);
  if (!node.inputs.length) return false;
  const input = inputOf(model, node);
  const before = input.h > 1 && isUpright(model, input);
  if (KEEP_ROWS.has(node.kind)) return before;
  if (node.kind === "copy") return isUpright(model, withItsShape(model, node));
  const isTurned = node.kind === "gather" && node.h === input.w && node.w === input.h;
  return isTurned && !before && isSpectrogram(model, node);
}

/* The node before some copies that has the shape of the last of them; the first one's input if none has. */
function withItsShape(model, { shape, inputs }) {
  let node = model.nodes[inputs[0]];
  while (node.kind === "copy" && `${node.shape}` !== `${shape}`) node = inputOf(model, node);
  return `${node.shape}` === `${shape}` ? node : model.nodes[0];
}

/* Draw samples from the first to before the last, from left to right. */
export function drawWaveform(values, canvas, first = 0, last = values.length) {
  const brush = canvas.getContext("2d");
  const { width, height } = canvas;
  let most = QUIETEST;
  for (let at = first; at < last; at++) most = Math.max(most, Math.abs(values[at]));
  brush.fillStyle = colours.colour(0, 1);
  brush.fillRect(0, 0, width, height);
  const middle = height / 2;
  const [above, below] = [colours.colour(1, 1), colours.colour(-1, 1)];
  for (let x = 0; x < width; x++) {
    const begin = first + Math.floor((x * (last - first)) / width);
    const end = Math.max(begin + 1, first + Math.floor(((x + 1) * (last - first)) / width));
    let [high, low] = [0, 0];
    for (let at = begin; at < end; at++) {
      high = Math.max(high, values[at]);
      low = Math.min(low, values[at]);
    }
    const up = (high / most) * middle;
    const down = (-low / most) * middle;
    brush.fillStyle = above;
    brush.fillRect(x, middle - up, 1, up);
    brush.fillStyle = below;
    brush.fillRect(x, middle, 1, down);
  }
  brush.fillStyle = above;
  brush.fillRect(0, middle - 0.5, width, 1);
}

/* The values of a spectrogram that have no colour and the full colour: a quarter of all are the first, or less. */
export function rangeOf({ values }) {
  const sorted = Float32Array.from(values).sort();
  return [sorted[Math.floor(sorted.length / 4)], sorted.at(-1)];
}

/* Draw a spectrogram: the weakest in the colour of zero, the strongest in the full colour. */
export function drawSpectrogram(node, canvas) {
  const [low, high] = rangeOf(node);
  const brush = canvas.getContext("2d");
  const image = brush.createImageData(canvas.width, canvas.height);
  const scale = colours.colours();
  node.values.forEach((value, at) => {
    const from = colours.place(Math.max(0, value - low), high - low);
    for (let part = 0; part < 3; part++) image.data[4 * at + part] = scale[from + part];
    image.data[4 * at + 3] = 255;
  });
  brush.putImageData(image, 0, 0);
}
