/* The network with a new last layer as a `.keras` file. The page holds the file without its numbers. */

import { decompress, fromBase64, readWeight } from "../engine/weights.js";
import { archive } from "./archive.js";

/* The bytes of all skeletons, and what is known of them. */
async function unpacked(text) {
  const bytes = new Uint8Array(await decompress(fromBase64(text)));
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const described = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  return { ...described, skeletons: bytes.subarray(4 + length) };
}

/* The skeleton for a number of classes. All but the first are held by how they differ from it. */
function skeletonOf({ counts, skeletons }, classes) {
  let at = 0;
  const [first] = Object.values(counts);
  for (const [count, { length }] of Object.entries(counts)) {
    if (Number(count) === classes) {
      const own = skeletons.slice(at, at + length);
      if (at) for (let n = 0; n < Math.min(length, first.length); n++) own[n] ^= skeletons[n];
      return own;
    }
    at += length;
  }
}

const bytesOf = (values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/* Put numbers, [where they begin, bytes], into a file of so many bytes; a skeleton is all between them. */
function filled(size, skeleton, numbers) {
  const file = new Uint8Array(size);
  let [at, taken] = [0, 0];
  for (const [start, bytes] of [...numbers].sort(([one], [other]) => one - other)) {
    file.set(skeleton.subarray(taken, taken + start - at), at);
    taken += start - at;
    file.set(bytes, start);
    at = start + bytes.length;
  }
  file.set(skeleton.subarray(taken), at);
  return file;
}

/* The time in UTC as Keras writes it. */
const written = (date) => date.toISOString().slice(0, 19).replace("T", "@");

/**
 * The file, as a Blob.
 * @param {Object} teach  What `new_head` wrote down.
 * @param {Object} network  The page's own network, as `portable` wrote it down.
 * @param {{kernel: Float32Array, bias: Float32Array}} head
 * @param {string[]} names  Of the new classes.
 * @param {() => ?Promise} rest
 */
export async function kerasFile(teach, network, { kernel, bias }, names, rest) {
  const plan = await unpacked(teach.file);
  const { size, ...where } = plan.counts[names.length];
  const buffer = await decompress(fromBase64(network.weights));
  const numbers = [
    [where.kernel, bytesOf(kernel)],
    [where.bias, bytesOf(bias)],
  ];
  for (const [start, id, key] of plan.sets) {
    numbers.push([start, bytesOf(readWeight(buffer, network.nodes[id].weights[key]))]);
    const wait = rest();
    if (wait) await wait;
  }
  const text = (content) => new TextEncoder().encode(content);
  const json = (content) => text(JSON.stringify(content));
  const [before, after] = plan.config;
  const { kind, settings } = teach.about;
  return archive(
    [
      { name: "metadata.json", bytes: json({ keras_version: plan.keras, date_saved: written(new Date()) }) },
      { name: "config.json", bytes: text(`${before}${names.length}${after}`) },
      { name: "model.weights.h5", bytes: filled(size, skeletonOf(plan, names.length), numbers) },
      { name: teach.member, bytes: json({ kind, class_names: names, settings }) },
    ],
    rest,
  );
}
