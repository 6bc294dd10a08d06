/* Inputs beside the picture: values of the example that was chosen last, or a few numbers that are typed. */

import { make } from "../elements.js";
import * as texts from "../texts.js";

const FEW = 12; // numbers that have fields

export class OtherInputs {
  /* `input` is the picture's, `changed()` is called when a number has been typed. */
  constructor(holder, model, input, changed) {
    this.input = input;
    this.changed = changed;
    this.typedAt = -1; // the turn of the picture's input in which a number was typed
    this.fields = [];
    const nodes = model.nodes.filter((node) => node.config.other);
    holder.hidden = !nodes.length;
    for (const node of nodes) holder.append(this.build(node));
    if (nodes.length) holder.append(make("p", { class: "soft small" }, texts.OTHER_INPUTS));
  }

  build(node) {
    if (node.values.length > FEW) return make("p", {}, texts.otherInput(node));
    const fields = Array.from({ length: node.values.length }, (_, at) => {
      const field = make("input", {
        type: "number",
        step: "any",
        "aria-label": texts.otherNumber(node, at),
      });
      field.addEventListener("input", () => this.type(node, at, field));
      this.fields.push({ node, at, field });
      return field;
    });
    return make("div", { class: "numbers", role: "group", "aria-label": node.name }, node.name, fields);
  }

  type(node, at, field) {
    if (!Number.isFinite(field.valueAsNumber)) return; // not yet a number
    node.values[at] = field.valueAsNumber;
    this.typedAt = this.input.turn;
    this.changed();
  }

  /* Which example all inputs are of; -1 for none. */
  example() {
    return this.typedAt === this.input.turn ? -1 : this.input.example();
  }

  /* Show the values. */
  draw() {
    for (const { node, at, field } of this.fields) {
      if (document.activeElement !== field) field.value = Number(node.values[at].toPrecision(6));
    }
  }
}
