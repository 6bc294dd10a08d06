/* Runs the second model beside the first: both take turns in slices. */

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
    this.announceLater();
    this.finish();
  }
}
