/* Tiles: one canvas for each feature map, or for a vector. */

import * as colours from "../colours.js";
import { make } from "../elements.js";
import * as texts from "../texts.js";
import { hasFilters, hasMaps, isPicture, mapCount } from "./nodes.js";

/* One map of a node with its frame and title. `showFilter(node, c)` is called by a click on the title. */
export function buildTile(model, node, c, total, showFilter) {
  const canvas = make("canvas", { role: "img", "aria-roledescription": texts.TILE_ROLE });
  const [height, width] = hasMaps(node) ? node.shape : gridSize(node.c);
  canvas.width = width;
  canvas.height = height;
  canvas.tabIndex = -1;
  canvas.tile = { node, c };
  const frame = make("div", { class: "frame" }, canvas);
  if (!hasMaps(node)) frame.style.setProperty("--columns", width);
  canvas.setAttribute("aria-label", hasMaps(node) && total > 1 ? texts.mapLabel(node, c, total) : node.name);
  const title = hasMaps(node) && node !== model.nodes[0] ? buildTitle(node, c, showFilter) : null;
  return { figure: make("div", { class: "map" }, frame, title), frame, canvas, title, c };
}

function buildTitle(node, c, showFilter) {
  if (!hasFilters(node)) return make("span", { class: "title" }, String(c));
  const attributes = {
    type: "button",
    class: "title",
    tabindex: "-1",
    title: texts.filterTitle(c),
    "aria-label": texts.filterLabel(node, c),
    onclick: () => showFilter(node, c),
  };
  return make("button", attributes, String(c));
}

/* The names of the classes below the neurons of a tile. */
export function labelNeurons({ figure, frame }, node, classNames) {
  const labels = make(
    "div",
    { class: "labels", "aria-hidden": "true" },
    Array.from({ length: node.c }, (_, unit) => make("span", {}, classNames[unit] ?? String(unit))),
  );
  labels.style.setProperty("--columns", node.c);
  // Few neurons may be as wide as their names
  if (node.c <= 4) for (const part of [frame, labels]) part.style.setProperty("--cell", "72px");
  figure.append(labels);
}

/* A map without frame and title. */
export function plainTile(node, c) {
  const canvas = make("canvas");
  canvas.width = node.shape[1];
  canvas.height = node.shape[0];
  return { canvas, c };
}

/* Rows and columns in which the values of a vector are shown. */
function gridSize(count) {
  const columns = count <= 16 ? count : count <= 640 ? 32 : 64;
  return [Math.ceil(count / columns), columns];
}

/* Set the size of the tiles in `maps` so that a pixel of a small map covers whole pixels of the screen. */
export function sizeTiles(model, node, maps) {
  if (!hasMaps(node)) {
    maps.classList.add("vector");
    return;
  }
  const [height, width] = node.shape;
  const longest = Math.max(height, width);
  const input = node.c === 2 || node.c === 4 ? 54 : 112; // two or four maps, or one
  const target = node === model.nodes[0] ? input : longest <= 8 ? 40 : longest <= 40 ? 58 : 76;
  const scale = longest <= target ? Math.floor(target / longest) : target / longest;
  maps.style.setProperty("--tile", `${Math.round(width * scale)}px`);
  if (longest > target) maps.classList.add("smooth");
  if (height === 1) maps.classList.add("line"); // lists of vectors would be too thin to see
}

/* The largest absolute value of a node's values, or of each `step`-th from `first` on: that of the full colour. */
export function largestValue({ values }, first = 0, step = 1) {
  let most = 0;
  for (let at = first; at < values.length; at += step) most = Math.max(most, Math.abs(values[at]));
  return most;
}

/* Draw the values of a node into its tiles. `range` is black and white in the model's input. All maps of a node have one
   scale of colours; or each has its own, if `ownScale`. */
export function drawTiles(model, node, tiles, range, ownScale) {
  if (!node.values) return;
  if (isPicture(model, node)) {
    for (const tile of tiles) drawPicture(node, tile, range, node === model.nodes[0] && node.c === 3);
    return;
  }
  const own = ownScale && hasMaps(node);
  const most = own ? 0 : largestValue(node);
  for (const tile of tiles) {
    const full = own ? largestValue(node, tile.c, node.c) : most;
    drawMap(node, tile, full);
    if (tile.title) tile.title.textContent = own ? texts.mapScale(tile.c, full) : String(tile.c);
  }
}

function drawPicture(node, { canvas, c }, [low, high], inColour) {
  const brush = canvas.getContext("2d");
  const image = brush.createImageData(canvas.width, canvas.height);
  const { data } = image;
  for (let at = 0; at < canvas.width * canvas.height; at++) {
    for (let part = 0; part < 3; part++) {
      const value = node.values[at * node.c + (inColour ? part : c)];
      data[4 * at + part] = (255 * (value - low)) / (high - low);
    }
    data[4 * at + 3] = 255;
  }
  brush.putImageData(image, 0, 0);
}

let sheet = null; // the pixels of the map that was drawn last: those beside it are of the same size

function drawMap(node, { canvas, c }, most) {
  const brush = canvas.getContext("2d");
  if (sheet?.width !== canvas.width || sheet.height !== canvas.height) {
    sheet = brush.createImageData(canvas.width, canvas.height);
  }
  const pixels = new Uint32Array(sheet.data.buffer);
  const channels = mapCount(node);
  const count = hasMaps(node) ? pixels.length : node.c;
  pixels.fill(0, count);
  const scale = colours.pixels();
  for (let at = 0, from = c; at < count; at++, from += channels) {
    pixels[at] = scale[colours.step(node.values[from], most)];
  }
  brush.putImageData(sheet, 0, 0);
}
