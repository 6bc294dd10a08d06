/* What runs when: pictures come in, the model runs once a frame, and what is seen follows. */

import { Answer } from "./answer.js";
import { load } from "./engine/model.js";
import { scores } from "./engine/probabilities.js";
import { Panel } from "./explain.js";
import { Input } from "./input.js";
import { View } from "./view.js";
import * as Writing from "./writing.js";

// The only global: for the browser's console, tests and benchmarks. No module reads it.
const Page = { timings: [], runs: 0 };
globalThis.Page = Page;

(async () => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("model").textContent);
  const model = await load(data.model);
  const last = model.nodes.at(-1);
  const names = data.class_names;
  const oneSided = last.shape[0] === 1; // one value for two classes

  const view = new View(model, names, { layers: byId("layers"), seen: byId("seen") }, data.pixel_range, {
    look: (place, byKey) => look({ kind: "place", place }, byKey),
    hold: (place) => hold({ kind: "place", place }),
    weights: (node, c) => hold({ kind: "filter", node, c }),
  });
  const panel = new Panel(byId("panel"), model, view, names, { release, show: look });
  const answer = new Answer(byId("bars"), last.shape[0], oneSided, names, {
    look: (unit) => look({ kind: "answer", unit }),
    hold: (unit) => hold({ kind: "answer", unit }),
  });

  /* ---- One run a frame, however many strokes come ---- */

  let waiting = false;
  let since = 0; // when the first change came that is not yet seen

  function changed() {
    since ||= performance.now();
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(step);
  }

  function step() {
    waiting = false;
    const [low, high] = data.pixel_range;
    const pixels = input.pixels();
    model.run(low === 0 && high === 255 ? pixels : pixels.map((value) => low + (value * (high - low)) / 255));
    input.paint();
    view.draw();
    answer.draw(scores(model).values);
    const best = answer.best();
    byId("best").textContent = input.isEmpty() ? "" : `${best.name} · ${Writing.percent(best.share)}`;
    if (subject) show();
    if (input.isEmpty()) say("Nothing is drawn yet: the network sees only zeros.");
    announce();
    Page.runs += 1;
    Page.timings.push(performance.now() - since);
    since = 0;
  }

  let timer = 0;
  function announce() {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const best = answer.best();
      byId("live").textContent = input.isEmpty()
        ? "The drawing is empty: the network sees only zeros."
        : `The network says ${best.name}, ${Writing.percent(best.share)}.`;
    }, 700);
  }

  function say(sentence, bad = false) {
    const message = byId("message");
    message.textContent = sentence;
    message.hidden = !sentence;
    message.classList.toggle("bad", bad);
  }

  /* ---- What is pointed at ---- */

  let subject = null;
  let held = false;
  let pointing = false;

  const same = (one, other) =>
    one &&
    other &&
    one.kind === other.kind &&
    one.unit === other.unit &&
    one.c === other.c &&
    (!one.place || ["id", "y", "x", "c"].every((key) => one.place[key] === other.place[key]));

  /* Follows the pointer, unless something is held; keys move what is held. */
  function look(next, byKey = false) {
    if ((held && !byKey) || same(subject, next)) return;
    subject = next;
    if (byKey) held = false;
    if (pointing) return;
    pointing = true;
    requestAnimationFrame(() => {
      pointing = false;
      show();
      if (byKey) tell();
    });
  }

  function hold(next) {
    held = !(held && same(subject, next));
    subject = next;
    show();
    if (next.kind === "filter") byId("release")?.focus({ preventScroll: true });
    panel.unfold(matchMedia("(max-width: 820px)").matches && next.kind !== "place");
  }

  function release() {
    held = false;
    panel.unfold(false);
    if (subject.kind === "filter") {
      const card = view.cards.get(subject.node.id);
      const { c } = subject;
      subject = {
        kind: "place",
        place:
          view.at && view.at.id === subject.node.id
            ? { ...view.at, c }
            : view.placeAt(card.tiles[c].canvas, 0, 0),
      };
      card.tiles[c]?.canvas.focus({ preventScroll: true });
    }
    show();
  }

  function show() {
    if (subject.kind === "place") view.light(subject.place);
    else if (subject.kind === "answer") lightVotes(subject.unit);
    else view.lightFilter(subject.node, subject.c);
    panel.set(subject, held);
    answer.point(subject.kind === "answer" ? subject.unit : -1);
  }

  function lightVotes(unit) {
    view.clearLight();
    const { node } = panel.voting();
    if (node) view.lightVotes(node, Math.min(unit, node.shape[0] - 1));
  }

  /* For who cannot see it: the place and its value. */
  function tell() {
    if (subject.kind !== "place") return;
    const text = `${view.name(subject.place)}: ${Writing.number(view.value(subject.place))}`;
    byId("live").textContent = text;
    document.activeElement?.tile && document.activeElement.setAttribute("aria-label", text);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && held) release();
  });

  /* ---- Start ---- */

  const elements = {
    pad: byId("pad"),
    undo: byId("undo"),
    clear: byId("clear"),
    choose: byId("choose"),
    file: byId("file"),
    colours: byId("colours"),
    examples: byId("examples"),
    whole: document.body,
  };
  const input = new Input(model.nodes[0].shape, elements, changed, say);
  Writing.whenColoursChange(() => {
    view.draw();
    if (subject) show();
  });
  Object.assign(Page, { model, view, panel, input, answer });

  const begin = () => {
    if (input.examples.length) input.useExample(input.examples[0]);
    else input.update();
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const place = view.firstPlace();
        if (place && !subject) look({ kind: "place", place });
        Page.ready = true;
      }),
    );
  };
  const images = input.examples.map((button) => button.querySelector("img"));
  await Promise.all(images.map((image) => image.decode().catch(() => null)));
  begin();
})().catch((error) => {
  document
    .getElementById("layers")
    .replaceChildren(
      Writing.make(
        "p",
        { class: "message bad" },
        `The model cannot be opened in this browser (${error.message}).`,
      ),
    );
  throw error;
});
