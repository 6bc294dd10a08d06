/* Messages that come and go: below the drawing area, and for screen readers. */

import { byId } from "./elements.js";

/* Show a sentence, or nothing for ""; `bad` for what went wrong. */
export function say(sentence, bad = false) {
  const message = byId("message");
  message.textContent = sentence;
  message.hidden = !sentence;
  message.classList.toggle("bad", bad);
}

/* For screen readers. */
export function announce(sentence) {
  byId("live").textContent = sentence;
}
