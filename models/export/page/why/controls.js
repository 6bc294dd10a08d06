/* The controls of the card "Why this answer?", and the scale of its colours. */

import { make } from "../elements.js";
import { number } from "../numbers.js";
import { METHODS } from "./explainer.js";
import { strongest } from "./overlay.js";
import * as texts from "./texts.js";

/* The colours of a map with their numbers. */
export function buildScale() {
  const [low, high] = [make("span"), make("span")];
  const bar = make("i");
  const range = make("p", { class: "soft small" });
  const element = make("div", { class: "scale", hidden: true }, low, bar, high, range);
  const show = (map) => {
    const most = map ? strongest(map).most : 0;
    element.hidden = !most; // a map of zeros has no colours
    if (!most) return;
    low.textContent = number(map.signed ? -most : 0);
    high.textContent = number(most);
    bar.className = map.signed ? "signed" : "";
    const [least, largest] = [Math.min, Math.max].map((pick) =>
      map.values.reduce((one, other) => pick(one, other)),
    );
    range.textContent = texts.mapRange(least, largest);
  };
  return { element, show };
}

function buildMethods(card) {
  const inputs = ["none", ...Object.keys(METHODS)].map((method) => {
    const attributes = { type: "radio", name: "heat-map", value: method, checked: method === "none" };
    const input = make("input", attributes);
    input.addEventListener("change", () => card.choose(method));
    return input;
  });
  const choices = inputs.map((input) =>
    make("label", { class: "choice" }, input, texts.METHOD_NAMES[input.value]),
  );
  const follow = () => {
    for (const input of inputs) input.checked = input.value === card.method;
  };
  const element = make("fieldset", { class: "choices" }, make("legend", {}, texts.HEAT_MAP), choices);
  return { element, follow };
}

function buildSelect(id, label, options, choose) {
  const select = make(
    "select",
    { id },
    options.map(([value, text]) => make("option", { value }, text)),
  );
  select.addEventListener("change", () => choose(select.value));
  const element = make("label", { class: "pick" }, `${label} `, select);
  return { select, element };
}

function buildClasses(card) {
  const units = Array.from({ length: card.bars.count }, (_, unit) => [unit, card.nameOf(unit)]);
  const options = card.isNumber ? units : [["", texts.PREDICTED], ...units];
  const label = card.isNumber ? texts.FOR : texts.CLASS;
  return buildSelect("why-class", label, options, (value) =>
    card.chooseClass(value === "" ? null : Number(value)),
  );
}

function buildLayers(card) {
  const options = card.explainer.layers().map(({ id, name }) => [id, name]);
  const built = buildSelect("why-layer", texts.LAYER, options, (value) => card.chooseLayer(Number(value)));
  built.select.value = card.layer;
  return built;
}

function buildSlider(card) {
  const { random } = card.changes;
  const all = random.layers.length;
  const slider = make("input", { type: "range", id: "why-random", min: 0, max: all, step: 1, value: 0 });
  const said = make("output", { for: "why-random" }, texts.randomCount(0, all));
  const similarity = make("p", { class: "sentence", id: "why-similarity", hidden: true });
  slider.addEventListener("input", () => card.changes.randomise(Number(slider.value)));
  const element = make(
    "div",
    { class: "random" },
    make("label", { class: "pick" }, `${texts.RANDOM} `, slider, " ", said),
    make("p", { class: "soft small" }, texts.RANDOM_HELP),
    similarity,
  );
  const follow = () => {
    slider.value = random.count;
    said.textContent = texts.randomCount(random.count, all);
  };
  return { element: all ? element : null, follow, similarity };
}

function buildMind(card) {
  const says = make("p", { class: "sentence", id: "mind-says", role: "status", hidden: true });
  const attributes = { type: "button", class: "more", id: "mind", onclick: () => card.changeMind() };
  const element = make("div", {}, make("button", attributes, texts.MIND), says);
  return { element: card.isNumber ? null : element, says };
}

function buildProgress(card) {
  const bar = make("progress", { max: 1, "aria-label": texts.WORKING });
  const stop = () => {
    card.stop();
    card.controls.say(texts.STOPPED);
    card.controls.sayMind("");
  };
  const button = make("button", { type: "button", class: "more", onclick: stop }, texts.STOP);
  const element = make("div", { class: "working", hidden: true }, bar, button);
  return { element, bar };
}

function write(element, sentence) {
  element.textContent = sentence;
  element.hidden = !sentence;
}

export function buildControls(card) {
  const [methods, classes, layers] = [buildMethods(card), buildClasses(card), buildLayers(card)];
  const [slider, mind, working] = [buildSlider(card), buildMind(card), buildProgress(card)];
  const says = make("p", { class: "sentence", id: "why-says" }, texts.explained.none());
  const element = make("div", { class: "why-controls" });
  element.append(
    ...[methods.element, classes.element, layers.element, working.element, says],
    ...[slider.element, mind.element].filter(Boolean),
  );
  return {
    element,
    say: (sentence) => write(says, sentence),
    sayMind: (sentence) => write(mind.says, sentence),
    saySimilarity: (value) => write(slider.similarity, value === undefined ? "" : texts.similarity(value)),
    progress(share) {
      working.element.hidden = share === null;
      working.bar.value = share ?? 0;
    },
    /* Show what is chosen now. */
    follow() {
      methods.follow();
      layers.element.hidden = METHODS[card.method]?.reaches !== "layer" || card.layer < 0;
      layers.select.value = card.layer;
      classes.element.hidden = card.method === "none" || !card.bars.known;
      classes.select.value = card.unit ?? (card.isNumber ? 0 : "");
      if (!card.isNumber && !classes.element.hidden) {
        const name = card.nameOf(card.wanted());
        classes.select.options[0].textContent = texts.predictedClass(name, card.changes.random.count);
      }
      slider.follow();
    },
  };
}
