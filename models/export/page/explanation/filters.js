/* The weights of a filter: one kernel for each channel that it uses. */

import { make } from "../elements.js";
import * as texts from "../texts.js";
import { largest, legend, numberGrid } from "./number_grid.js";

const FEW_KERNELS = 16;

/* The kernels of filter `c`, of a normal or a depthwise convolution: [{channel, rows}]. */
export function kernelsOf(node, c) {
  const { kernel } = node.weights;
  const [height, width] = node.config.kernel_size;
  let channels = [Math.floor(c / (node.config.depth_multiplier || 1))];
  let weightAt = (y, x) => kernel[(y * width + x) * node.c + c];
  if (node.kind === "conv") {
    const inputs = node.weightShapes.kernel[2];
    const first = Math.floor(c / (node.c / node.config.groups)) * inputs;
    channels = Array.from({ length: inputs }, (_, at) => first + at);
    weightAt = (y, x, at) => kernel[((y * width + x) * inputs + at) * node.c + c];
  }
  return channels.map((channel, at) => ({
    channel,
    rows: Array.from({ length: height }, (_, y) =>
      Array.from({ length: width }, (_, x) => ({ value: weightAt(y, x, at) })),
    ),
  }));
}

/* The sentence on a filter, and its kernels. `open` is the set of the keys of the lists that the user
   has opened. */
export function explainFilter(model, node, c, open) {
  const kernels = kernelsOf(node, c);
  const source = model.nodes[node.inputs[0]];
  const most = largest(
    kernels.flatMap(({ rows }) => rows.flat()),
    "value",
  );
  const holder = make("div", { class: "kernels" });
  const add = (from, to) => {
    for (const { channel, rows } of kernels.slice(from, to)) {
      holder.append(numberGrid(rows, most, texts.kernelName(source, channel)));
    }
  };
  const folded = kernels.length > FEW_KERNELS && !open.has("kernels");
  add(0, folded ? FEW_KERNELS : kernels.length);
  const showAll = () => {
    open.add("kernels");
    add(FEW_KERNELS, kernels.length);
    more.remove();
  };
  const attributes = { type: "button", class: "more", id: "more-kernels", onclick: showAll };
  const more = folded ? make("button", attributes, texts.showAllKernels(kernels.length)) : null;
  const bias = node.weights.bias ? node.weights.bias[c] : null;
  const sentence = texts.kernels(kernels.length, node.config.kernel_size, source, bias);
  return { sentence, content: [legend(most), holder, more] };
}
