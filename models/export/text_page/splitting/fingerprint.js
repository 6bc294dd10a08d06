/* FarmHash's Fingerprint64 (Geoff Pike, Google, 2014), by which TensorFlow numbers strings. */

const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

const cut = (value) => BigInt.asUintN(64, value);
const times = (one, other) => cut(one * other);
const rotated = (value, by) => (by ? cut((value >> BigInt(by)) | (value << BigInt(64 - by))) : value);
const mixed = (value) => value ^ (value >> 47n);

const word64 = (bytes, at) => bytes.getBigUint64(at, true);
const word32 = (bytes, at) => BigInt(bytes.getUint32(at, true));

function ofTwo(u, v, by) {
  const a = mixed(times(u ^ v, by));
  return times(mixed(times(v ^ a, by)), by);
}

function upTo16(bytes, length) {
  const size = BigInt(length);
  if (length >= 8) {
    const by = cut(K2 + size * 2n);
    const a = cut(word64(bytes, 0) + K2);
    const b = word64(bytes, length - 8);
    const c = cut(times(rotated(b, 37), by) + a);
    const d = times(cut(rotated(a, 25) + b), by);
    return ofTwo(c, d, by);
  }
  if (length >= 4) {
    const by = cut(K2 + size * 2n);
    return ofTwo(cut(size + (word32(bytes, 0) << 3n)), word32(bytes, length - 4), by);
  }
  if (!length) return K2;
  const [a, b, c] = [0, length >> 1, length - 1].map((at) => BigInt(bytes.getUint8(at)));
  const y = a + (b << 8n);
  const z = size + (c << 2n);
  return times(mixed(times(y, K2) ^ times(z, K0)), K2);
}

function upTo32(bytes, length) {
  const by = cut(K2 + BigInt(length) * 2n);
  const a = times(word64(bytes, 0), K1);
  const b = word64(bytes, 8);
  const c = times(word64(bytes, length - 8), by);
  const d = times(word64(bytes, length - 16), K2);
  return ofTwo(cut(rotated(cut(a + b), 43) + rotated(c, 30) + d), cut(a + rotated(cut(b + K2), 18) + c), by);
}

function upTo64(bytes, length) {
  const by = cut(K2 + BigInt(length) * 2n);
  const a = times(word64(bytes, 0), K2);
  const b = word64(bytes, 8);
  const c = times(word64(bytes, length - 8), by);
  const d = times(word64(bytes, length - 16), K2);
  const y = cut(rotated(cut(a + b), 43) + rotated(c, 30) + d);
  const z = ofTwo(y, cut(a + rotated(cut(b + K2), 18) + c), by);
  const e = times(word64(bytes, 16), by);
  const f = word64(bytes, 24);
  const g = times(cut(y + word64(bytes, length - 32)), by);
  const h = times(cut(z + word64(bytes, length - 24)), by);
  return ofTwo(cut(rotated(cut(e + f), 43) + rotated(g, 30) + h), cut(e + rotated(cut(f + a), 18) + g), by);
}

/* Two numbers of 32 bytes and two seeds. */
function weak(bytes, at, a, b) {
  const [w, x, y, z] = [0, 8, 16, 24].map((step) => word64(bytes, at + step));
  const first = cut(a + w);
  const second = rotated(cut(b + first + z), 21);
  const third = cut(first + x + y);
  return [cut(third + z), cut(second + rotated(third, 44) + first)];
}

function longer(bytes, length) {
  const seed = 81n;
  let x = seed;
  let y = cut(seed * K1 + 113n);
  let z = times(mixed(cut(y * K2 + 113n)), K2);
  let v = [0n, 0n];
  let w = [0n, 0n];
  x = cut(x * K2 + word64(bytes, 0));
  const end = 64 * Math.floor((length - 1) / 64);
  const last = end + ((length - 1) & 63) - 63;
  for (let at = 0; at < end; at += 64) {
    x = times(rotated(cut(x + y + v[0] + word64(bytes, at + 8)), 37), K1);
    y = times(rotated(cut(y + v[1] + word64(bytes, at + 48)), 42), K1);
    x ^= w[1];
    y = cut(y + v[0] + word64(bytes, at + 40));
    z = times(rotated(cut(z + w[0]), 33), K1);
    v = weak(bytes, at, times(v[1], K1), cut(x + w[0]));
    w = weak(bytes, at + 32, cut(z + w[1]), cut(y + word64(bytes, at + 16)));
    [z, x] = [x, z];
  }
  const by = cut(K1 + ((z & 0xffn) << 1n));
  w[0] = cut(w[0] + BigInt((length - 1) & 63));
  v[0] = cut(v[0] + w[0]);
  w[0] = cut(w[0] + v[0]);
  x = times(rotated(cut(x + y + v[0] + word64(bytes, last + 8)), 37), by);
  y = times(rotated(cut(y + v[1] + word64(bytes, last + 48)), 42), by);
  x ^= cut(w[1] * 9n);
  y = cut(y + v[0] * 9n + word64(bytes, last + 40));
  z = times(rotated(cut(z + w[0]), 33), by);
  v = weak(bytes, last, times(v[1], by), cut(x + w[0]));
  w = weak(bytes, last + 32, cut(z + w[1]), cut(y + word64(bytes, last + 16)));
  [z, x] = [x, z];
  return ofTwo(cut(ofTwo(v[0], w[0], by) + times(mixed(y), K0) + z), cut(ofTwo(v[1], w[1], by) + x), by);
}

const encoder = new TextEncoder();

/** @returns {bigint} 64 bits, of the text in UTF-8 */
export function fingerprint(text) {
  const encoded = encoder.encode(text);
  const bytes = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength);
  const { length } = encoded;
  if (length <= 16) return upTo16(bytes, length);
  if (length <= 32) return upTo32(bytes, length);
  return length <= 64 ? upTo64(bytes, length) : longer(bytes, length);
}
