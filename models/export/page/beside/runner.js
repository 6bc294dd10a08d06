/* Runs the second model beside the first: both take turns in slices. */

import { byId } from "../elements.js";
import { Runner } from "../runner.js";

export class SecondRunner extends Runner {
  constructor(model, range, parts) {
    super(model, range, parts, { timings: [], firsts: [], runs: 0 });
  }

  /* How far a run is, the first model says. */
  tell() {
    this.markStale();
  }

  /* What is said of both, the comparison says. */
  show() {
    this.drawAnswer();
    this.parts.explained.follow();
    byId("best").textContent = this.parts.input.isEmpty() ? "" : this.parts.comparison.short();
    this.announceLater();
    this.finish();
  }
}
