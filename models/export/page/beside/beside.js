/* A second model on the same picture: its answer stands beside that of the first, and its layers can take the place of
   the first one's. */

import { make } from "../elements.js";
import { Explained } from "../explained.js";
import { inRange } from "../input/channels.js";
import { Comparison } from "./comparison.js";
import { canCompare, Examples } from "./examples.js";
import { SecondInput } from "./input.js";
import { SecondRunner } from "./runner.js";

/* An empty element like another, which takes its place when the second model is shown. */
const twinOf = (element) => element.cloneNode(false);

/* What the page has of the second model: `explained`, its `runner`, and the `comparison` of both. `first` is the first
   model, `inputs` are what it gets: the picture, and what is beside it. */
export function besideOf(model, { beside, answer }, first, inputs) {
  const { elements } = first;
  const own = {
    layers: twinOf(elements.layers),
    seen: twinOf(elements.seen),
    panel: twinOf(elements.panel),
    bars: make("div", { class: "bars", id: "bars-beside" }),
  };
  const data = { ...beside, answer, checkpoints: [] };
  const explained = new Explained(model, data, own, () => {
    comparison.forget();
    runner.changed();
  });
  const both = [first, explained];
  const second = new SecondInput(inputs, model.nodes[0]);
  const examples = canCompare(both, inputs.input)
    ? new Examples(both, beside.names, inputs.input, [
        (at) => inRange(inputs.input.pixelsOf(at), first.data.pixel_range),
        (at) => inRange(second.brought(inputs.input.pixelsOf(at)), beside.pixel_range),
      ])
    : null;
  const comparison = new Comparison(both, beside, examples, (at) => show(both, at, comparison));
  const runner = new SecondRunner(model, beside.pixel_range, {
    ...second.followers(),
    explained,
    comparison,
  });
  both.forEach((each, at) => {
    each.bring = () => each.isShown || show(both, at, comparison);
  });
  explained.isShown = false;
  first.showFold();
  elements.layers.prepend(comparison.element);
  elements.seen.parentElement.after(...comparison.below);
  return { explained, runner, comparison };
}

/* Let the layers, the input and the panel of one model take the place of the other's. */
function show(both, at, comparison) {
  const [next, before] = [both[at], both[1 - at]];
  if (next.isShown) return;
  const focused = document.activeElement;
  before.story.pause();
  before.isShown = false;
  next.isShown = true;
  for (const part of ["layers", "seen", "panel"]) before.elements[part].replaceWith(next.elements[part]);
  next.elements.layers.prepend(comparison.element);
  if (comparison.element.contains(focused)) focused.focus({ preventScroll: true }); // it has moved with the card
  comparison.choose(at);
  next.showFold();
  next.view.draw();
  if (!next.selection.subject) next.begin();
  next.follow();
}
