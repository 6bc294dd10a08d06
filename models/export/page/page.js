/* The page: input comes in, the model runs, and all that is visible follows. */

import { whenColoursChange } from "./colours.js";
import { byId, make } from "./elements.js";
import { load } from "./engine/model.js";
import { decompress, fromBase64 } from "./engine/weights.js";
import { Panel } from "./explanation/panel.js";
import { Input } from "./input/input.js";
import { OtherInputs } from "./input/other_inputs.js";
import { View } from "./layers/view.js";
import { say } from "./messages.js";
import { PictureOutput } from "./output/picture_output.js";
import { PredictionBars } from "./prediction_bars.js";
import { Runner } from "./runner.js";
import { Selection } from "./selection.js";
import { Story } from "./story/story.js";
import * as texts from "./texts.js";
import { TrainingCard } from "./training/card.js";
import { Moments } from "./training/moments.js";
import { NOW } from "./training/texts.js";
import { WhyCard } from "./why/card.js";
import { Changes } from "./why/changes.js";
import { Editor } from "./why/editor.js";
import { Explainer } from "./why/explainer.js";

// The only global: for the browser's console, tests and benchmarks. No module reads it.
const Page = { timings: [], firsts: [], runs: 0 };
globalThis.Page = Page;

async function start() {
  const data = JSON.parse(byId("model").textContent);
  const model = await load(data.model, data.kernels);
  const names = data.class_names;
  const onPlace = (place) => ({ kind: "place", place });
  const onClass = (unit) => ({ kind: "class", unit });
  const { digits, answer } = data;
  const isNumber = answer !== "classes";
  const raw = data.pixels && new Uint8Array(await decompress(fromBase64(data.pixels)));
  const parts = { layers: byId("layers"), input: byId("seen") };
  const onPlaces = {
    look: (place, byKey) => {
      story.pause();
      selection.look(onPlace(place), byKey);
    },
    pin: (place) => {
      story.pause();
      selection.pin(onPlace(place));
      why?.chooseLayer(place.id);
    },
    showFilter: (node, c) => selection.pin({ kind: "filter", node, c }),
  };
  const view = new View(model, names, parts, data.pixel_range, onPlaces, digits);
  const onClasses = {
    look: (unit) => selection.look(onClass(unit)),
    pin: (unit) => {
      selection.pin(onClass(unit));
      why?.chooseClass(selection.pinned ? unit : null);
    },
  };
  const last = model.nodes.at(-1);
  const bars = ["picture", "map"].includes(answer)
    ? new PictureOutput(byId("bars"), last, names, data.answer_range, answer === "map")
    : new PredictionBars(byId("bars"), last.c, names, onClasses, isNumber);
  const panel = new Panel(byId("panel"), view, names, isNumber, () => selection.unpin());
  const selection = new Selection(view, bars, panel);
  const story = new Story(view, (place) => selection.look(onPlace(place)));
  const ids = { pens: "colours", pad: "pad", undo: "undo", clear: "clear", choose: "choose", file: "file" };
  const elements = Object.fromEntries(Object.entries(ids).map(([key, id]) => [key, byId(id)]));
  Object.assign(elements, { examples: byId("examples"), whole: document.body });
  const changed = () => runner.changed();
  const input = new Input(model.nodes[0].shape, digits, elements, changed, say, raw);
  const others = new OtherInputs(byId("others"), model, input, changed);
  const { why, changes, changedWeights } = explainAnswers(model, data, { bars, panel, isNumber }, changed);
  const training = trainingOf(model, data, isNumber, changes, changedWeights);
  if (story.element) byId("layers").prepend(story.element);
  const followers = { input, others, view, bars, selection, story, training, why };
  const runner = new Runner(model, data.pixel_range, followers, Page);
  byId("own-scale").addEventListener("change", ({ target }) => view.scaleEach(target.checked));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && selection.pinned) selection.unpin();
  });
  whenColoursChange(() => {
    view.draw();
    selection.show();
    story.changed();
  });
  const shown = { input, others, bars, story, training, changes, why, runner };
  Object.assign(Page, { model, view, panel, ...shown });
  await begin(input, view, runner, (place) => {
    if (place && !selection.subject) selection.look(onPlace(place));
    story.begin();
  });
}

/* The card that says why, and what lets the user change the model. `run()` runs the model again. Where the answer is
   a picture there is no card. */
function explainAnswers(model, { class_names, pixel_range, answer }, { bars, panel, isNumber }, run) {
  const changedWeights = () => {
    explainer.forget();
    run();
  };
  const changes = new Changes(model, () => {
    byId("fold").checked = changes.folding.on;
    changedWeights();
  });
  byId("fold-choice").hidden = !changes.folding.pairs.length;
  byId("fold").addEventListener("change", ({ target }) => changes.fold(target.checked));
  const explainer = new Explainer(model, isNumber, pixel_range[0], changes.random);
  panel.editor = new Editor(changes);
  panel.editor.listen(panel.element);
  byId("layers").prepend(changes.element);
  if (["picture", "map"].includes(answer)) return { why: null, changes, changedWeights };
  const why = new WhyCard(explainer, changes, bars, class_names, pixel_range);
  changes.element.after(why.element);
  return { why, changes, changedWeights };
}

/* The card with the weights of earlier moments, if there are any. */
function trainingOf(model, { checkpoints, class_names, answer }, isNumber, changes, run) {
  if (!checkpoints.length) return null;
  const moments = new Moments(model, checkpoints, NOW);
  const isPicture = ["picture", "map"].includes(answer);
  const card = new TrainingCard(moments, class_names, isPicture ? null : isNumber, {
    run,
    reset: () => changes.reset(),
  });
  byId("layers").prepend(card.element);
  return card;
}

/* Show the first example; `shown(place)` is called once it is, with a place to explain, if there is one. */
async function begin(input, view, runner, shown) {
  const images = input.examples.map((button) => button.querySelector("img"));
  await Promise.all(images.map((image) => image.decode().catch(() => null)));
  if (input.examples.length) input.useExample(input.examples[0]);
  else input.update();
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  do await frame();
  while (runner.busy);
  shown(view.firstPlace());
  Page.ready = true;
}

start().catch((error) => {
  byId("layers").replaceChildren(make("p", { class: "message bad" }, texts.cannotOpen(error)));
  throw error;
});
