r"""Fine-tune a pretrained network on five examples per class.

## The question

You have only five labelled scans of each digit. Is it better to train a network on them alone, or to begin
with one that was trained on other people's digits?

## The idea

**Transfer learning** is to train a network on one task and use it for another. `ConvNet` was **pretrained**
on MNIST; the scans are by 13 people who did not write for MNIST. All layers but the last turn an image into
256 numbers, its **features**; the last one decides on a class by weighted sums of these. All people write in
strokes and loops, so that features may serve again.

A **frozen** layer is one whose weights training does not change. It computes as usual, but the step
$w \leftarrow w - \eta \frac{\partial L}{\partial w}$ with the learning rate $\eta$ is left out for its
weights ($L$ is the loss). In Keras: `layer.trainable = False`. Layers are frozen so that what they have
learned is not spoilt, and so that little data has to determine fewer weights: of the 302,794 of `ConvNet` the
last layer has

$$(256 + 1) \cdot 10 = 2{,}570$$

and there are $5 \cdot 10 = 50$ scans to learn them from.

Each way of training takes 100 steps with 20 scans, so that each scan is used $100 \cdot 20 / 50 = 40$ times:

- **not fine-tuned**: the pretrained network as it is, without any training;
- **last layer only**: all others are frozen. This is **feature extraction**, and the last layer a **linear
  probe**;
- **fine-tuned**: half of the steps as before; then **fine-tuning**: all layers are unfrozen and trained at a
  tenth of the learning rate, since large steps would undo what was learned;
- **from scratch**: all layers, from random weights.

New classes need a new last layer, with random weights: "new layer" in the printed table. If all layers are
trained at once, its large errors also change the others.

## Before you run it

How many scans per class does training from scratch need to catch up with the network as it is? Will training
all weights be better than training 2,570?

## How to read the figures

- `learning_curve`: test accuracy by the number of training scans per class. Lines are means of five random
  draws of scans; shaded areas reach from the worst to the best.
- `few_examples`: the scans of one draw.
- `corrected_mistakes`: test scans that only the network from scratch misclassifies.

## What it means

With five scans per class, the pretrained network is better without any training than one trained from
scratch, and better still with some. Training the last layer alone does as well as fine-tuning all, up to
differences from draw to draw: the old features suffice. Where two tasks have less in common, they may not.
And the test scans are by the same people: nothing is said of others.

## Exercises

1. The 26 letters are to be classified, with all layers but the last frozen. How many parameters are trained?
2. One scan per class: `python -m tutorials.few_examples --examples 1`. What is pretraining worth now?
3. In `compiled`, replace `layer.trainable = False` by `pass`: then "last layer only" trains all layers. Does
   that help?

<details><summary>Solutions</summary>

1. $(256 + 1) \cdot 26 = 6{,}682$.
2. Far more, compared with training from scratch. But training on ten scans adds nothing certain to the
   pretrained network as it is.
3. It becomes worse, most with two scans per class: large steps spoil the features.

</details>

## Read more

Yosinski et al., *How transferable are features in deep neural networks?* (2014).

Next: `fine_tune` does the same with your own photos.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits
from datasets.generated import draws
from models import ConvNet
from models.compiled import steps_per_execution
from tutorials.figures.charts import image_grid
from tutorials.figures.comparisons import curves_by_examples
from tutorials.figures.text_tables import percent_rows
from tutorials.lesson.limits import OF_MANY_SEEDS, check_memory, check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.repeats import start_afresh
from tutorials.lesson.report import Report

SIZES = (2, 5, 10, 20, 50)  # examples per class of the learning curve
NEW = "new layer: "  # prefix of methods that start with a new last layer
# Each method has one or two phases: trained layers, initial learning rate of Adam, share of the steps.
# Learning rates were chosen at 5 examples per class, on training scans that were not drawn
METHODS = {
    "fine-tuned": [("last layer", 1e-2, 0.5), ("all", 1e-3, 0.5)],
    "last layer only": [("last layer", 1e-2, 1)],
    "from scratch": [("all", 1e-2, 1)],
    "all at once": [("all", 2e-3, 1)],
}


def main(
    examples: int = 5,
    repeats: int = 5,
    steps: int = 100,
    batch_size: int = 20,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train on a few scanned digits in several ways, with and without pretraining, and compare.

    Args:
        examples: Scans per class for which results are reported; the learning curve has more sizes.
        repeats: Random draws of the scans, each with its own random weights.
        steps: Gradient steps of each training run, the same for every method and number of scans.
        batch_size: Images per batch.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    sizes = sorted({*SIZES, examples})
    if quick:
        sizes, repeats, steps = sorted({2, examples}), 1, 2

    # Data: scans (n, 28, 28, 1) with pixels in [0, 255], of 13 people who did not write for MNIST
    source = digits.locate("embedded")
    (x, y), (x_test, y_test) = digits.load_data(source)
    drawn = [draws.of_each_class(y, sizes[-1], seed=1000 * seed + draw) for draw in range(repeats)]

    # Model: the zoo's network, pretrained on MNIST
    pretrained = ConvNet(weights="mnist")
    pretrained.summary()
    batch_size = fitting_batch(batch_size, len(x), pretrained)
    check_memory("steps", steps, steps * batch_size * (8 + 4 * x[0].size))

    # Compile: one network for every phase of every method, to be reset for each training run
    phases = {
        method: [compiled(*phase, steps, batch_size, quick) for phase in plan]
        for method, plan in METHODS.items()
    }

    # Fit and predict: every method on the same scans; smaller draws are part of larger ones
    unchanged = pretrained.predict(x_test, batch_size=500, verbose=0).argmax(-1)
    predictions = {"not fine-tuned": {size: [unchanged] * repeats for size in sizes}}
    for draw in range(repeats):
        keras.utils.set_random_seed(1000 * seed + draw)
        random, new_layer = ConvNet(), ConvNet(weights="mnist")
        new_layer.layers[-1].set_weights(random.layers[-1].get_weights())
        for size in sizes:
            starts = {"fine-tuned": pretrained, "last layer only": pretrained, "from scratch": random}
            if size == examples:
                # New classes need a new last layer. Its random weights cause large gradients that would
                # disturb the pretrained layers, if these were trained with it from the start
                for method in "fine-tuned", "last layer only", "all at once":
                    starts[NEW + method] = new_layer
            order = draws.shuffled_epochs(drawn[draw][:, :size], steps * batch_size, seed=1000 * seed + draw)
            for name, network in starts.items():
                for phase, images in phases[name.removeprefix(NEW)]:
                    start_afresh(phase, network)
                    rows = order[:images]
                    phase.fit(x[rows], y[rows], batch_size=batch_size, shuffle=False, verbose=0)
                    network = phase  # the next phase continues from here
                classes = network.predict(x_test, batch_size=500, verbose=0).argmax(-1)
                predictions.setdefault(name, {}).setdefault(size, []).append(classes)
        print(f"Draw {draw + 1} of {repeats}: all methods trained", flush=True)

    # Evaluate: test accuracy of each method, and how much fine-tuning gains over it in each draw
    accuracy = {way: {n: np.equal(row[n], y_test).mean(-1) for n in row} for way, row in predictions.items()}
    print(f"\nAccuracy on {len(y_test)} test scans by the same people, by training scans per class:")
    print(percent_rows({way: {n: row[n].mean() for n in row} for way, row in accuracy.items()}, sizes))
    mean = {way: row[examples].mean() for way, row in accuracy.items()}
    gains = {way: accuracy["fine-tuned"][examples] - accuracy[way][examples] for way in accuracy}
    gain = {way: gains[way].mean() for way in gains}
    spread = {way: gains[way].std(ddof=min(1, repeats - 1)) for way in gains}
    points = {way: f"{100 * gain[way]:+.1f} ± {100 * spread[way]:.1f} points" for way in gains}

    # Plot
    plot(report, accuracy, predictions, x, drawn, (x_test, y_test), examples, points["from scratch"])
    return report.close(
        source,
        examples=len(np.unique(drawn)) + len(y_test),
        finding=f"With {examples} scans per class ({repeats} draws), fine-tuning reaches a test accuracy of "
        f"{mean['fine-tuned']:.1%}: {points['from scratch']} compared with training from scratch, "
        f"{points['not fine-tuned']} with no fine-tuning, {points['last layer only']} with training the last "
        "layer only.",
        test_accuracy=mean["fine-tuned"],
        frozen_test_accuracy=mean["last layer only"],
        scratch_test_accuracy=mean["from scratch"],
        not_fine_tuned_test_accuracy=mean["not fine-tuned"],
        new_layer_test_accuracy=mean[f"{NEW}fine-tuned"],
        new_layer_frozen_test_accuracy=mean[f"{NEW}last layer only"],
        new_layer_at_once_test_accuracy=mean[f"{NEW}all at once"],
        gain_over_scratch=gain["from scratch"],
        gain_over_scratch_spread=spread["from scratch"],
        gain_over_not_fine_tuned=gain["not fine-tuned"],
        gain_over_not_fine_tuned_spread=spread["not fine-tuned"],
        trained_parameters=pretrained.count_params(),
        frozen_trained_parameters=pretrained.layers[-1].count_params(),
    )


def compiled(trained, learning_rate, share, steps, batch_size, quick):
    """A compiled network for one phase, with frozen layers if "last layer" is trained, and its images."""
    network = ConvNet()
    if trained == "last layer":
        for layer in network.layers[:-1]:
            layer.trainable = False  # frozen: the features that these layers extract stay the same
    steps = max(1, round(share * steps))
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    network.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss="sparse_categorical_crossentropy",
        run_eagerly=quick,  # faster than compiling a graph for a small sample
        steps_per_execution=steps_per_execution(steps),  # faster for a network this small
    )
    return network, steps * batch_size


def plot(report, accuracy, predictions, x, drawn, test, examples, gain):
    """Draw the learning curve, the last draw of scans, and what fine-tuning corrects."""
    x_test, y_test = test
    lines = {way: np.transpose([*row.values()]) for way, row in accuracy.items() if NEW not in way}
    title = f"With {examples} examples per class, pretraining gains {gain}"
    sizes = [*accuracy["fine-tuned"]]
    report.figure("learning_curve", curves_by_examples(sizes, lines, title, apart="from scratch"))
    some = x[drawn[-1][:, : min(examples, 5)]]  # (10, n, 28, 28, 1)
    columns = some.reshape(len(some), -1, 28, 1)  # scans of one class below each other
    title = f"Training data: {examples} scans of each digit" + " (5 are shown)" * (examples > 5)
    report.figure("few_examples", image_grid(columns, digits.CLASS_NAMES, title, columns=10, side=0.8))
    tuned, scratch = predictions["fine-tuned"][examples][-1], predictions["from scratch"][examples][-1]
    corrected = np.flatnonzero((tuned == y_test) & (scratch != y_test))
    captions = [f"from scratch: {scratch[n]}\nfine-tuned: {tuned[n]}" for n in corrected]
    title = (
        f"Misclassified from scratch, correct after fine-tuning: {len(corrected)} of {len(y_test)} test scans"
    )
    report.figure("corrected_mistakes", image_grid(x_test[corrected[:12]], captions, title))


if __name__ == "__main__":
    run(main)
