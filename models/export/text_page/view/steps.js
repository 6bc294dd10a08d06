/* Reading word by word: a slider, steps back and forth, and playing. */

import { make } from "../../page/elements.js";
import * as say from "../sentences.js";

const PACE = 600; // milliseconds for a word

export class Steps {
  /* `read(count)` is called with the number of words that have been read. */
  constructor(read) {
    this.read = read;
    this.many = 0;
    this.at = 0;
    this.timer = 0;
    const button = (label, text, onclick) =>
      make("button", { type: "button", title: label, "aria-label": label, onclick }, text);
    this.slider = make("input", { type: "range", min: 0, max: 0, step: 1, "aria-label": say.SLIDER });
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.back = button(say.BACK, "◂", () => this.go(this.at - 1));
    this.forth = button(say.FORTH, "▸", () => this.go(this.at + 1));
    this.play = button(say.PLAY, "▶", () => (this.timer ? this.stop() : this.start()));
    this.where = make("span", { class: "where" });
    this.ifEnded = make("span", { class: "soft then" });
    this.element = make(
      "div",
      { class: "steps card", role: "group", "aria-label": say.READ },
      make("div", { class: "tools" }, this.play, this.back, this.forth),
      this.slider,
      make("p", {}, this.where, " ", this.ifEnded),
    );
  }

  /* A new text of so many words, all of which have been read. */
  reset(many) {
    if (many !== this.many) this.stop();
    this.many = many;
    this.at = many;
    this.slider.max = many;
    this.show();
  }

  go(at, playing = false) {
    if (!playing) this.stop();
    this.at = Math.max(Math.min(1, this.many), Math.min(this.many, at));
    this.show();
    this.read(this.at);
  }

  show() {
    this.slider.value = this.at;
    this.back.disabled = this.at <= 1;
    this.forth.disabled = this.at >= this.many;
    this.play.disabled = this.many < 2;
  }

  tell(word, answer) {
    this.where.textContent = say.readSoFar(this.at, this.many, word);
    this.ifEnded.textContent = answer && this.at < this.many ? say.ifItEnded(answer) : "";
    this.slider.setAttribute("aria-valuetext", `${this.where.textContent} ${this.ifEnded.textContent}`);
  }

  start() {
    this.label(say.PAUSE, "❚❚");
    if (this.at >= this.many) this.go(1, true);
    this.timer = setInterval(() => {
      this.go(this.at + 1, true);
      if (this.at >= this.many) this.stop();
    }, PACE);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = 0;
    this.label(say.PLAY, "▶");
  }

  label(name, sign) {
    this.play.textContent = sign;
    this.play.title = name;
    this.play.setAttribute("aria-label", name);
  }
}
