/* The part of the input that a value depends on, enlarged. */

import { make } from "../elements.js";
import { isMeanOfSound, receptiveField } from "../engine/receptive_fields.js";
import { hasMaps, origin } from "../layers/nodes.js";
import { drawWaveform } from "../layers/sounds.js";
import * as soundTexts from "../sound_texts.js";
import * as texts from "../texts.js";

/* The receptive field of a place; null where the place is no pixel of a feature map. */
export function explainField(view, place) {
  const { model } = view;
  const { id, y, x, c } = origin(model, place);
  const [input, from] = [model.nodes[0], model.nodes[id]];
  if (!hasMaps(from)) return null;
  const fields = receptiveField(model, from, y, x, c);
  const field = fields.get(input.id);
  if (!field) return null;
  const [height, width] = [field.y1 - field.y0, field.x1 - field.x0];
  if (height <= 0 || width <= 0) return null;
  const whole = height === input.h && width === input.w;
  const rate = input.config.sampling_rate;
  const before = [from, ...[...fields.keys()].map((each) => model.nodes[each])];
  const means = before.filter((node) => isMeanOfSound(model, node)).map(({ name }) => name);
  return make(
    "div",
    { class: "sees" },
    rate ? stretch(input, field) : crop(view.cards.get(input.id), field, height, width),
    make(
      "p",
      {},
      make("strong", {}, texts.RECEPTIVE_FIELD),
      whole ? texts.WHOLE_INPUT : rate ? soundTexts.partOfSound(field, rate) : texts.partOfInput(field),
      means.length && !whole ? make("span", { class: "soft" }, ` ${soundTexts.throughMean(means)}`) : null,
    ),
  );
}

/* Of a sound, the part of the waveform. */
function stretch(node, { x0, x1 }) {
  const attributes = { role: "img", "aria-label": texts.RECEPTIVE_FIELD_LABEL, class: "crop stretch" };
  const canvas = make("canvas", attributes);
  [canvas.width, canvas.height] = [144, 72];
  drawWaveform(node.values, canvas, x0, x1);
  return canvas;
}

function crop(card, { y0, x0 }, height, width) {
  const attributes = { role: "img", "aria-label": texts.RECEPTIVE_FIELD_LABEL, class: "crop" };
  const canvas = make("canvas", attributes);
  canvas.width = width;
  canvas.height = height;
  card.draw(); // it may be out of sight
  const source = card.tiles[0].canvas;
  canvas.getContext("2d").drawImage(source, x0, y0, width, height, 0, 0, width, height);
  canvas.style.aspectRatio = `${width} / ${height}`;
  return canvas;
}
