/* Picture files: looked at before they are decoded, so that none can hang the page. */

import { resize } from "./resize.js";
import * as Writing from "./writing.js";

const MOST_PIXELS = 50e6; // more than any phone's camera takes
const MOST_BYTES = 100e6;
const LONGEST = 1024; // pixels of a side that are kept
const HEADER = 1 << 20; // bytes in which a JPEG file's size is looked for

/* What is wrong with a file, in one sentence for its owner. */
export class Unreadable extends Error {}

/* Decode a file. Gives {height, width, red, green, blue}: arrays of 0 to 255, turned upright,
   white where the picture is transparent. */
export async function read(file) {
  const name = named(file);
  if (file.size > MOST_BYTES)
    throw new Unreadable(
      `${name} has ${Writing.count(Math.round(file.size / 1e6))} MB; the page reads up to 100.`,
    );
  let size;
  try {
    size = sizeOf(new DataView(await file.slice(0, HEADER).arrayBuffer()));
  } catch (error) {
    size = {}; // its header is cut off, or the file is gone
  }
  if (!size)
    throw new Unreadable(
      `${name} is not a picture that this page can read; choose a PNG, JPEG or WebP file.`,
    );
  const { width, height } = size;
  if (!width || !height) throw new Unreadable(`${name} is damaged; choose another picture.`);
  if (width * height > MOST_PIXELS)
    throw new Unreadable(
      `${name} has ${Writing.count(width)} × ${Writing.count(height)} pixels, more than the 50 million that the ` +
        "page reads; make it smaller first.",
    );
  return decode(file, width, height).catch(() => {
    throw new Unreadable(
      `${name} is damaged, or of a kind that this browser cannot show; choose another picture.`,
    );
  });
}

export const named = (file) => (file.name ? `\u201c${file.name.slice(0, 60)}\u201d` : "The picture");

async function decode(file, width, height) {
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
  brush.fillStyle = "#fff";
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(bitmap, 0, 0);
  bitmap.close();
  return fromCanvas(canvas);
}

export function fromCanvas(canvas) {
  const { width, height } = canvas;
  const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  const [red, green, blue] = [0, 1, 2].map((part) => {
    const values = new Float32Array(width * height);
    for (let at = 0; at < values.length; at++) values[at] = pixels[4 * at + part];
    return values;
  });
  return { height, width, red, green, blue };
}

/* Width and height as a file's first bytes give them; null if they are no picture's. */
function sizeOf(bytes) {
  const text = (at, length) =>
    Array.from({ length }, (_, n) => String.fromCharCode(bytes.getUint8(at + n))).join("");
  const starts = (...values) =>
    bytes.byteLength >= values.length && values.every((value, at) => bytes.getUint8(at) === value);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return { width: bytes.getUint32(16), height: bytes.getUint32(20) };
  if (starts(0xff, 0xd8)) return jpegSize(bytes);
  if (starts(0x47, 0x49, 0x46))
    return { width: bytes.getUint16(6, true), height: bytes.getUint16(8, true) };
  if (starts(0x42, 0x4d) && bytes.byteLength > 26)
    return { width: Math.abs(bytes.getInt32(18, true)), height: Math.abs(bytes.getInt32(22, true)) };
  if (starts(0x52, 0x49, 0x46, 0x46) && text(8, 4) === "WEBP") return webpSize(bytes, text(12, 4));
  return null;
}

function jpegSize(bytes) {
  for (let at = 2; at + 9 < bytes.byteLength;) {
    if (bytes.getUint8(at) !== 0xff) return {};
    const marker = bytes.getUint8(at + 1);
    if (marker === 0xff)
      at += 1; // filling
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { height: bytes.getUint16(at + 5), width: bytes.getUint16(at + 7) };
    else at += 2 + bytes.getUint16(at + 2);
  }
  return {};
}

function webpSize(bytes, kind) {
  const three = (at) => bytes.getUint16(at, true) + (bytes.getUint8(at + 2) << 16);
  if (kind === "VP8X") return { width: 1 + three(24), height: 1 + three(27) };
  if (kind === "VP8 ")
    return { width: bytes.getUint16(26, true) & 0x3fff, height: bytes.getUint16(28, true) & 0x3fff };
  if (kind !== "VP8L") return {};
  const bits = bytes.getUint32(21, true);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
}

export const grey = ({ red, green, blue }) => red.map((value, at) => (value + green[at] + blue[at]) / 3);

/* The largest part in the middle that has the proportions asked for, brought to that size:
   Float32Array, channels last. */
export function fitted(picture, height, width, channels) {
  const scale = Math.min(picture.height / height, picture.width / width);
  const [rows, columns] = [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
  const top = Math.floor((picture.height - rows) / 2);
  const left = Math.floor((picture.width - columns) / 2);
  const layers = channels === 1 ? [grey(picture)] : [picture.red, picture.green, picture.blue];
  const result = new Float32Array(height * width * channels);
  layers.forEach((layer, channel) => {
    const part = new Float32Array(rows * columns);
    for (let y = 0; y < rows; y++)
      part.set(
        layer.subarray((top + y) * picture.width + left, (top + y) * picture.width + left + columns),
        y * columns,
      );
    resize(part, rows, columns, height, width).forEach((value, at) => {
      result[at * channels + channel] = value;
    });
  });
  return result;
}
