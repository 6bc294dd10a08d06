/* The card "One kernel, step by step": a kernel of the first convolution slides over the picture, and its feature map
   appears pixel by pixel. The panel shows the arithmetic of each. */

import { colour } from "../colours.js";
import { make } from "../elements.js";
import { receptiveField } from "../engine/receptive_fields.js";
import { kernelsOf } from "../explanation/filters.js";
import { hasFilters, hasMaps } from "../layers/nodes.js";
import { isUpright } from "../layers/sounds.js";
import { drawTiles, plainTile } from "../layers/tiles.js";
import * as texts from "./texts.js";
import { partAt, placeAfter, SECONDS, secondsOf } from "./timing.js";

const MOST_CHOSEN = 32; // maps that the story is told of: those that are on the screen

export class Story {
  /* `look(place)` lets the panel and the layers show a place. */
  constructor(view, look) {
    Object.assign(this, { view, look, at: 0, c: 0, seconds: 0, timer: 0 });
    const sees = pictureReaches(view.model);
    this.node = view.model.nodes.find(
      (node) =>
        hasFilters(node) && hasMaps(node) && sees[node.id] && Math.max(...node.config.kernel_size) > 1,
    );
    if (!this.node) return;
    // Of a sound, the picture is what the convolution gets, unless that has one row: the sound itself
    const { nodes } = view.model;
    this.source = nodes[0].config.sampling_rate ? nodes[this.node.inputs[0]] : nodes[0];
    if (nodes[0].config.sampling_rate && this.source.h === 1) this.node = null;
    else this.build();
  }

  get total() {
    return this.node.h * this.node.w;
  }

  placeAfter(seconds) {
    return placeAfter(seconds, this.total);
  }

  get place() {
    const { id, w } = this.node;
    return { id, y: Math.floor(this.at / w), x: this.at % w, c: this.c };
  }

  build() {
    const { source } = this;
    this.picture = canvasOf(source.w, source.h, texts.PICTURE_LABEL);
    this.map = canvasOf(this.node.w, this.node.h, "");
    this.full = plainTile(this.node, 0);
    this.window = make("i", { class: "mark spot" });
    this.pixel = make("i", { class: "mark spot" });
    this.kernel = make("canvas", { role: "img", "aria-label": texts.KERNEL_LABEL });
    this.mapName = make("figcaption");
    this.caption = make("p", { class: "story-caption" });
    this.position = make("span", { class: "soft small" });
    const button = (text, onclick, label) =>
      make("button", { type: "button", class: "more", onclick, "aria-label": label }, text);
    this.toggle = button(texts.PLAY, () => (this.playing ? this.pause() : this.play()));
    this.slider = make("input", { type: "range", min: 0, max: this.total - 1, "aria-label": texts.SLIDER });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    const controls = [
      this.toggle,
      button("‹", () => this.go(this.at - 1), texts.BACK),
      button("›", () => this.go(this.at + 1), texts.ON),
      this.slider,
      this.position,
    ];
    const figure = (canvas, mark, name) =>
      make("figure", {}, make("div", { class: "frame" }, canvas, mark), name);
    this.element = make(
      "details",
      { class: "layer slim story", id: "story", open: this.isOpenAtFirst() },
      make(
        "summary",
        {},
        make("span", { class: "name" }, texts.TITLE),
        make("span", { class: "type" }, texts.ABOUT),
      ),
      make(
        "div",
        { class: "story-figures" },
        figure(this.picture, this.window, make("figcaption", {}, source.id ? source.name : texts.PICTURE)),
        make("span", { class: "sign", "aria-hidden": "true" }, "×"),
        figure(this.kernel, null, make("figcaption", {}, texts.KERNEL)),
        make("span", { class: "sign", "aria-hidden": "true" }, "="),
        figure(this.map, this.pixel, this.mapName),
      ),
      this.caption,
      make("div", { class: "story-controls" }, controls),
    );
    this.element.classList.toggle("upright", isUpright(this.view.model, this.node));
    this.element.addEventListener("toggle", () => (this.element.open ? this.draw() : this.pause()));
  }

  /* On a wide screen; of a sound the spectrogram comes first. */
  isOpenAtFirst() {
    return !this.source.id && !matchMedia("(max-width: 820px)").matches;
  }

  /* ---- What the user, or the clock, does ---- */

  /* Where users may have asked for less motion, nothing moves by itself. */
  begin() {
    if (!this.node) return;
    this.choose();
    this.draw();
    if (this.element.open && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  get playing() {
    return this.timer !== 0;
  }

  play() {
    if (this.at === this.total - 1) this.at = 0;
    if (this.at === 0) this.choose();
    let before = performance.now();
    this.seconds = secondsOf(this.at, this.total);
    const step = (now) => {
      this.seconds += Math.max(0, now - before) / 1000;
      before = now;
      const at = this.placeAfter(this.seconds);
      if (at !== this.at) this.show(at);
      if (this.seconds >= SECONDS || this.at === this.total - 1) this.pause();
      else this.timer = requestAnimationFrame(step);
    };
    this.timer = requestAnimationFrame(step);
    this.show(this.at);
  }

  pause() {
    if (!this.playing) return;
    cancelAnimationFrame(this.timer);
    this.timer = 0;
    this.write();
  }

  /* The picture or the model has changed. */
  changed() {
    if (this.node) this.draw();
  }

  go(at) {
    this.pause();
    this.show(Math.max(0, Math.min(this.total - 1, at)));
  }

  show(at) {
    this.at = at;
    this.look(this.place);
    this.draw();
  }

  /* The map that has most to show for the picture: among those on the screen, the one whose pixels differ most. */
  choose() {
    const { values, c: channels, h, w } = this.node;
    const few = Math.min(MOST_CHOSEN, channels);
    const [sums, squares] = [new Float64Array(few), new Float64Array(few)];
    values.forEach((value, at) => {
      const c = at % channels;
      if (c >= few) return;
      sums[c] += value;
      squares[c] += value * value;
    });
    const spread = squares.map((square, c) => square - sums[c] ** 2 / (h * w));
    this.c = Math.max(0, spread.indexOf(Math.max(...spread)));
  }

  /* ---- What is drawn ---- */

  draw() {
    if (!this.element.open) return;
    const { model, cards, builder } = this.view;
    const { node, source, c, place } = this;
    const tile = cards.get(source.id).tiles[0];
    cards.get(source.id).draw();
    copy(tile.canvas, this.picture);
    this.full.c = c;
    drawTiles(model, node, [this.full], builder.range, builder.ownScale);
    this.drawMap();
    this.drawKernel();
    const field = receptiveField(model, node, place.y, place.x, c).get(source.id);
    if (field) frame(this.window, field, source);
    frame(this.pixel, { y0: place.y, y1: place.y + 1, x0: place.x, x1: place.x + 1 }, node);
    this.write();
  }

  /* The pixels that have been computed. */
  drawMap() {
    const { w } = this.node;
    const { y, x } = this.place;
    copy(this.full.canvas, this.map);
    const brush = this.map.getContext("2d");
    brush.clearRect(0, y + 1, w, this.node.h);
    brush.clearRect(x + 1, y, w, 1);
  }

  /* The weights as colours; of several channels side by side. */
  drawKernel() {
    const kernels = kernelsOf(this.node, this.c).slice(0, 4);
    const [height, width] = this.node.config.kernel_size;
    const most = Math.max(...kernels.flatMap(({ rows }) => rows.flat().map(({ value }) => Math.abs(value))));
    this.kernel.width = width;
    this.kernel.height = height * kernels.length;
    const brush = this.kernel.getContext("2d");
    kernels.forEach(({ rows }, at) => {
      rows.forEach((row, y) => {
        row.forEach(({ value }, x) => {
          brush.fillStyle = colour(value, most);
          brush.fillRect(x, at * height + y, 1, 1);
        });
      });
    });
    this.kernel.style.aspectRatio = `${width} / ${height * kernels.length}`;
  }

  said(part) {
    const { node, source } = this;
    const channels = node.kind === "conv" ? node.weightShapes.kernel[2] : 1;
    return texts.caption(part, node, channels, source.id ? source.name : texts.THE_PICTURE);
  }

  write() {
    const last = this.at === this.total - 1;
    this.toggle.textContent = this.playing ? texts.PAUSE : last ? texts.AGAIN : texts.PLAY;
    this.caption.textContent = this.said(partAt(this.at, this.total));
    this.mapName.textContent = texts.mapName(this.node, this.c);
    this.map.setAttribute("aria-label", texts.mapLabel(this.node, this.c));
    this.position.textContent = texts.position(this.at, this.total);
    this.slider.value = this.at;
  }
}

/* For each node, whether it depends on the picture: a model may have other inputs. */
function pictureReaches({ nodes }) {
  const reached = [];
  for (const { id, inputs } of nodes) reached.push(id === 0 || inputs.some((each) => reached[each]));
  return reached;
}

function canvasOf(width, height, label) {
  const canvas = make("canvas", { role: "img", "aria-label": label });
  Object.assign(canvas, { width, height });
  if (Math.max(width, height) > 120) canvas.classList.add("smooth");
  return canvas;
}

function copy(from, to) {
  const brush = to.getContext("2d");
  brush.clearRect(0, 0, to.width, to.height);
  brush.drawImage(from, 0, 0, to.width, to.height);
}

/* Put a frame around a box of pixels. */
function frame(element, { y0, y1, x0, x1 }, { h, w }) {
  element.style.cssText =
    `top:${(100 * y0) / h}%;left:${(100 * x0) / w}%;` +
    `height:${(100 * (y1 - y0)) / h}%;width:${(100 * (x1 - x0)) / w}%`;
}
