/**
 * Spectrograms: how strong each frequency is in each short stretch of a sound.
 *
 * Keras's STFTSpectrogram multiplies each frame with kernels, which are cosines and sines times a window; so does
 * this, with the same roundings. Its MelSpectrogram takes a Fourier transform of each frame and adds frequencies up
 * in bands.
 */

import { fourier } from "./fourier.js";
import { only } from "./positions.js";

/** Which frame a value belongs to, and which frequency or band: of bands each has a row, of frequencies each frame. */
export const frameAndBand = (node, y, x) => (node.bands ? [x, y] : [y, x]);
const isVector = (input) => input.h * input.w === 1;

/** @returns {Steps} the samples of a frame that are not in the padding */
export function samplesOf(node, input, frame) {
  const { frame_length: length, frame_step: step, before } = node.config;
  const count = input.values.length;
  const first = frame * step - before;
  if (!node.config.mirrored) {
    const begin = Math.max(0, first);
    return [begin, 1, Math.max(0, Math.min(count, first + length) - begin)];
  }
  // At the ends the sound is mirrored: its first and last samples come again
  const [from, to] = [mirrored(first, count), mirrored(first + length - 1, count)];
  const begin = first < 0 ? 0 : Math.min(from, to);
  const end = first + length > count ? count - 1 : Math.max(from, to);
  return [begin, 1, end - begin + 1];
}

const mirrored = (place, count) => (place < 0 ? -place : place >= count ? 2 * count - 2 - place : place);

/** One sample of a frame, 0 in the padding. */
function sampleAt(node, input, place) {
  const count = input.values.length;
  if (place >= 0 && place < count) return input.values[place];
  return node.config.mirrored ? (input.values[mirrored(place, count)] ?? 0) : 0;
}

/* The kernels of Keras's layer from its window, each number rounded as there. */
function makeWaves(node) {
  const { frame_length: length, fft_length: size } = node.config;
  const many = size / 2 + 1;
  const [real, imaginary] = [new Float32Array(length * many), new Float32Array(length * many)];
  const half = Math.fround(Math.PI);
  for (let n = 0, at = 0; n < length; n++) {
    for (let k = 0; k < many; k++, at++) {
      const angle = Math.fround(Math.fround(-2 * n * Math.fround(k / size)) * half);
      real[at] = node.window[n] * Math.fround(Math.cos(angle));
      imaginary[at] = node.window[n] * Math.fround(Math.sin(angle));
    }
  }
  return { real, imaginary };
}

function runWaves(node, input) {
  const { frame_length: length, frame_step: step, before, mode, least } = node.config;
  const { real, imaginary, values } = node;
  const many = real.length / length;
  const [a, b] = [new Float64Array(many), new Float64Array(many)];
  for (let frame = 0; frame * many < values.length; frame++) {
    a.fill(0);
    b.fill(0);
    for (let n = 0; n < length; n++) {
      const sample = sampleAt(node, input, frame * step - before + n);
      if (!sample) continue;
      for (let k = 0, at = n * many; k < many; k++, at++) {
        a[k] += sample * real[at];
        b[k] += sample * imaginary[at];
      }
    }
    for (let k = 0; k < many; k++) {
      const power = a[k] * a[k] + b[k] * b[k];
      values[frame * many + k] = fromPower(power, mode, least, k > 0 && k < many - 1);
    }
  }
}

/** A value from a frequency's power. `twice` says whether it stands for a negative frequency, too. */
function fromPower(power, mode, least, twice) {
  if (mode === "psd") return twice ? 2 * power : power;
  const magnitude = Math.sqrt(Math.max(power, least));
  return mode === "magnitude" ? magnitude : Math.log(Math.max(magnitude, least));
}

function runBands(node, input) {
  const { frame_length: length, frame_step: step, fft_length: size, before, exponent } = node.config;
  const { values, bands, window, h: many, w: frames } = node;
  const frequencies = size / 2 + 1;
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  const sums = new Float64Array(many);
  for (let frame = 0; frame < frames; frame++) {
    real.fill(0);
    imaginary.fill(0);
    for (let n = 0; n < length; n++) real[n] = window[n] * sampleAt(node, input, frame * step - before + n);
    node.transform(real, imaginary);
    sums.fill(0);
    for (let k = 0; k < frequencies; k++) {
      const power = (real[k] * real[k] + imaginary[k] * imaginary[k]) ** (exponent / 2);
      for (let band = 0, at = k * many; band < many; band++, at++) sums[band] += power * bands[at];
    }
    for (let band = 0; band < many; band++) values[band * frames + frame] = sums[band];
  }
  if (node.config.mode === "decibels") toDecibels(values, node.config);
}

function toDecibels(values, { least, reference, range }) {
  let most = -Infinity;
  for (let at = 0; at < values.length; at++) {
    values[at] = 10 * (Math.log10(Math.max(values[at], least)) - Math.log10(reference));
    most = Math.max(most, values[at]);
  }
  for (let at = 0; at < values.length; at++) values[at] = Math.max(values[at], most - range);
}

export const spectrogram = {
  /* A window and bands are no weights: nothing in them was learned. */
  prepare(node) {
    node.bands = node.weights.bands;
    node.window = node.weights.window;
    if (node.bands) node.transform = fourier(node.config.fft_length);
    else Object.assign(node, node.window ? makeWaves(node) : node.weights);
    node.weights = {};
  },
  run(node, [input]) {
    (node.bands ? runBands : runWaves)(node, input);
  },
  positions(node, k, input, y, x) {
    const samples = samplesOf(node, input, frameAndBand(node, y, x)[0]);
    return isVector(input) ? [only(0), only(0), samples] : [only(0), samples, only(0)];
  },
  /* Samples come from frames, which are rows here or columns there. */
  spread(node, k, input, [rows, columns]) {
    const samples = (node.bands ? columns : rows).map((frame) => samplesOf(node, input, frame));
    const one = [only(0)];
    return isVector(input) ? [one, one, samples] : [one, samples, one];
  },
};

/**
 * How one value of a spectrogram comes about.
 * @returns {{frame: number, band: number, first: number, samples: number[], waves: number[][], sums: number[],
 *   result: number}} the samples of its frame, what they are multiplied by, and the two sums; of bands only the first
 *   and last frequency that is in it, as `between`.
 */
export function ofValue(node, input, y, x) {
  const { frame_length: length, frame_step: step, before, fft_length: size } = node.config;
  const [frame, band] = frameAndBand(node, y, x);
  const first = frame * step - before;
  const samples = Array.from({ length }, (_, n) => sampleAt(node, input, first + n));
  const result = node.values[y * node.w + x];
  const facts = { frame, band, first, samples, result };
  if (node.bands) {
    const inside = Array.from({ length: size / 2 + 1 }, (_, k) => k).filter(
      (k) => node.bands[k * node.h + band],
    );
    return { ...facts, between: [inside[0] ?? 0, inside.at(-1) ?? 0].map((k) => k / size) };
  }
  const many = node.real.length / length;
  const waves = [node.real, node.imaginary].map((kernel) => samples.map((_, n) => kernel[n * many + band]));
  const sums = waves.map((wave) => wave.reduce((sum, weight, n) => sum + weight * samples[n], 0));
  return { ...facts, frequency: band / size, waves, sums };
}
