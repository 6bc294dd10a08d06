/* Explanations of an answer: heat maps by several methods, of the network as it is and as it was trained. */

import { scoreOf, withoutGradient } from "../engine/backward/gradients.js";
import { gradientTimesInput, integratedGradients } from "./attribution.js";
import { classMap, mapLayers } from "./class_maps.js";
import { occlusion } from "./occlusion.js";
import { rankCorrelation } from "./ranks.js";
import { runSlowly, Work } from "./slices.js";
import { likeliest, smallestPatch } from "./smallest_patch.js";

/* For each method: (model, pixels, settings, work) => map; whether it has a sign, and what its gradients lead to. */
export const METHODS = {
  occlusion: { run: occlusion, signed: true, reaches: null },
  grad_cam: { run: classMap, signed: false, reaches: "layer" },
  layer_cam: { run: classMap, signed: false, reaches: "layer", byPixel: true },
  integrated_gradients: { run: integratedGradients, signed: true, reaches: "picture" },
  gradient_input: { run: gradientTimesInput, signed: true, reaches: "picture" },
};

export class Explainer {
  /* `black` is black in the model's input, `random` the model's `RandomLayers`. */
  constructor(model, isNumber, black, random) {
    this.model = model;
    this.isNumber = isNumber;
    this.black = black;
    this.random = random;
    this.twins = new Map();
  }

  /* To be called when weights have changed. */
  forget() {
    this.twins.clear();
  }

  twin(trained) {
    if (!this.twins.has(trained))
      this.twins.set(trained, this.model.twin(trained ? this.random.kept : undefined));
    const twin = this.twins.get(trained);
    // What does not follow from the picture, as other inputs, may have changed
    for (const { id, inputs, values } of this.model.nodes)
      if (!inputs.length) twin.nodes[id].values.set(values);
    return twin;
  }

  /* Why a method does not work here: the nodes that it cannot get past. For occlusion closed boxes, whose values are
     not known for a picture with a hidden square. */
  obstacles(method, unit, layer) {
    const { reaches } = METHODS[method];
    if (!reaches) return this.model.boxes;
    const start = reaches === "layer" ? layer : 0;
    const missing = withoutGradient(this.model, scoreOf(this.model, unit, this.isNumber), start);
    // The picture is run again, in a copy that knows no example
    return missing.length ? missing : this.model.boxes;
  }

  /* The heat map of the picture that the model got last. Where layers are random, `similarity` is its rank
     correlation with the map of the trained network. */
  async explain(method, { unit, layer, steps }, work = new Work()) {
    const pixels = this.model.nodes[0].values.slice();
    const { run, signed, byPixel } = METHODS[method];
    const score = scoreOf(this.model, unit, this.isNumber);
    const settings = { unit, layer, steps, score, byPixel, black: this.black, isNumber: this.isNumber };
    const found = await run(this.twin(false), pixels, settings, work);
    const result = { ...found, signed, method, unit, layer };
    if (this.random.count) {
      const own = await run(this.twin(true), pixels, settings, work);
      result.similarity = rankCorrelation(own.values, found.values);
    }
    return result;
  }

  /* What the trained network predicts for the picture that the model got last. */
  async trainedClass(work = new Work()) {
    const twin = this.twin(true);
    await runSlowly(twin, this.model.nodes[0].values, work);
    return likeliest(twin).unit;
  }

  smallestPatch(work = new Work()) {
    return smallestPatch(this.twin(false), this.model.nodes[0].values.slice(), work);
  }

  /* The layers that Grad-CAM can show; the last one is what it shows by itself. */
  layers() {
    return mapLayers(this.model);
  }
}
