/* The size of a picture from the first bytes of its file, before anything is decoded. */

/* Width and height as a file's first bytes give them; null if they are no picture's. */
export function sizeOf(bytes) {
  const text = (at, length) =>
    Array.from({ length }, (_, n) => String.fromCharCode(bytes.getUint8(at + n))).join("");
  const starts = (...values) =>
    bytes.byteLength >= values.length && values.every((value, at) => bytes.getUint8(at) === value);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return { width: bytes.getUint32(16), height: bytes.getUint32(20) };
  if (starts(0xff, 0xd8)) return jpegSize(bytes);
  if (starts(0x47, 0x49, 0x46)) return { width: bytes.getUint16(6, true), height: bytes.getUint16(8, true) };
  if (starts(0x42, 0x4d) && bytes.byteLength > 26)
    return { width: Math.abs(bytes.getInt32(18, true)), height: Math.abs(bytes.getInt32(22, true)) };
  if (starts(0x52, 0x49, 0x46, 0x46) && text(8, 4) === "WEBP") return webpSize(bytes, text(12, 4));
  return null;
}

function jpegSize(bytes) {
  for (let at = 2; at + 9 < bytes.byteLength; ) {
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
