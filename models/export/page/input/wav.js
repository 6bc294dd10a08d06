/* WAV files of plain numbers: 8 to 32 bits, or floats. */

const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe];
const UNKNOWN = 0xffffffff; // the size of what was written to a pipe

/* {rate, channels: [Float64Array], isCutOff} of the bytes of a WAV file; null if it is none of plain numbers. */
export function readWav(buffer) {
  const bytes = new DataView(buffer);
  const text = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  if (buffer.byteLength < 12 || text(0) !== "RIFF" || text(8) !== "WAVE") return null;
  let format = null;
  for (let at = 12; at + 8 <= buffer.byteLength; ) {
    const size = bytes.getUint32(at + 4, true);
    const begin = at + 8;
    if (text(at) === "fmt " && size >= 16 && begin + 16 <= buffer.byteLength)
      format = readFormat(bytes, begin, size);
    if (text(at) === "data") {
      if (!format?.read) return null;
      const there = Math.min(size, buffer.byteLength - begin);
      return { ...samplesOf(bytes, begin, there, format), isCutOff: there < size && size !== UNKNOWN };
    }
    at = begin + size + (size % 2);
  }
  return null;
}

function readFormat(bytes, at, size) {
  let kind = bytes.getUint16(at, true);
  if (kind === EXTENSIBLE && size >= 26 && at + 26 <= bytes.byteLength) kind = bytes.getUint16(at + 24, true);
  const width = bytes.getUint16(at + 14, true) / 8;
  return {
    channels: bytes.getUint16(at + 2, true),
    rate: bytes.getUint32(at + 4, true),
    width,
    read: READERS[`${kind} ${width}`],
  };
}

/* One number at a place, from -1 to 1, by kind and bytes. */
const READERS = {
  [`${PCM} 1`]: (bytes, at) => (bytes.getUint8(at) - 128) / 128,
  [`${PCM} 2`]: (bytes, at) => bytes.getInt16(at, true) / 2 ** 15,
  [`${PCM} 3`]: (bytes, at) => ((bytes.getInt8(at + 2) << 16) | bytes.getUint16(at, true)) / 2 ** 23,
  [`${PCM} 4`]: (bytes, at) => bytes.getInt32(at, true) / 2 ** 31,
  [`${FLOAT} 4`]: (bytes, at) => bytes.getFloat32(at, true),
  [`${FLOAT} 8`]: (bytes, at) => bytes.getFloat64(at, true),
};

function samplesOf(bytes, begin, size, { channels: many, rate, width, read }) {
  const count = many ? Math.floor(size / (many * width)) : 0;
  const channels = Array.from({ length: many }, (_, channel) =>
    Float64Array.from({ length: count }, (_, n) => read(bytes, begin + (n * many + channel) * width)),
  );
  return { rate, channels };
}
