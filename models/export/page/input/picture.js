/* Picture files. Their size is checked before they are decoded, so that none can hang the page. */

import * as texts from "../texts.js";
import { resize } from "./bicubic.js";
import { channelsOf } from "./channels.js";
import { sizeOf } from "./picture_size.js";

const MOST_PIXELS = 50e6; // more than any phone's camera takes
const MOST_BYTES = 100e6;
const LONGEST = 1024; // pixels of a side that are kept
const HEADER = 1 << 20; // bytes in which a JPEG file's size is looked for

/* What is wrong with a file, in one sentence for its owner. */
export class Unreadable extends Error {}

/* Decode a file. Gives {height, width, red, green, blue, alpha}: arrays of 0 to 255, turned upright,
   white where the picture is transparent, unless it `keepsAlpha`. */
export async function read(file, keepsAlpha = false) {
  if (file.size > MOST_BYTES) throw new Unreadable(texts.fileTooLarge(file));
  let size;
  try {
    size = sizeOf(new DataView(await file.slice(0, HEADER).arrayBuffer()));
  } catch {
    size = {}; // its header is cut off, or the file is gone
  }
  if (!size) throw new Unreadable(texts.notAPicture(file));
  const { width, height } = size;
  if (!width || !height) throw new Unreadable(texts.damaged(file));
  if (width * height > MOST_PIXELS) throw new Unreadable(texts.tooManyPixels(file, width, height));
  return decode(file, width, height, keepsAlpha).catch(() => {
    throw new Unreadable(texts.cannotBeShown(file));
  });
}

async function decode(file, width, height, keepsAlpha) {
  const options = { imageOrientation: "from-image" };
  if (Math.max(width, height) > LONGEST) {
    options.resizeQuality = "high";
    options[width > height ? "resizeWidth" : "resizeHeight"] = LONGEST;
  }
  const bitmap = await createImageBitmap(file, options);
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  if (!keepsAlpha) {
    brush.fillStyle = "#fff";
    brush.fillRect(0, 0, canvas.width, canvas.height);
  }
  brush.drawImage(bitmap, 0, 0);
  bitmap.close();
  return fromCanvas(canvas);
}

export function fromCanvas(canvas) {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const [red, green, blue, alpha] = [0, 1, 2, 3].map((part) => {
    const values = new Float32Array(width * height);
    for (let at = 0; at < values.length; at++) values[at] = pixels[4 * at + part];
    return values;
  });
  return { height, width, red, green, blue, alpha };
}

export const grey = ({ red, green, blue }) => red.map((value, at) => (value + green[at] + blue[at]) / 3);

/* The largest part in the middle that has the proportions asked for, brought to that size:
   Float32Array, channels last. */
export function fitted(picture, height, width, channels) {
  return fittedLayers(channelsOf(picture, channels), picture, { height, width });
}

/* The same of numbers that are a model's input, channels last. */
export function fittedPixels(pixels, from, { height, width }, channels) {
  const layers = Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: from.height * from.width }, (_, at) => pixels[at * channels + channel]),
  );
  return fittedLayers(layers, from, { height, width });
}

function fittedLayers(layers, from, { height, width }) {
  const scale = Math.min(from.height / height, from.width / width);
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
  const top = Math.floor((from.height - rows) / 2);
  const left = Math.floor((from.width - columns) / 2);
  const result = new Float32Array(height * width * layers.length);
  layers.forEach((layer, channel) => {
    const part = new Float32Array(rows * columns);
    for (let y = 0; y < rows; y++)
      part.set(
        layer.subarray((top + y) * from.width + left, (top + y) * from.width + left + columns),
        y * columns,
      );
    resize(part, rows, columns, height, width).forEach((value, at) => {
      result[at * layers.length + channel] = value;
    });
  });
  return result;
}
