/* The layers: a card for each, with its maps as tiles. Everything is computed always; only what can
   be seen is drawn. */

import { votes as votesOf } from "./engine/arithmetic.js";
import { receptiveField, sources } from "./engine/receptive_fields.js";
import * as Writing from "./writing.js";

export class View {
  static FEW = 32; // maps of a layer that are shown at once
  static VOTES = 12; // that are marked
  static SMALL = 16; // layers of a model whose layers are all shown at once
  static SLIM = new Set(["copy", "rescale", "pad"]); // kinds whose cards are folded

  /* `low` and `high` are black and white in the model's input. `look(place)` is called when a place
     {id, y, x, c} is pointed at, `hold(place)` when it is chosen, `weights(node, c)` for a filter. */
  constructor(model, classNames, { layers, seen }, [low, high], { look, hold, weights }) {
    this.model = model;
    this.classNames = classNames;
    this.nodes = new Map(model.nodes.map((node) => [node.id, node]));
    this.range = [low, high];
    this.handlers = { look, hold, weights };
    this.cards = new Map(); // id -> {node, element, tiles, maps}
    this.seenNow = new Set(); // cards in the window
    this.marks = [];
    this.previews = [];
    this.watcher = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          const one = target.card;
          if (!isIntersecting) this.seenNow.delete(one);
          else if (!this.seenNow.has(one)) {
            this.seenNow.add(one);
            one.draw();
          }
        }
      },
      { rootMargin: "150px" },
    );
    layers.replaceChildren();
    this.buildInput(seen);
    this.buildLayers(layers);
    for (const holder of [layers, seen]) this.listen(holder);
  }

  /* ---- What a node is ---- */

  static isMap(node) {
    return node.shape.length === 3;
  }
  static maps(node) {
    return View.isMap(node) ? node.shape[2] : 1;
  }
  static shapeOf(node) {
    return node.shape.map(Writing.count).join(" × ");
  }
  static hasFilters(node) {
    return ["conv", "depthwise"].includes(node.kind);
  }
  static parameters(node) {
    return Object.values(node.weights).reduce((sum, values) => sum + values.length, 0);
  }

  /* Still a picture: nothing but its size or scale has been changed. */
  isPicture(node) {
    if (node === this.model.nodes[0]) return true;
    return ["resize", "pad"].includes(node.kind) && this.isPicture(this.nodes.get(node.inputs[0]));
  }

  /* What a layer does, in a few words. */
  static describe(node) {
    const set = node.config;
    const by = (values) => values.join(" × ");
    const stride =
      set.strides && Math.max(...set.strides) > 1
        ? `stride ${set.strides[0] === set.strides[1] ? set.strides[0] : by(set.strides)}`
        : "";
    const dilation =
      set.dilation_rate && Math.max(...set.dilation_rate) > 1 ? `dilation ${by(set.dilation_rate)}` : "";
    const activation = set.activation && set.activation !== "linear" ? set.activation.replace("_", " ") : "";
    const some = (values) => (values.length === 1 ? Writing.number(values[0]) : "its own number");
    const words = {
      conv: () => [
        `${by(set.kernel_size)} convolution`,
        stride,
        dilation,
        set.groups > 1 ? `${set.groups} groups` : "",
        activation,
      ],
      depthwise: () => [`${by(set.kernel_size)} convolution of each map`, stride, dilation, activation],
      dense: () => ["every value votes", activation],
      pool: () => [`${set.mode === "max" ? "largest" : "mean"} of ${by(set.kernel_size)}`, stride],
      global: () => [`${set.mode === "max" ? "largest" : "mean"} of each map`],
      rescale: () => [`times ${some(set.scale)}`, set.offset.some(Boolean) ? `plus ${some(set.offset)}` : ""],
      normalize: () => ["each map scaled and shifted"],
      resize: () => [`to ${by(node.shape.slice(0, 2))} pixels`],
      pad: () => ["adds or cuts off a border"],
      copy: () => [
        node.type.includes("Flatten")
          ? "all maps in one row"
          : node.type.includes("Dropout")
            ? "passes on; leaves out in training only"
            : "passes on",
      ],
      activation: () => [activation],
    }[node.kind];
    return words ? words().filter(Boolean).join(", ") : "";
  }

  /* ---- Building ---- */

  buildInput(seen) {
    const node = this.model.nodes[0];
    const maps = Writing.make("div", {
      class: "maps single",
      role: "group",
      "aria-label": "What the network sees",
    });
    seen.append(
      Writing.make("p", { class: "label" }, "What the network sees"),
      maps,
      Writing.make(
        "p",
        { class: "soft" },
        node.shape.join() === "28,28,1"
          ? "28 × 28 pixels, centred and scaled like MNIST"
          : `${node.w} × ${node.h} pixels${node.c === 3 ? " in colour" : ""}`,
      ),
    );
    this.addCard(node, seen, maps, 1);
  }

  buildLayers(layers) {
    const rest = this.model.nodes.slice(1);
    const key = (node) =>
      [
        ...(node.path || []).slice(0, -1),
        View.isMap(node) ? `${node.shape[0]} × ${node.shape[1]}` : "values",
      ].join(" › ");
    const groups = [];
    for (const node of rest) {
      const group = groups.at(-1);
      if (rest.length > View.SMALL && group && group.key === key(node)) group.nodes.push(node);
      else groups.push({ key: key(node), nodes: [node] });
    }
    const isStage = (group) => group.nodes.length > 2 && View.isMap(group.nodes[0]);
    const first = groups.find(isStage);
    for (const group of groups) {
      const cards = group.nodes.map((node) => this.buildCard(node));
      layers.append(
        isStage(group)
          ? this.buildStage(group, cards, group === first)
          : Writing.make("div", { class: "plain" }, cards),
      );
    }
  }

  /* Layers of one size, folded. */
  buildStage({ key, nodes }, cards, open) {
    const last = nodes.at(-1);
    const strip = Writing.make("span", { class: "strip", "aria-hidden": "true" });
    const stage = Writing.make(
      "details",
      { class: "stage", open },
      Writing.make(
        "summary",
        {},
        Writing.make("span", { class: "stage-name" }, key),
        Writing.make(
          "span",
          { class: "soft" },
          `${Writing.plural(nodes.length, "layer")}, ${nodes[0].name} to ${last.name}`,
        ),
        strip,
      ),
      cards,
    );
    const tiles = Array.from({ length: Math.min(8, last.c) }, (_, c) => this.plainTile(last, c));
    strip.append(...tiles.map((tile) => tile.canvas));
    const summary = stage.querySelector("summary");
    summary.card = { node: last, draw: () => this.drawTiles(last, tiles) };
    this.watcher.observe(summary);
    return stage;
  }

  plainTile(node, c) {
    const canvas = Writing.make("canvas");
    canvas.width = node.shape[1];
    canvas.height = node.shape[0];
    return { canvas, c };
  }

  buildCard(node) {
    const slim = View.SLIM.has(node.kind);
    const many = View.parameters(node);
    const facts = Writing.make(
      "span",
      { class: "facts" },
      Writing.make("span", { title: "rows × columns × maps, or values" }, View.shapeOf(node)),
      many ? Writing.make("span", {}, Writing.plural(many, "parameter")) : null,
    );
    const head = [
      Writing.make(slim ? "span" : "h3", { class: "name" }, node.name),
      Writing.make(
        "span",
        { class: "type" },
        Writing.make("code", {}, node.type),
        View.describe(node) ? ` ${View.describe(node)}` : "",
      ),
      facts,
    ];
    const maps = Writing.make("div", { class: "maps", role: "group" });
    const card = slim
      ? Writing.make("details", { class: "layer slim" }, Writing.make("summary", {}, head), maps)
      : Writing.make("section", { class: "layer" }, Writing.make("div", { class: "head" }, head), maps);
    card.dataset.node = node.id;
    this.addCard(node, card, maps, View.FEW);
    return card;
  }

  addCard(node, element, maps, few) {
    const card = { node, element, maps, tiles: [], draw: () => this.drawTiles(node, card.tiles) };
    const total = node === this.model.nodes[0] ? 1 : View.maps(node);
    const add = (upTo) => {
      for (let c = card.tiles.length; c < upTo; c++) {
        const tile = this.buildTile(node, c, total, element);
        card.tiles.push(tile);
        maps.append(tile.figure);
      }
    };
    this.sizeTiles(node, maps);
    maps.setAttribute(
      "aria-label",
      View.isMap(node)
        ? `${Writing.plural(total, "map")} of ${node.name}; arrow keys move over pixels`
        : `${Writing.plural(node.shape[0], "value")} of ${node.name}`,
    );
    add(Math.min(few, total));
    if (card.tiles.length) card.tiles[0].canvas.tabIndex = 0;
    if (total > few) {
      const more = Writing.make(
        "button",
        { type: "button", class: "more" },
        `Show all ${Writing.plural(total, "map")}`,
      );
      more.addEventListener("click", () => {
        add(total);
        more.remove();
        card.draw();
        card.tiles[few].canvas.focus({ preventScroll: true });
      });
      element.append(more);
    }
    element.card = card;
    this.cards.set(node.id, card);
    this.watcher.observe(element);
  }

  /* Tiles whose pixels are whole screen pixels, where they are few. */
  sizeTiles(node, maps) {
    if (!View.isMap(node)) {
      maps.classList.add("vector");
      return;
    }
    const wide = node.shape[1],
      longest = Math.max(node.shape[0], wide);
    const target = node === this.model.nodes[0] ? 112 : longest <= 8 ? 40 : longest <= 40 ? 58 : 76;
    const scale = longest <= target ? Math.floor(target / longest) : target / longest;
    maps.style.setProperty("--tile", `${Math.round(wide * scale)}px`);
    if (longest > target) maps.classList.add("smooth");
  }

  /* Rows and columns in which the values of a vector are shown. */
  static grid(count) {
    const columns = count <= 16 ? count : count <= 640 ? 32 : 64;
    return [Math.ceil(count / columns), columns];
  }

  buildTile(node, c, total, element) {
    const canvas = Writing.make("canvas", { role: "img", "aria-roledescription": "map" });
    const [height, width] = View.isMap(node) ? node.shape : View.grid(node.shape[0]);
    canvas.width = width;
    canvas.height = height;
    canvas.tabIndex = -1;
    canvas.tile = { node, c, total };
    const frame = Writing.make("div", { class: "frame" }, canvas);
    if (!View.isMap(node)) frame.style.setProperty("--columns", width);
    const figure = Writing.make("div", { class: "map" }, frame);
    if (node === this.model.nodes.at(-1) && node.c > 1 && node.c <= 16) {
      const labels = Writing.make(
        "div",
        { class: "labels", "aria-hidden": "true" },
        Array.from({ length: node.c }, (_, unit) =>
          Writing.make("span", {}, this.classNames[unit] ?? String(unit)),
        ),
      );
      labels.style.setProperty("--columns", node.c);
      // Few neurons may be as wide as their names
      if (node.c <= 4) for (const part of [frame, labels]) part.style.setProperty("--cell", "72px");
      figure.append(labels);
    }
    const name = View.isMap(node) && total > 1 ? `${node.name}, map ${c} of ${total}` : node.name;
    canvas.setAttribute("aria-label", name);
    canvas.tile.name = name;
    if (View.isMap(node) && node !== this.model.nodes[0]) {
      figure.append(
        View.hasFilters(node)
          ? Writing.make(
              "button",
              {
                type: "button",
                class: "title",
                tabindex: "-1",
                title: `Weights of filter ${c}`,
                "aria-label": `Weights of filter ${c} of ${node.name}`,
                onclick: () => this.handlers.weights(node, c),
              },
              String(c),
            )
          : Writing.make("span", { class: "title" }, String(c)),
      );
    }
    return { figure, frame, canvas, c };
  }

  /* ---- Drawing ---- */

  draw() {
    for (const card of this.seenNow) card.draw();
  }

  drawTiles(node, tiles) {
    if (!node.values) return;
    const picture = this.isPicture(node);
    const most = picture ? 0 : View.most(node.values);
    for (const tile of tiles) this.drawTile(node, tile, picture, most);
  }

  static most(values) {
    let most = 0;
    for (let at = 0; at < values.length; at++) most = Math.max(most, Math.abs(values[at]));
    return most;
  }

  drawTile(node, { canvas, c }, picture, most) {
    const brush = canvas.getContext("2d");
    const { width, height } = canvas;
    const image = brush.createImageData(width, height);
    const data = image.data,
      values = node.values;
    const channels = View.maps(node);
    const count = View.isMap(node) ? width * height : node.shape[0];
    if (picture) {
      const [low, high] = this.range;
      const whole = node === this.model.nodes[0] && channels === 3;
      for (let at = 0; at < count; at++) {
        for (let part = 0; part < 3; part++)
          data[4 * at + part] = (255 * (values[at * channels + (whole ? part : c)] - low)) / (high - low);
        data[4 * at + 3] = 255;
      }
    } else {
      const colours = Writing.colours();
      for (let at = 0; at < count; at++) {
        const from = Writing.place(values[at * channels + c], most);
        data[4 * at] = colours[from];
        data[4 * at + 1] = colours[from + 1];
        data[4 * at + 2] = colours[from + 2];
        data[4 * at + 3] = 255;
      }
    }
    brush.putImageData(image, 0, 0);
  }

  /* ---- Pointing ---- */

  /* The place on a tile: {id, y, x, c}. */
  placeAt(canvas, column, row) {
    const { node, c } = canvas.tile;
    column = Math.max(0, Math.min(canvas.width - 1, column));
    row = Math.max(0, Math.min(canvas.height - 1, row));
    if (View.isMap(node)) return { id: node.id, y: row, x: column, c };
    return { id: node.id, y: 0, x: 0, c: Math.min(node.shape[0] - 1, row * canvas.width + column) };
  }

  listen(holder) {
    const under = (event) => {
      const canvas = event.target.closest("canvas");
      if (!canvas || !canvas.tile) return null;
      const box = canvas.getBoundingClientRect();
      return this.placeAt(
        canvas,
        Math.floor(((event.clientX - box.left) / box.width) * canvas.width),
        Math.floor(((event.clientY - box.top) / box.height) * canvas.height),
      );
    };
    holder.addEventListener("pointermove", (event) => {
      if (event.pointerType === "touch") return; // a finger that moves scrolls
      const place = under(event);
      if (place) this.handlers.look(place);
    });
    holder.addEventListener("click", (event) => {
      const place = under(event);
      if (place) this.handlers.hold(place);
    });
    holder.addEventListener("focusin", (event) => {
      const canvas = event.target.closest("canvas");
      if (!canvas || !canvas.tile || !canvas.matches(":focus-visible")) return;
      const { c, node } = canvas.tile;
      const at = this.at;
      const same = at && at.id === node.id;
      if (same && (at.c === c || !View.isMap(node))) return;
      this.handlers.look(
        same
          ? { ...at, c }
          : this.placeAt(
              canvas,
              View.isMap(node) ? Math.floor(canvas.width / 2) : 0,
              View.isMap(node) ? Math.floor(canvas.height / 2) : 0,
            ),
        true,
      );
    });
    holder.addEventListener("keydown", (event) => this.key(event));
  }

  /* Arrows move over pixels, Page Up and Page Down over maps, Enter shows a filter's weights. */
  key(event) {
    const canvas = event.target.closest("canvas");
    if (!canvas || !canvas.tile || event.altKey || event.ctrlKey || event.metaKey) return;
    const { node, c } = canvas.tile;
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const here = this.at && this.at.id === node.id ? this.at : this.placeAt(canvas, 0, 0);
    const [column, row] = View.isMap(node)
      ? [here.x, here.y]
      : [here.c % canvas.width, Math.floor(here.c / canvas.width)];
    if (steps) this.handlers.look(this.placeAt(canvas, column + steps[0], row + steps[1]), true);
    else if (event.key === "Home" || event.key === "End")
      this.handlers.look(this.placeAt(canvas, event.key === "Home" ? 0 : canvas.width - 1, row), true);
    else if (event.key === "PageDown" || event.key === "PageUp") {
      const tiles = this.cards.get(node.id).tiles;
      const next = tiles[Math.max(0, Math.min(tiles.length - 1, c + (event.key === "PageDown" ? 1 : -1)))];
      for (const tile of tiles) tile.canvas.tabIndex = -1;
      next.canvas.tabIndex = 0;
      next.canvas.focus();
      this.handlers.look({ ...here, c: next.c }, true);
    } else if (event.key === "Enter" && View.hasFilters(node)) this.handlers.weights(node, c);
    else if (event.key === "Enter" || event.key === " ") this.handlers.hold(here);
    else return;
    event.preventDefault();
  }

  /* ---- Lighting up ---- */

  clearLight() {
    for (const { element } of this.marks) element.remove();
    this.marks = [];
    for (const maps of this.lit || []) {
      maps.classList.remove("lit", "some");
      for (const one of maps.querySelectorAll(".one")) one.classList.remove("one");
    }
    this.lit = [];
  }

  /* Show a place, and in every layer before it what it depends on. */
  light(place) {
    this.clearLight();
    this.at = place;
    const node = this.nodes.get(place.id);
    this.mark(place, "spot");
    const direct = new Map(
      sources(this.model, node, place.y, place.x, place.c).map((box) => [box.id, box]),
    );
    const fields = View.isMap(node)
      ? receptiveField(this.model, node, place.y, place.x, place.c)
      : new Map();
    for (const [id, box] of fields) if (id !== node.id) this.box(id, box, direct.get(id));
    if (node.kind === "dense") this.lightVotes(node, place.c);
    else if (!View.isMap(node)) this.lightOrigin(place);
  }

  /* A value in a row may stand for a pixel of a map. */
  lightOrigin(place) {
    const origin = this.origin(place);
    if (origin.id !== place.id) {
      this.mark(origin, "spot");
      const node = this.nodes.get(origin.id);
      if (!View.isMap(node)) return;
      for (const [id, box] of receptiveField(this.model, node, origin.y, origin.x, origin.c))
        if (id !== node.id) this.box(id, box, null);
    }
  }

  /* Where a value was before layers that only pass values on. */
  origin(place) {
    const node = this.nodes.get(place.id);
    if (node.kind !== "copy") return place;
    const source = this.nodes.get(node.inputs[0]);
    const box = sources(this.model, node, place.y, place.x, place.c)[0];
    return this.origin({ id: source.id, y: box.y0, x: box.x0, c: box.c0 });
  }

  box(id, { y0, y1, x0, x1 }, only) {
    const card = this.cards.get(id);
    if (!card || !View.isMap(card.node)) return;
    const [height, width] = card.node.shape;
    const style = card.maps.style;
    style.setProperty("--top", `${(100 * y0) / height}%`);
    style.setProperty("--left", `${(100 * x0) / width}%`);
    style.setProperty("--tall", `${(100 * (y1 - y0)) / height}%`);
    style.setProperty("--wide", `${(100 * (x1 - x0)) / width}%`);
    card.maps.classList.add("lit");
    card.maps.dataset.field = [y0, y1, x0, x1].join(" ");
    if (only && only.c1 - only.c0 < card.node.shape[2] && card.tiles.length > 1) {
      card.maps.classList.add("some");
      for (const { c, figure } of card.tiles) figure.classList.toggle("one", c >= only.c0 && c < only.c1);
    }
    this.lit.push(card.maps);
  }

  /* A frame around one pixel of a map or one value of a row. */
  mark({ id, y, x, c }, kind, strength = 1) {
    const card = this.cards.get(id);
    if (!card) return null;
    const { node } = card;
    const tile = View.isMap(node) && card.tiles.length > 1 ? card.tiles[c] : card.tiles[0];
    if (!tile) return null;
    const { canvas, frame } = tile;
    const [row, column] = View.isMap(node) ? [y, x] : [Math.floor(c / canvas.width), c % canvas.width];
    const element = Writing.make("i", { class: `mark ${kind}` });
    element.style.cssText =
      `top:${(100 * row) / canvas.height}%;left:${(100 * column) / canvas.width}%;` +
      `height:${100 / canvas.height}%;width:${100 / canvas.width}%;--strength:${strength}`;
    frame.append(element);
    this.marks.push({ element, frame });
    return element;
  }

  /* The name of a place, counted from 0 as in Keras and NumPy. */
  name({ id, y, x, c }) {
    const node = this.nodes.get(id);
    if (!View.isMap(node)) {
      const of = `${node.name}, ${node.kind === "dense" ? "neuron" : "value"} ${c} of ${Writing.count(node.c)}`;
      return node === this.model.nodes.at(-1) && node.c > 1
        ? `${of}: ${this.classNames[c] ?? `class ${c}`}`
        : of;
    }
    const map = node.shape[2] > 1 ? `, map ${c}` : "";
    return `${node.name}${map}, row ${y}, column ${x}`;
  }

  /* The same in few characters: the pixel as (row, column). */
  shortName({ id, y, x, c }) {
    const node = this.nodes.get(id);
    if (!View.isMap(node)) return `${node.name} ${c}`;
    return `${node.name}${node.c > 1 ? `, map ${c}` : ""}, (${y}, ${x})`;
  }

  value({ id, y, x, c }) {
    const { shape, values } = this.nodes.get(id);
    return values[shape.length === 3 ? (y * shape[1] + x) * shape[2] + c : c];
  }

  /* The values that vote most for one neuron, and where they come from. */
  lightVotes(node, unit) {
    const votes = votesOf(this.model, node, unit);
    const most = votes.length ? Math.abs(votes[0].product) || 1 : 1;
    this.mark({ id: node.id, y: 0, x: 0, c: unit }, "spot");
    for (const vote of votes.slice(0, View.VOTES)) {
      if (!vote.product) break;
      const kind = vote.product < 0 ? "minus" : "plus";
      const place = { id: node.inputs[0], y: 0, x: 0, c: vote.index };
      const origin = this.origin(place);
      this.mark(origin, `vote ${kind}`, Math.abs(vote.product) / most);
      if (origin.id !== place.id) this.mark(place, `vote ${kind}`, Math.abs(vote.product) / most);
    }
  }

  /* A filter whose weights are shown. */
  lightFilter(node, c) {
    this.clearLight();
    const tile = this.cards.get(node.id).tiles[c];
    if (!tile) return;
    const element = Writing.make("i", { class: "mark whole" });
    tile.frame.append(element);
    this.marks.push({ element });
  }

  /* A good place to begin: where the last convolution says most. */
  firstPlace() {
    const some = this.model.nodes.filter(
      (node) => View.hasFilters(node) && node.values.length && Math.max(...node.config.kernel_size) > 1,
    );
    const near = some.slice(0, 2).at(-1) || this.model.nodes.find((node) => node.kind === "dense");
    if (!near) return null;
    let best = 0;
    const shown = View.isMap(near) ? Math.min(View.FEW, near.c) : near.c;
    near.values.forEach((value, at) => {
      if (value > near.values[best] && at % near.c < shown) best = at;
    });
    const pixel = Math.floor(best / near.c);
    return { id: near.id, y: Math.floor(pixel / near.w), x: pixel % near.w, c: best % near.c };
  }
}
