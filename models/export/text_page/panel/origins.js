/* Where a number comes from that layers have only passed on, or put beside others. */

import * as say from "../sentences.js";

/* The node and unit that made unit `u` of a node: {node, u}. */
export function originOf(network, states, node, u) {
  const input = (at) => network.nodes[node.inputs[at]];
  if (node.kind === "copy") return originOf(network, states, input(0), u);
  if (node.kind === "concatenate" || (node.kind === "merge" && node.config.mode === "concat")) {
    let from = u;
    for (let at = 0; at < node.inputs.length; at++) {
      const { c } = states[node.inputs[at]];
      if (from < c) return originOf(network, states, input(at), from);
      from -= c;
    }
  }
  return { node, u };
}

/* Its name in a few words, such as "lstm 4" or "maximum of lstm 4 (“good”)". */
export function nameOf(network, states, node, u, words) {
  const origin = originOf(network, states, node, u);
  const { kind, name, inputs } = origin.node;
  if (!/^(mean|global)/.test(kind)) return `${name} ${origin.u}`;
  const before = network.nodes[unmasked(network, inputs[0])];
  const { c } = states[before.id];
  const pooled = nameOf(network, states, before, origin.u % c, words);
  const isMaximum = kind === "global_maximum" || (kind === "mean_and_maximum" && origin.u >= c);
  if (!isMaximum) return `mean of ${pooled}`;
  const winner = states[origin.node.id].winners[origin.u];
  return `maximum of ${pooled}${words[winner] === undefined ? "" : ` (${say.quoted(words[winner])})`}`;
}

/* The node before those that only set padding to 0. */
export function unmasked(network, id) {
  const node = network.nodes[id];
  return node.kind === "multiply" || node.kind === "copy" ? unmasked(network, node.inputs[0]) : id;
}
