/** ZeroPadding2D, Cropping2D and CenterCrop. */

import { at, inside, only } from "./positions.js";

/** More pixels around the picture, or fewer: `before` is negative where it is cropped. */
export const pad = {
  run(node, [input]) {
    const [top, left] = node.config.before;
    node.values.fill(node.config.fill);
    const x0 = Math.max(left, 0),
      x1 = Math.min(left + input.w, node.w);
    for (let y = Math.max(top, 0); y < Math.min(top + input.h, node.h) && x0 < x1; y++) {
      const from = at(input, y - top, x0 - left, 0),
        to = at(input, y - top, x1 - left, 0);
      node.values.set(input.values.subarray(from, to), at(node, y, x0, 0));
    }
  },
  positions(node, k, input, y, x, c) {
    const [top, left] = node.config.before;
    return [inside(y - top, input.h), inside(x - left, input.w), only(c)];
  },
  bias(node, y, x, c, terms) {
    return terms ? 0 : node.config.fill;
  },
};
