"""Fine-tune on five examples a class: what is pretraining worth?

A reader of MNIST's digits meets other people's, beside one that starts from nothing.
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
from tutorials.figures.charts import curves_by_examples, image_grid
from tutorials.figures.text_tables import percent_rows
from tutorials.lesson.limits import OF_MANY_SEEDS, check_memory, check_settings, fitting_batch
from tutorials.lesson.repeats import start_afresh
from tutorials.lesson.report import Report

SIZES = (2, 5, 10, 20, 50)  # examples a class of the learning curve
NEW = "new layer: "  # begins the name of a way that starts with a new last layer
# Each way is a phase or two: what is trained, Adam's first step size, and the share of the steps. The
# best of several at 5 a class, by scans of the training part that were not drawn, in draws of their own
WAYS = {
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
) -> dict:
    """Train on a few scanned digits in several ways, with and without pretraining, and compare.

    Args:
        examples: Number of scans a class that the results are of; the learning curve has more.
        repeats: Draws of these scans, each with random weights of its own where there are any.
        steps: Gradient steps of each training, the same for every way and number of scans.
        batch_size: Images per gradient step.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    check_settings(locals(), seed=OF_MANY_SEEDS)
    report = Report(main, settings=locals())
    keras.utils.set_random_seed(seed)
    sizes = sorted({*SIZES, examples})
    if quick:
        sizes, repeats, steps = sorted({2, examples}), 1, 2

    # Data: scans (n, 28, 28, 1) with pixels in [0, 255], of 13 people; none of them wrote for MNIST
    source = digits.locate("embedded")
    (x, y), (x_test, y_test) = digits.load_data(source)
    drawn = [draws.of_each_class(y, sizes[-1], seed=1000 * seed + draw) for draw in range(repeats)]

    # Models: the same network for every phase, each compiled once and set back for every training
    zoo = ConvNet(weights="mnist")
    zoo.summary()
    batch_size = fitting_batch(batch_size, len(x), zoo)
    check_memory("steps", steps, steps * batch_size * (8 + 4 * x[0].size))
    phases = {}
    for way, plan in WAYS.items():
        phases[way] = []
        for trained, step_size, share in plan:
            network = ConvNet()
            if trained == "last layer":
                for layer in network.layers[:-1]:
                    layer.trainable = False  # frozen: what these layers see in a digit stays as it is
            phase_steps = max(1, round(share * steps))
            step_sizes = keras.optimizers.schedules.CosineDecay(step_size, phase_steps)
            network.compile(
                optimizer=keras.optimizers.Adam(step_sizes),
                loss="sparse_categorical_crossentropy",
                run_eagerly=quick,  # a sample is through before a graph is compiled
                steps_per_execution=phase_steps,  # without a stop: faster for a network so small
            )
            phases[way].append((network, phase_steps * batch_size))

    # Fit and evaluate: every way on the same scans, the fewer of a draw being among the more
    answer = zoo.predict(x_test, batch_size=500, verbose=0).argmax(-1)
    answers = {"untrained": {size: [answer] * repeats for size in sizes}}
    for draw in range(repeats):
        keras.utils.set_random_seed(1000 * seed + draw)
        random, new_layer = ConvNet(), ConvNet(weights="mnist")
        new_layer.layers[-1].set_weights(random.layers[-1].get_weights())
        for size in sizes:
            starts = {"fine-tuned": zoo, "last layer only": zoo, "from scratch": random}
            if size == examples:
                # Classes that the zoo does not know need a new last layer. While that knows nothing,
                # its errors disturb the layers below it, if these are trained with it at once
                for way in "fine-tuned", "last layer only", "all at once":
                    starts[NEW + way] = new_layer
            order = draws.shuffled_epochs(drawn[draw][:, :size], steps * batch_size, seed=1000 * seed + draw)
            for name, network in starts.items():
                for phase, images in phases[name.removeprefix(NEW)]:
                    start_afresh(phase, network)
                    seen = order[:images]
                    phase.fit(x[seen], y[seen], batch_size=batch_size, shuffle=False, verbose=0)
                    network = phase  # the next phase goes on from here
                answer = network.predict(x_test, batch_size=500, verbose=0).argmax(-1)
                answers.setdefault(name, {}).setdefault(size, []).append(answer)
        print(f"Draw {draw + 1} of {repeats}: trained in every way", flush=True)

    print(f"\nOf {len(y_test)} other scans by the same people read right, by scans a class to train on:")
    right = {way: {n: np.equal(row[n], y_test).mean(-1) for n in row} for way, row in answers.items()}
    print(percent_rows({way: {n: row[n].mean() for n in row} for way, row in right.items()}, sizes))
    mean = {way: row[examples].mean() for way, row in right.items()}
    gains = {way: right["fine-tuned"][examples] - right[way][examples] for way in right}  # in each draw
    gain = {way: gains[way].mean() for way in gains}
    spread = {way: gains[way].std(ddof=min(1, repeats - 1)) for way in gains}
    said = {way: f"{100 * gain[way]:+.1f} ± {100 * spread[way]:.1f} points" for way in gains}

    # Plot
    report.figure(
        "learning_curve",
        curves_by_examples(
            sizes,
            {name: np.transpose([*row.values()]) for name, row in right.items() if NEW not in name},
            f"With {examples} examples a class, pretraining is worth {said['from scratch']}",
            apart="from scratch",
        ),
    )
    some = x[drawn[-1][:, : min(examples, 5)]]  # (10, n, 28, 28, 1)
    columns = some.reshape(len(some), -1, 28, 1)  # those of a class below each other
    title = f"To learn from: {examples} scans of each digit" + ", 5 of them here" * (examples > 5)
    report.figure("few_examples", image_grid(columns, digits.CLASS_NAMES, title, columns=10, side=0.8))
    tuned, untaught = answers["fine-tuned"][examples][-1], answers["from scratch"][examples][-1]
    mended = np.flatnonzero((tuned == y_test) & (untaught != y_test))
    report.figure(
        "mistakes_mended",
        image_grid(
            x_test[mended[:12]],
            [f"from scratch: {untaught[n]}\nfine-tuned: {tuned[n]}" for n in mended],
            f"Of {len(y_test)} test scans, {len(mended)} are read wrong from scratch and right fine-tuned",
        ),
    )
    return report.close(
        source,
        examples=len(np.unique(drawn)) + len(y_test),
        finding=f"With {examples} scans a class ({repeats} draws), fine-tuning reads "
        f"{mean['fine-tuned']:.1%} of the test scans: {said['from scratch']} against the same network from "
        f"scratch, {said['untrained']} against no training at all, {said['last layer only']} against "
        "training the last layer only.",
        test_accuracy=mean["fine-tuned"],
        frozen_test_accuracy=mean["last layer only"],
        scratch_test_accuracy=mean["from scratch"],
        untrained_test_accuracy=mean["untrained"],
        new_layer_test_accuracy=mean[f"{NEW}fine-tuned"],
        new_layer_frozen_test_accuracy=mean[f"{NEW}last layer only"],
        new_layer_at_once_test_accuracy=mean[f"{NEW}all at once"],
        gain_over_scratch=gain["from scratch"],
        gain_over_scratch_spread=spread["from scratch"],
        gain_over_untrained=gain["untrained"],
        gain_over_untrained_spread=spread["untrained"],
        trained_parameters=zoo.count_params(),
        frozen_trained_parameters=zoo.layers[-1].count_params(),
    )


if __name__ == "__main__":
    run(main)
