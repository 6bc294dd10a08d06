/* A zip archive of files that are stored as they are, as a `.keras` file is one. */

const PART = 1 << 20; // bytes between two rests
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
const VERSION = 20; // of the format
const UTF8 = 0x0800; // names are written so
const DATE = 0x21; // 1 January 1980, the earliest

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/* The checksum of a file (CRC-32). */
async function checksum(bytes, rest) {
  let value = 0xffffffff;
  for (let from = 0; from < bytes.length; from += PART) {
    const to = Math.min(bytes.length, from + PART);
    for (let at = from; at < to; at++) value = TABLE[(value ^ bytes[at]) & 255] ^ (value >>> 8);
    const wait = rest();
    if (wait) await wait;
  }
  return (value ^ 0xffffffff) >>> 0;
}

/* Numbers of 2 or 4 bytes, the lowest byte first: pairs [value, bytes]. */
function numbers(...pairs) {
  const bytes = pairs.flatMap(([value, count]) =>
    Array.from({ length: count }, (_, at) => (value >>> (8 * at)) & 255),
  );
  return Uint8Array.from(bytes);
}

/* What both headers of a file say of it. */
const described = ({ crc, bytes, name }) => [
  [VERSION, 2],
  [UTF8, 2],
  [0, 2], // not compressed
  [0, 2], // midnight
  [DATE, 2],
  [crc, 4],
  [bytes.length, 4],
  [bytes.length, 4],
  [name.length, 2],
  [0, 2],
];

/**
 * A zip archive.
 * @param {{name: string, bytes: Uint8Array}[]} files
 * @param {() => ?Promise} rest
 * @returns {Promise<Blob>}
 */
export async function archive(files, rest) {
  const [parts, directory] = [[], []];
  let at = 0;
  for (const { name, bytes } of files) {
    const file = { name: new TextEncoder().encode(name), bytes, crc: await checksum(bytes, rest) };
    const head = numbers([LOCAL, 4], ...described(file));
    parts.push(head, file.name, bytes);
    const more = [
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [at, 4],
    ]; // no comment, disk 0, no attributes
    directory.push(numbers([CENTRAL, 4], [VERSION, 2], ...described(file), ...more), file.name);
    at += head.length + file.name.length + bytes.length;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const many = files.length;
  const end = numbers([END, 4], [0, 2], [0, 2], [many, 2], [many, 2], [length, 4], [at, 4], [0, 2]);
  return new Blob([...parts, ...directory, end], { type: "application/octet-stream" });
}
