/* Marks on the bars of the prediction: where each would end without the word that is pointed at. */

import { make } from "../../page/elements.js";

export class Ghosts {
  constructor(bars) {
    this.bars = bars;
    this.marks = bars.rows.map(({ button }) => {
      const mark = make("b", { class: "ghost", hidden: true });
      button.querySelector(".bar").append(mark);
      return mark;
    });
  }

  /* Probabilities of all classes; null for none. */
  show(shares) {
    this.bars.rows.forEach(({ unit }, at) => {
      this.marks[at].hidden = !shares;
      if (shares) this.marks[at].style.left = `${100 * shares[unit]}%`;
    });
  }
}
