/* The page: input comes in, the model runs, and all that is visible follows. */

import { besideOf } from "./beside/beside.js";
import { whenColoursChange } from "./colours.js";
import { byId, make } from "./elements.js";
import { load } from "./engine/model.js";
import { decompress, fromBase64 } from "./engine/weights.js";
import { Explained } from "./explained.js";
import { inRange } from "./input/channels.js";
import { Input } from "./input/input.js";
import { OtherInputs } from "./input/other_inputs.js";
import { SoundInput } from "./input/sound_input.js";
import { say } from "./messages.js";
import { Runner } from "./runner.js";
import { TeachCard } from "./teach/card.js";
import * as texts from "./texts.js";

// The only global: for the browser's console, tests and benchmarks. No module reads it.
const Page = { timings: [], firsts: [], runs: 0 };
globalThis.Page = Page;

async function start() {
  const data = JSON.parse(byId("model").textContent);
  const model = await load(data.model, data.kernels);
  const second = data.beside && (await load(data.beside.model, data.kernels));
  const raw = data.pixels && new Uint8Array(await decompress(fromBase64(data.pixels)));
  const elements = Object.fromEntries(["layers", "seen", "bars", "panel"].map((id) => [id, byId(id)]));
  const explained = new Explained(model, data, elements, () => {
    beside?.comparison.forget();
    runner.changed();
  });
  const changed = () => {
    runner.changed();
    beside?.runner.changed();
  };
  const input = makeInput(model.nodes[0], data, raw, changed);
  const others = new OtherInputs(byId("others"), model, input, changed);
  const beside = second && besideOf(second, data, explained, { input, others });
  const followers = { input, others, explained, comparison: beside?.comparison };
  const runner = new Runner(model, data.pixel_range, followers, Page);
  const teach = teachingOf(explained, input, runner);
  followers.teach = teach;
  const all = [explained, ...(beside ? [beside.explained] : [])];
  const shown = () => all.find(({ isShown }) => isShown);
  byId("own-scale").addEventListener("change", ({ target }) => {
    for (const { view } of all) view.scaleEach(target.checked);
  });
  byId("fold").addEventListener("change", ({ target }) => shown().changes.fold(target.checked));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown().selection.pinned) shown().selection.unpin();
  });
  whenColoursChange(() => shown().redraw());
  const { view, panel, bars, story, training, changes, why } = explained;
  Object.assign(Page, {
    model,
    view,
    panel,
    input,
    others,
    bars,
    story,
    training,
    changes,
    why,
    teach,
    runner,
    beside,
  });
  await begin(input, runner, () => explained.begin());
}

/* A picture is drawn or chosen, a sound is recorded or chosen. */
function makeInput(node, { digits, sound }, raw, changed) {
  const elements = { examples: byId("examples"), whole: document.body };
  for (const id of ["pad", "undo", "clear", "choose", "file", "seen", "record", "play"])
    elements[id] = byId(id);
  if (sound) return new SoundInput(node.values.length, sound, elements, changed, say);
  elements.pens = byId("colours");
  return new Input(node.shape, digits, elements, changed, say, raw);
}

/* The card in which the user trains a new last layer, where the answer is no picture. */
function teachingOf({ model, data, changes, training, why }, input, runner) {
  const { model: network, kernels, teach, answer } = data;
  if (!teach || ["picture", "map"].includes(answer)) return null;
  const card = new TeachCard(teach, network, kernels, {
    model,
    input,
    inRange: (pixels) => inRange(pixels, data.pixel_range),
    isChanged: () => !changes.element.hidden || (training?.moments.isEarlier ?? false),
    shown: () => runner.sayBest(),
  });
  (why ?? changes).element.after(card.element);
  if (card.beside) byId("choose").closest(".tools").after(card.beside);
  return card;
}

/* Show the first example; `shown()` is called once it is. */
async function begin(input, runner, shown) {
  await input.ready();
  if (input.examples.length) input.useExample(input.examples[0]);
  else input.update();
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  do await frame();
  while (runner.busy);
  shown();
  Page.ready = true;
}

start().catch((error) => {
  byId("layers").replaceChildren(make("p", { class: "message bad" }, texts.cannotOpen(error)));
  throw error;
});
