/* What the page says of sounds: of the waveform and its spectrogram. */

import { count, number } from "./numbers.js";

const seconds = (samples, rate) => `${number(Number((samples / rate).toPrecision(4)))}\u00a0s`;
const milliseconds = (samples, rate) => `${number(Number(((1000 * samples) / rate).toPrecision(3)))}\u00a0ms`;
const hertz = (value) => `${number(Number(value.toPrecision(4)))}\u00a0Hz`;

export const waveform = (node) =>
  `Waveform of ${count(node.values.length)} samples; arrow keys move over samples`;

export const ends = (node) =>
  `0 to ${seconds(node.values.length, node.config.sampling_rate)} at ${count(node.config.sampling_rate)}\u00a0Hz `;

export const sampleName = (node, at) =>
  `${node.name}, sample ${count(at)}, at ${seconds(at, node.config.sampling_rate)}`;

/* The axes of a spectrogram whose rows are frequencies. */
export const axes = (isMel, rate) =>
  `→ time, ↑ frequency, 0 to ${count(rate / 2)}\u00a0Hz${isMel ? " on the mel scale" : ""}`;
const rounded = (value) => number(Number(value.toPrecision(3)));
export const brightness = ([low, high]) => `${rounded(low)} or less to ${rounded(high)}`;

export const ROWS_GO_UP = "Rows are drawn from below, since they are frequencies.";
export const throughMean = (names) =>
  `Through ${names.join(" and ")}, whose mean and deviation are those of the whole sound, it depends on the rest, too.`;
export const partOfSound = ({ x0, x1 }, rate) =>
  `It depends on ${count(x1 - x0)} samples of the sound: ${seconds(x0, rate)} to ${seconds(x1, rate)}.`;

/* What a layer that computes a spectrogram does, in a few words. */
export function spectrogram(node) {
  const { frame_length: length, frame_step: step } = node.config;
  const [frames, many] = sizes(node);
  const what = node.bands ? "mel bands" : "frequencies";
  return [
    `spectrogram: ${count(many)} ${what} of ${count(frames)} frames`,
    `each of ${count(length)} samples, one every ${count(step)}`,
    node.bands ? "" : "a row is a frame, a column a frequency",
  ];
}

const sizes = ({ bands, h, w }) => (bands ? [w, h] : [h, w]);

/* One value of a spectrogram, in sentences; `rate` is the sampling rate, `facts` are `ofValue`'s. */
export function computation(node, facts, rate) {
  const { first, frame, band, samples, result } = facts;
  const stretch =
    `Frame ${count(frame)}: ${count(samples.length)} samples, ${milliseconds(samples.length, rate)}, from ` +
    `${seconds(Math.max(0, first), rate)} on.`;
  if (node.bands) {
    const [low, high] = facts.between.map((share) => hertz(share * rate));
    return (
      `${stretch} Band ${count(band)} adds up the power of the frequencies from ${low} to ${high}, most of those ` +
      `in the middle${node.config.mode === "decibels" ? ", in decibels" : ""}: ${number(result)}.`
    );
  }
  const [a, b] = facts.sums.map(number);
  const last = {
    log: `the logarithm of √(a² + b²)`,
    magnitude: "√(a² + b²)",
    psd: "the power, a² + b², counted for both directions",
  }[node.config.mode];
  return (
    `${stretch} They are multiplied by a cosine and by a sine of ${hertz(facts.frequency * rate)}, faded in and out, ` +
    `and added up: a = ${a}, b = ${b}. The value is ${last}: ${number(result)}.`
  );
}

export const SAMPLES = "the samples";
export const COSINE = "times this cosine";
export const SINE = "and this sine";

/* ---- Input: the microphone, files and examples ---- */

/* A file's name in quotation marks. */
const fileName = (file) => (file.name ? `“${file.name.slice(0, 60)}”` : "The file");

export const NOTHING_HEARD = "Nothing has been recorded yet: the input is all zeros.";
export const HOLD = "Hold and speak";
export const ASKING = "Allow the microphone…";
export const listening = (time) => `Listening… ${time.toFixed(1)}\u00a0s`;
export const PLAY = "Play";
export const STOP = "Stop";
export const RECORDING = "your recording";

export const ALLOWED_NOW = "The microphone is ready: hold the button while you speak or clap.";
export const NO_MICROPHONE_HERE =
  "This browser gives the page no microphone: drop a file of a sound, or choose one of the examples.";
export const NOT_ALLOWED =
  "The page may not use the microphone: allow it in the browser’s settings of this page, or drop a file of a sound.";
export const NO_MICROPHONE =
  "No microphone was found: connect one, drop a file of a sound, or choose an example.";
export const microphoneFailed = (error) =>
  `The microphone cannot be used (${error.message}): drop a file of a sound, or choose one of the examples.`;
export const HELD_TOO_SHORT = "That was too short: hold the button while you speak or clap.";
export const SILENT_RECORDING =
  "The recording is silent: is the microphone switched off, or another one chosen?";
export const loudest = (kept, all, rate) =>
  `Of ${seconds(all, rate)} that were recorded, the network gets the loudest ${seconds(kept, rate)}.`;

export const READING = "Reading the sound…";
export const firstOfSeveral = (files) =>
  `${count(files.length)} files came; this is the first, ${fileName(files[0])}.`;
export const NOT_A_FILE = "That is not a file; save the sound first, and drop the file.";
export const tooLarge = (file, most) =>
  `${fileName(file)} has ${count(Math.round(file.size / 1e6))} MB; the page reads up to ${count(most / 1e6)}. ` +
  "Cut it first.";
export const cannotBeRead = (file) =>
  `${fileName(file)} is damaged, or no sound that this browser can read; choose a WAV file.`;
export const cutOff = (file) => `${fileName(file)} is cut off before its end; fetch or record it again.`;
export const noNumbers = (file) => `${fileName(file)} holds values that are not numbers; save it again.`;
export const wrongRate = (file, rate) =>
  `${fileName(file)} says that it has ${count(rate)} samples a second, which is no rate of a sound.`;
export const emptySound = (file) => `${fileName(file)} holds no sound, not one sample; choose another file.`;
export const tooShort = (file, samples, rate) =>
  `${fileName(file)} lasts ${milliseconds(samples, rate)}, too short to hear anything; choose a longer sound.`;
export const silent = (file, samples, rate) =>
  `${fileName(file)} is silent for its first ${seconds(samples, rate)}; choose another file.`;
export const filledUp = (file, length, wanted, rate) =>
  `${fileName(file)} lasts ${seconds(length, rate)}: silence fills it up to ${seconds(wanted, rate)}.`;
export const cut = (file, length, wanted, rate) =>
  `${fileName(file)} lasts ${seconds(length, rate)}: the network gets the first ${seconds(wanted, rate)}.`;
