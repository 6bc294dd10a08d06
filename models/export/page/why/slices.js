/* Long work in slices, so that the page can draw, scroll and be drawn on in between. */

const LONGEST = 30; // milliseconds of work at a time
export const SLOW = 100; // milliseconds of one run, from which on less is computed

/* What a slice throws when its work is no longer wanted. */
export class Stopped extends Error {}

/* Piece of long work: `rest()` is awaited often, and lets the page do other things when it is time. Once
   `stop()` was called it throws `Stopped`. */
export class Work {
  constructor(tell = () => {}) {
    this.tell = tell; // called with the share that is done, from 0 to 1
    this.stopped = false;
    this.began = performance.now();
  }

  stop() {
    this.stopped = true;
  }

  rest = (done) => {
    if (this.stopped) throw new Stopped();
    if (performance.now() - this.began < LONGEST) return null;
    if (done !== undefined) this.tell(done);
    return this.pause();
  };

  async pause() {
    await new Promise((go) => setTimeout(go));
    this.began = performance.now();
    if (this.stopped) throw new Stopped();
  }
}

/* Run a model on some pixels, with rests between its layers. */
export async function runSlowly(model, pixels, work) {
  model.take(pixels);
  for (const node of model.nodes.slice(1)) {
    model.compute(node);
    const wait = work.rest();
    if (wait) await wait;
  }
}
