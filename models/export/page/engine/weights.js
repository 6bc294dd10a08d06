/** Reading the weights that `models.portable` wrote. */

import * as texts from "../texts.js";

/** The bytes of text in base64. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text); // newer browsers, many times faster
  const letters = atob(text),
    bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}

export async function decompress(bytes) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error(texts.BROWSER_TOO_OLD);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

/** A number of 16 bits: 1 for the sign, 5 for the exponent, 10 for the digits. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1,
    exponent = (bits >> 10) & 31,
    digits = bits & 1023;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + digits / 1024) : 2 ** -24 * digits);
}

/** Whole numbers times their scales: each scale is that of `each` numbers that follow one another, by turns. */
function fromInt8(whole, scales, each) {
  return Float32Array.from(whole, (value, at) => value * scales[Math.floor(at / each) % scales.length]);
}

/** @returns {Float32Array|BigInt64Array} the numbers of one weight */
export function readWeight(buffer, { shape, type, start, scales }) {
  const count = shape.reduce((product, side) => product * side, 1);
  if (type === "int64") return new BigInt64Array(buffer.slice(start, start + 8 * count));
  if (type === "int8") {
    const factors = new Float32Array(buffer.slice(scales.start, scales.start + 4 * scales.count));
    return fromInt8(new Int8Array(buffer, start, count), factors, scales.each);
  }
  if (type === "float32") return new Float32Array(buffer.slice(start, start + 4 * count));
  return Float32Array.from(new Uint16Array(buffer.slice(start, start + 2 * count)), fromHalf);
}
