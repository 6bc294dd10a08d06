/* Which words a number comes from: those that are framed while the panel explains it. */

import { before } from "../network/kinds.js";
import { originOf, unmasked } from "../panel/origins.js";

/**
 * @returns {{from: number, span: number, node?: number, unit?: number}} the first of the words, how many, and for
 *   a maximum the node and unit that it was taken of; from is -1 for none
 */
export function focusOf(network, states, subject, columns) {
  const none = { from: -1, span: 0 };
  if (subject?.kind === "word") return { from: columns.indexOf(subject.at), span: 1 };
  if (subject?.kind !== "cell") return none;
  const { block, t } = subject;
  if (block.pooled) return ofMaximum(network, states, block.node, t) ?? none;
  if (block.node.kind === "conv") return { from: t - before(block.node), span: block.node.config.size };
  return { from: t, span: block.pairs ? 2 : 1 };
}

function ofMaximum(network, states, node, unit) {
  const origin = originOf(network, states, node, unit);
  const { winners } = states[origin.node.id];
  if (!winners || winners[origin.u] < 0) return null;
  const source = originOf(
    network,
    states,
    network.nodes[unmasked(network, origin.node.inputs[0])],
    origin.u % states[origin.node.inputs[0]].c,
  );
  const isMaximum = origin.node.kind === "global_maximum" || origin.u >= states[origin.node.inputs[0]].c;
  return isMaximum ? { from: winners[origin.u], span: 1, node: source.node.id, unit: source.u } : null;
}
