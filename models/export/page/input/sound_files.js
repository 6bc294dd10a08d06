/* Files of sounds, brought to the sampling rate and length that the model takes, as `datasets.tones` does it. */

import * as texts from "../sound_texts.js";
import { Unreadable } from "./picture.js";
import { resampled } from "./resampling.js";
import { readWav } from "./wav.js";

const MOST_BYTES = 100e6;
const MOST_COMPRESSED = 20e6; // bytes: they are ten times as many samples
const DECODED_RATE = 48000; // to which browsers bring what they decode
const RATES = [100, 1e6]; // samples a second of a sound
const SILENCE = 1e-4; // standard deviation of a silent sound
const SHORTEST = 0.02; // seconds
const MARGIN = 0.1; // seconds behind the end, which resampling looks at

/* {samples, sentence}: Float32Array of `count` samples at `rate` a second, and what was done to the sound. */
export async function readSound(file, count, rate) {
  if (file.size > MOST_BYTES) throw new Unreadable(texts.tooLarge(file, MOST_BYTES));
  const buffer = await file.arrayBuffer().catch(() => {
    throw new Unreadable(texts.cannotBeRead(file));
  });
  const found = readWav(buffer) ?? (await decoded(file, buffer));
  if (found.isCutOff) throw new Unreadable(texts.cutOff(file));
  const mono = mixed(found.channels);
  const length = mono.length;
  if (!length) throw new Unreadable(texts.emptySound(file));
  if (found.rate < RATES[0] || found.rate > RATES[1]) throw new Unreadable(texts.wrongRate(file, found.rate));
  if (!mono.every(Number.isFinite)) throw new Unreadable(texts.noNumbers(file));
  if (length < SHORTEST * found.rate) throw new Unreadable(texts.tooShort(file, length, found.rate));
  const wanted = Math.ceil((count / rate) * found.rate);
  if (isSilent(mono.subarray(0, wanted))) throw new Unreadable(texts.silent(file, count, rate));
  const samples = fittedSound(mono, found.rate, count, rate);
  const at = Math.round((length / found.rate) * rate); // samples, at the model's rate
  const sentence =
    length + 1 < wanted
      ? texts.filledUp(file, at, count, rate)
      : length > wanted
        ? texts.cut(file, at, count, rate)
        : "";
  return { samples, sentence };
}

async function decoded(file, buffer) {
  if (file.size > MOST_COMPRESSED) throw new Unreadable(texts.tooLarge(file, MOST_COMPRESSED));
  try {
    const context = new OfflineAudioContext(1, 1, DECODED_RATE);
    const sound = await context.decodeAudioData(buffer);
    const channels = Array.from({ length: sound.numberOfChannels }, (_, n) => sound.getChannelData(n));
    return { rate: sound.sampleRate, channels };
  } catch {
    throw new Unreadable(texts.cannotBeRead(file));
  }
}

/* The mean of the channels. */
function mixed(channels) {
  const sum = new Float64Array(channels[0]?.length ?? 0);
  for (const channel of channels) for (let n = 0; n < sum.length; n++) sum[n] += channel[n] / channels.length;
  return sum;
}

/* Whether samples are all equal, or nearly so. */
export function isSilent(samples) {
  let [sum, squares] = [0, 0];
  for (const sample of samples) {
    sum += sample;
    squares += sample * sample;
  }
  const mean = sum / samples.length;
  return !samples.length || Math.sqrt(Math.max(0, squares / samples.length - mean * mean)) < SILENCE;
}

/* The first `count` samples at `to` a second of a sound at `from`, filled up with silence. */
export function fittedSound(sound, from, count, to) {
  const needed = sound.subarray(0, Math.ceil((count / to + MARGIN) * from));
  return limited(resampled(needed, from, to).subarray(0, count), count);
}

/* Float32Array of `count` samples, none beyond -1 and 1. */
export function limited(sound, count) {
  const most = sound.reduce((found, sample) => Math.max(found, Math.abs(sample)), 1);
  const result = new Float32Array(count);
  result.set(sound.map((sample) => sample / most));
  return result;
}

/* Of a sound, the `count` samples that are loudest together. */
export function loudestPart(sound, count) {
  if (sound.length <= count) return sound;
  let power = 0;
  for (let n = 0; n < count; n++) power += sound[n] ** 2;
  let [most, best] = [power, 0];
  for (let n = count; n < sound.length; n++) {
    power += sound[n] ** 2 - sound[n - count] ** 2;
    if (power > most) [most, best] = [power, n - count + 1];
  }
  return sound.subarray(best, best + count);
}
