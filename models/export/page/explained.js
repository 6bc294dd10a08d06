/* One model with all that explains it: its layers, answer, panel, story and heat maps, and changes of it. */

import { byId } from "./elements.js";
import { Panel } from "./explanation/panel.js";
import { View } from "./layers/view.js";
import { PictureOutput } from "./output/picture_output.js";
import { PredictionBars } from "./prediction_bars.js";
import { Selection } from "./selection.js";
import { Story } from "./story/story.js";
import { TrainingCard } from "./training/card.js";
import { Moments } from "./training/moments.js";
import { NOW } from "./training/texts.js";
import { WhyCard } from "./why/card.js";
import { Changes } from "./why/changes.js";
import { Editor } from "./why/editor.js";
import { Explainer } from "./why/explainer.js";

const onPlace = (place) => ({ kind: "place", place });
const onClass = (unit) => ({ kind: "class", unit });
const isPicture = (answer) => ["picture", "map"].includes(answer);

export class Explained {
  /* `data` is of the model, `elements` are to be filled: "layers", "seen", "bars" and "panel"; `run()` runs the model
     again. */
  constructor(model, data, elements, run) {
    Object.assign(this, { model, data, elements, run });
    this.isNumber = data.answer !== "classes";
    this.isShown = true; // of two models, one has its layers on the screen
    this.isStale = true; // until it has answered for the picture
    this.bring = () => {}; // to be called so that they are
    const parts = { layers: elements.layers, input: elements.seen };
    this.view = new View(model, data.class_names, parts, data.pixel_range, this.onPlaces(), data.digits);
    this.bars = this.buildBars();
    this.panel = new Panel(elements.panel, this.view, data.class_names, this.isNumber, () =>
      this.selection.unpin(),
    );
    this.selection = new Selection(this.view, this.bars, this.panel);
    this.story = new Story(this.view, (place) => this.selection.look(onPlace(place)));
    this.explainAnswers();
    this.training = this.trainingOf();
    if (this.story.element) elements.layers.prepend(this.story.element);
    this.showFold();
  }

  /* ---- What the user points at ---- */

  onPlaces() {
    return {
      look: (place, byKey) => {
        this.story.pause();
        this.selection.look(onPlace(place), byKey);
      },
      pin: (place) => {
        this.story.pause();
        this.selection.pin(onPlace(place));
        this.why?.chooseLayer(place.id);
      },
      showFilter: (node, c) => this.selection.pin({ kind: "filter", node, c }),
    };
  }

  buildBars() {
    const { class_names, answer, answer_range } = this.data;
    const last = this.model.nodes.at(-1);
    if (isPicture(answer))
      return new PictureOutput(this.elements.bars, last, class_names, answer_range, answer === "map");
    const onClasses = {
      look: (unit) => this.isShown && this.selection.look(onClass(unit)),
      pin: (unit) => {
        this.bring();
        this.selection.pin(onClass(unit));
        this.why?.chooseClass(this.selection.pinned ? unit : null);
      },
    };
    return new PredictionBars(this.elements.bars, last.c, class_names, onClasses, this.isNumber);
  }

  /* ---- What the user changes ---- */

  /* The card that says why, and what lets the user change the model. Where the answer is a picture, or the input a
     sound, there is no card. */
  explainAnswers() {
    const { class_names, pixel_range, answer, sound } = this.data;
    this.changes = new Changes(this.model, () => {
      this.showFold();
      this.changedWeights();
    });
    this.explainer = new Explainer(this.model, this.isNumber, pixel_range[0], this.changes.random);
    this.panel.editor = new Editor(this.changes);
    this.panel.editor.listen(this.panel.element);
    this.elements.layers.prepend(this.changes.element);
    this.why = null;
    if (sound || isPicture(answer)) return;
    this.why = new WhyCard(this.explainer, this.changes, this.bars, class_names, pixel_range);
    this.changes.element.after(this.why.element);
  }

  changedWeights() {
    this.explainer.forget();
    this.run();
  }

  /* The card with the weights of earlier moments, if there are any. */
  trainingOf() {
    const { checkpoints, class_names, answer } = this.data;
    if (!checkpoints.length) return null;
    const moments = new Moments(this.model, checkpoints, NOW);
    const card = new TrainingCard(moments, class_names, isPicture(answer) ? null : this.isNumber, {
      run: () => this.changedWeights(),
      reset: () => this.changes.reset(),
    });
    this.elements.layers.prepend(card.element);
    return card;
  }

  /* The box above the layers is of the model that is shown. */
  showFold() {
    if (!this.isShown) return;
    byId("fold-choice").hidden = !this.changes.folding.pairs.length;
    byId("fold").checked = this.changes.folding.on;
  }

  /* ---- What follows from a picture ---- */

  /* A picture has been computed: show what follows from it, where it can be seen. */
  follow() {
    if (!this.isShown) return;
    this.selection.show();
    this.story.changed();
    this.training?.changed();
    this.why?.changed();
  }

  begin() {
    const place = this.view.firstPlace();
    if (place && !this.selection.subject) this.selection.look(onPlace(place));
    this.story.begin();
  }

  redraw() {
    this.view.draw();
    this.selection.show();
    this.story.changed();
  }
}
