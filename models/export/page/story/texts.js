/* What the card "One kernel, step by step" says. */

import { count } from "../numbers.js";

export const TITLE = "One kernel, step by step";
export const ABOUT = "how a convolution makes a feature map";
export const PLAY = "Play";
export const PAUSE = "Pause";
export const AGAIN = "Play again";
export const BACK = "One pixel back";
export const ON = "One pixel on";
export const PICTURE_LABEL = "The picture, with the pixels under the kernel framed";
export const KERNEL_LABEL = "The kernel: its weights as colours";
export const PICTURE = "picture";
export const THE_PICTURE = "the picture";
export const KERNEL = "kernel";
export const SLIDER = "Where the kernel is, in the order in which it slides";

const by = ([height, width]) => `${height} × ${width}`;

export const mapName = (node, c) => `map ${c} of ${node.name}`;

export const mapLabel = (node, c) => `Feature map ${c} of ${node.name}, as far as it is computed`;

export const position = (at, total) => `pixel ${count(at + 1)} of ${count(total)}`;

/* The caption for one of four parts of the story: a kernel, for each of some channels, lies on something. */
export function caption(part, node, channels, on) {
  const size = by(node.config.kernel_size);
  const each = channels > 1 ? ` for each of ${channels} channels` : "";
  const bias = node.weights.bias ? ", and the bias to them" : "";
  const activated = (node.config.activation ?? "linear") === "linear" ? "" : ", after the activation,";
  const move = Math.max(...node.config.strides);
  const moves = move === 1 ? "one pixel on" : `${move} pixels on`;
  return [
    `A kernel of ${size} weights${each} lies on ${on}. Each pixel under it is multiplied by the weight that lies there.`,
    `The products are added up${bias}: the sum${activated} is one pixel of the feature map.`,
    `Then the kernel moves ${moves}. It keeps its weights: it looks for the same pattern everywhere.`,
    node.c === 1
      ? "One kernel has made one feature map. Point at any map to see how its values are computed."
      : `One kernel has made one feature map; ${node.name} has ${node.c} of them. Point at any map to see how its values are computed.`,
  ][part];
}
