/* The layers of the model: their cards, what is highlighted on them, and where the user points. */

import * as texts from "../texts.js";
import { Cards, FEW_MAPS } from "./cards.js";
import { Highlights } from "./highlights.js";
import { firstPlace, hasMaps, origin } from "./nodes.js";
import { listen, placeAt } from "./pointing.js";

export class View {
  /* `layers` and `input` are the elements to fill, `range` is black and white in the model's input. For
     the handlers see `listen`. `isDigit` says whether pictures are centred and scaled as MNIST's are. */
  constructor(model, classNames, { layers, input }, range, handlers, isDigit) {
    this.model = model;
    this.classNames = classNames;
    this.at = null; // the place that is shown
    this.builder = new Cards(model, classNames, range, handlers.showFilter, isDigit);
    this.cards = this.builder.byNode;
    this.highlights = new Highlights(model, this.cards);
    layers.replaceChildren();
    this.builder.buildInput(input);
    this.builder.buildLayers(layers);
    for (const holder of [layers, input]) listen(holder, this, handlers);
  }

  draw() {
    this.builder.draw();
  }

  showPlace(place) {
    this.at = place;
    this.highlights.showPlace(place);
  }

  firstPlace() {
    return firstPlace(this.model, FEW_MAPS);
  }

  /* The place on the map of a filter that was last shown, or its first pixel. */
  placeOfFilter(node, c) {
    if (this.at?.id === node.id) return { ...this.at, c };
    return placeAt(this.cards.get(node.id).tiles[c].canvas, 0, 0);
  }

  /* The name of a place, counted from 0 as in Keras and NumPy. */
  name(place) {
    const node = this.model.nodes[place.id];
    if (hasMaps(node)) return texts.pixelName(node, place);
    const isClass = node === this.model.nodes.at(-1) && node.c > 1;
    return texts.neuronName(node, place.c, isClass ? texts.className(this.classNames, place.c) : undefined);
  }

  /* The name, in few characters, of where a value was before the layers that only pass values on. */
  shortName(place) {
    const from = origin(this.model, place);
    const node = this.model.nodes[from.id];
    return hasMaps(node) ? texts.shortPixelName(node, from) : texts.shortNeuronName(node, from.c);
  }
}
