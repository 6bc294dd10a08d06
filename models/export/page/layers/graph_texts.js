/* Texts of the small map of the graph. */

export const LABEL = "Graph of the layers: arrows move, Enter goes to a layer";

/* What a node takes, and what takes its values. */
export function nodeOf(nodes, { id, name, inputs }) {
  const after = nodes.filter((other) => other.inputs.includes(id));
  const list = (some) => some.map((each) => each.name).join(" and ");
  const parts = [
    inputs.length ? `takes ${list(inputs.map((from) => nodes[from]))}` : "",
    after.length ? `goes to ${list(after)}` : "",
  ];
  return `${name}: ${parts.filter(Boolean).join("; ")}`;
}
