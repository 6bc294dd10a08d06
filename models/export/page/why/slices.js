/* Long work in slices, so that the page can draw, scroll and be drawn on in between. */

const LONGEST = 12; // milliseconds of work at a time
export const SLOW = 100; // milliseconds of one run, from which on less is computed

const { port1, port2 } = new MessageChannel();
const others = []; // what goes on with the next tasks
port1.onmessage = () => others.shift()();

/* Let the page do other things, and go on at once: a timer would wait for 4 milliseconds. */
const nextTask = () =>
  new Promise((go) => {
    others.push(go);
    port2.postMessage(null);
  });

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
    await nextTask();
    this.began = performance.now();
    if (this.stopped) throw new Stopped();
  }
}

/* Run a model on some pixels, with rests between its layers and in the long ones. */
export async function runSlowly(model, pixels, work) {
  model.take(pixels);
  for (const node of model.nodes.slice(1)) {
    await model.computeSlowly(node, -1, work.rest);
    const wait = work.rest();
    if (wait) await wait;
  }
}
