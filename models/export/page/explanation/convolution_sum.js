/* How a convolution came to one value: patch × kernel for each channel, and their sum. */

import { make } from "../elements.js";
import { positionInWindow } from "../engine/windows.js";
import * as texts from "../texts.js";
import { kernelsOf } from "./filters.js";
import { bar, foldingList, foldingRow, signed } from "./folding_list.js";
import { equation, largest, numberGrid } from "./number_grid.js";
import { sumTable } from "./sum_table.js";

const FEW_CHANNELS = 4;

/* `facts` are what `arithmetic` of the engine found for `place`, a value of `node`. */
export function explainConvolution(model, node, place, facts, open) {
  const source = model.nodes[node.inputs[0]];
  const channels = byChannel(facts.terms, node, place);
  const most = Object.fromEntries(
    ["value", "weight", "product"].map((key) => [key, largest(facts.terms, key)]),
  );
  const [first] = channels;
  const several = channels.length > 1;
  const name = (c) => texts.channelName(source, c);
  const title = several ? texts.largestChannelTitle : texts.channelTitle;
  const list = () =>
    foldingList("channels", channels, {
      few: FEW_CHANNELS,
      all: texts.allChannels(channels.length),
      open,
      build: (channel) => foldingRow(cellsOf(channel), () => products(channel, most)),
    });
  const cellsOf = ({ c, sum }) => [
    make("span", { class: "who" }, name(c)),
    bar(sum, Math.abs(first.sum)),
    make("span", { class: "amount" }, signed(sum)),
  ];
  return make(
    "div",
    { class: "arithmetic" },
    make("h3", {}, title(name(first.c))),
    products(first, most),
    facts.outside
      ? make("p", { class: "soft small" }, make("i", { class: "key outside" }), texts.IN_PADDING)
      : null,
    several ? list() : null,
    sumTable(facts, texts.sumOfChannels(channels.length)),
  );
}

/* For each channel the cells of the window, {value, weight, product, outside}. Cells in the padding have
   no term. The channel with the largest sum, positive or negative, comes first. */
function byChannel(terms, node, place) {
  const channels = kernelsOf(node, place.c).map(({ channel, rows }) => ({
    c: channel,
    sum: 0,
    cells: rows.map((row) =>
      row.map((weight) => ({ value: 0, weight: weight.value, product: 0, outside: true })),
    ),
  }));
  const find = new Map(channels.map((channel) => [channel.c, channel]));
  for (const { y, x, c, value, weight, product } of terms) {
    const channel = find.get(c);
    const [row, column] = positionInWindow(node, place, y, x);
    channel.cells[row][column] = { value, weight, product, outside: false };
    channel.sum += product;
  }
  return channels.sort((one, other) => Math.abs(other.sum) - Math.abs(one.sum));
}

/* patch × kernel = product */
function products({ cells }, most) {
  const grid = (key, title) =>
    numberGrid(
      cells.map((row) =>
        row.map((cell) => ({ value: cell[key], outside: key !== "weight" && cell.outside })),
      ),
      most[key],
      title,
    );
  return equation(
    cells[0].length,
    grid("value", texts.PATCH),
    "×",
    grid("weight", texts.KERNEL),
    "=",
    grid("product", texts.PRODUCT),
  );
}
