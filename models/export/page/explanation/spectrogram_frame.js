/* How one value of a spectrogram came about: the samples of its frame, and the waves they are multiplied by. */

import { make } from "../elements.js";
import { ofValue } from "../engine/spectrogram.js";
import { drawWaveform } from "../layers/sounds.js";
import * as texts from "../sound_texts.js";

export function explainSpectrogram(model, node, { y, x }) {
  const facts = ofValue(node, model.nodes[node.inputs[0]], y, x);
  const sentence = texts.computation(node, facts, model.nodes[0].config.sampling_rate);
  const curves = [curve(texts.SAMPLES, facts.samples)];
  if (facts.waves) curves.push(curve(texts.COSINE, facts.waves[0]), curve(texts.SINE, facts.waves[1]));
  return [make("p", { class: "sentence" }, sentence), make("div", { class: "curves" }, curves)];
}

/* One row of numbers, as high as the largest of them. */
function curve(name, values) {
  const canvas = make("canvas", { role: "img", "aria-label": name });
  [canvas.width, canvas.height] = [512, 56];
  const most = values.reduce((found, value) => Math.max(found, Math.abs(value)), 1e-9);
  drawWaveform(
    values.map((value) => value / most),
    canvas,
  );
  return make("figure", { class: "grid curve" }, canvas, make("figcaption", {}, name));
}
