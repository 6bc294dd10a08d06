/* One of the user's classes: its name and its pictures, and the row that shows them. */

import { make } from "../elements.js";
import { blackboard } from "../input/pen.js";
import * as texts from "./texts.js";

export const MOST_PICTURES = 200; // of a class
const THUMBNAIL = 56; // pixels of a side
const LONGEST = 60; // letters of a name

const same = (one, other) => one.every((value, at) => value === other[at]);

/* Pixels in a quarter of the memory, where they are whole numbers. */
function packed(pixels) {
  const bytes = Uint8Array.from(pixels);
  return same(pixels, bytes) ? bytes : pixels;
}

export class Group {
  /* `input` is the page's, which knows how pictures look. `act` has what buttons do: `changed()`, `drawing(group)`,
     `files(group, files)`, `remove(group)`, `say(sentence)`. */
  constructor(at, input, act) {
    Object.assign(this, { at, input, act });
    this.pictures = []; // {pixels, canvas, features once they are computed}
    const attributes = { type: "text", class: "group-name", maxlength: LONGEST, autocomplete: "off" };
    this.field = make("input", attributes);
    this.field.value = texts.newName(at);
    this.field.addEventListener("input", () => act.changed());
    this.count = make("span", { class: "soft small" });
    const button = (name, onclick) => make("button", { type: "button", class: "more", onclick }, name);
    this.drawing = button(texts.ADD_DRAWING, () => act.drawing(this));
    this.drawing.classList.add("add-drawing"); // on phones it stands beside the drawing area alone
    this.photos = button(texts.PHOTOS, () => this.chooser.click());
    this.removal = button(texts.REMOVE, () => act.remove(this));
    this.chooser = make("input", { type: "file", accept: "image/*", multiple: true, hidden: true });
    this.chooser.addEventListener("change", () => {
      act.files(this, [...this.chooser.files]);
      this.chooser.value = ""; // so that the same file can be chosen again
    });
    this.thumbnails = make("ul", { class: "thumbnails" });
    const buttons = make("div", { class: "group-buttons" }, this.drawing, this.photos, this.removal);
    const head = make("div", { class: "group-head" }, this.field, this.count, buttons);
    this.element = make("li", { class: "group" }, head, this.thumbnails, this.chooser);
    this.element.addEventListener("drop", (event) => this.dropped(event));
    this.follow(0, false);
  }

  get name() {
    return this.field.value.trim().normalize(); // letters with accents are written in one way
  }

  /* A file that is dropped here does not go to the drawing area. */
  dropped(event) {
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (files.length) this.act.files(this, files);
    else this.act.say(texts.NOT_FILES, true);
  }

  has(pixels) {
    return this.pictures.some((picture) => same(picture.pixels, pixels));
  }

  /* Pixels of the model's input, 0 to 255. */
  add(pixels) {
    const canvas = make("canvas", { role: "img", width: THUMBNAIL, height: THUMBNAIL });
    const { height, width } = this.input;
    const board = blackboard(height, width);
    board.getContext("2d").putImageData(this.input.asImage(pixels), 0, 0);
    canvas.getContext("2d").drawImage(board, 0, 0, THUMBNAIL, THUMBNAIL);
    const picture = { pixels: packed(pixels), canvas, features: null };
    const removal = make("button", { type: "button", onclick: () => this.take(picture) }, "×");
    picture.item = make("li", {}, canvas, removal);
    picture.removal = removal;
    this.pictures.push(picture);
    this.thumbnails.append(picture.item);
  }

  /* Take a picture away; the keyboard goes on at the one that follows. */
  take(picture) {
    const at = this.pictures.indexOf(picture);
    this.pictures.splice(at, 1);
    picture.item.remove();
    (this.pictures[Math.min(at, this.pictures.length - 1)]?.removal ?? this.photos).focus();
    this.act.say(texts.removed(this.name, this.pictures.length));
    this.act.changed();
  }

  /* Write all that depends on the place, on the name, and on which pictures are held out. */
  follow(at, isHeldOut) {
    const { name, pictures } = this;
    this.at = at;
    this.field.setAttribute("aria-label", texts.nameLabel(at));
    this.drawing.setAttribute("aria-label", `${texts.ADD_DRAWING}: ${texts.addDrawing(name)}`);
    this.photos.setAttribute("aria-label", `${texts.PHOTOS} ${texts.addPhotos(name)}`);
    this.removal.setAttribute("aria-label", texts.removeClass(name));
    pictures.forEach(({ canvas, item, removal }, n) => {
      const heldOut = isHeldOut && isEveryFifth(n);
      canvas.setAttribute("aria-label", texts.pictureLabel(n, name, heldOut));
      removal.setAttribute("aria-label", texts.removePicture(n, name));
      item.classList.toggle("held-out", heldOut);
    });
    const held = isHeldOut ? pictures.filter((_, n) => isEveryFifth(n)).length : 0;
    this.count.textContent = texts.counted(pictures.length, held);
  }
}

/* Which pictures are held out for validation: the fifth, the tenth and so on of a class, once each class has five. */
const FIFTH = 5;
export const isEveryFifth = (at) => at % FIFTH === FIFTH - 1;
export const areHeldOut = (groups) => groups.every(({ pictures }) => pictures.length >= FIFTH);
