/* The layers of the model: their cards, what is highlighted on them, and where the user points. */

import { make } from "../elements.js";
import * as texts from "../texts.js";
import { Cards, FEW_MAPS } from "./cards.js";
import { buildGraph, hasBranches } from "./graph.js";
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
    if (hasBranches(model)) this.buildMap(layers);
    this.builder.buildLayers(layers);
    for (const holder of [layers, input]) listen(holder, this, handlers);
  }

  /* The graph, from which a layer's card can be found. */
  buildMap(layers) {
    this.graph = buildGraph(this.model, (id) => this.goTo(id));
    layers.append(make("div", { class: "layer graph-card" }, this.graph.elements));
  }

  goTo(id) {
    const { element, tiles } = this.cards.get(id);
    for (let fold = element; fold; fold = fold.parentElement?.closest("details")) fold.open = true;
    element.scrollIntoView({ block: "center" });
    tiles[0].canvas.focus({ preventScroll: true });
  }

  draw() {
    this.builder.draw();
  }

  /* Draw what is in sight of one node. */
  drawNode(node) {
    this.builder.drawNode(node);
  }

  scaleEach(on) {
    this.builder.scaleEach(on);
  }

  showPlace(place) {
    this.at = place;
    this.graph?.mark(place.id);
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
