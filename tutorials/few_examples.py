"""Fine-tune on five examples a class: what is pretraining worth?

A reader of MNIST's digits meets other people's, beside one that starts from nothing.
"""

from pathlib import Path

from tutorials._command import check_positive, run  # first: loads Keras quietly

import keras
import numpy as np

from datasets import digits, draws
from models import ConvNet
from tutorials._plots import curves_by_examples, image_grid
from tutorials._repeats import start_afresh
from tutorials._report import Report
from tutorials._tables import percent_rows

SIZES = (2, 5, 10, 20, 50)  # examples a class of the learning curve
# Adam's first step sizes, the best of several for each way at 5 a class. They were compared on scans of
# the training part that were not drawn, with other draws than those here; never on the test part
STEP_SIZES = {"fine-tuned": 2e-3, "last layer only": 1e-2, "from scratch": 1e-2}


def main(
    examples: int = 5,
    repeats: int = 5,
    steps: int = 100,
    batch_size: int = 20,
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> dict:
    """Train on a few scanned digits in three ways, with and without pretraining, and compare.

    Args:
        examples: Number of scans a class that the results are of; the learning curve has more.
        repeats: Draws of these scans, each with random weights of its own where there are any.
        steps: Gradient steps of each training, the same for every way and number of scans.
        batch_size: Images per gradient step.
        seed: Makes the run repeatable.
        quick: Take every step on a sample, in seconds.
        outputs: Where results go.
    """
    report = Report(main, settings=locals())
    check_positive(examples=examples, repeats=repeats, steps=steps, batch_size=batch_size)
    keras.utils.set_random_seed(seed)
    sizes = sorted({*SIZES, examples})
    if quick:
        sizes, repeats, steps = sorted({2, examples}), 1, 2

    # Data: scans (n, 28, 28, 1) with pixels in [0, 255], of 13 people; none of them wrote for MNIST
    source = digits.locate("embedded")
    (x, y), (x_test, y_test) = digits.load_data(source)
    drawn = [draws.of_each_class(y, sizes[-1], seed=1000 * seed + draw) for draw in range(repeats)]

    # Models: one network, three ways to train it, each compiled once and set back for every training
    zoo = ConvNet(weights="mnist")
    networks = {}
    for way, step_size in STEP_SIZES.items():
        network = networks[way] = ConvNet()
        if way == "last layer only":
            for layer in network.layers[:-1]:
                layer.trainable = False  # frozen: what these layers see in a digit stays as it is
            network.summary()
        network.compile(
            optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(step_size, steps)),
            loss="sparse_categorical_crossentropy",
            run_eagerly=quick,  # a sample is through before a graph is compiled
            steps_per_execution=steps,  # a training without a stop: faster for a network so small
        )
    fine, last, scratch = networks.values()

    # Fit and evaluate: every way on the same scans, the fewer of a draw being among the more
    answers = {"untrained": {size: [zoo.predict(x_test, verbose=0).argmax(-1)] * repeats for size in sizes}}
    for draw in range(repeats):
        keras.utils.set_random_seed(1000 * seed + draw)
        random, new_layer = ConvNet(), ConvNet(weights="mnist")
        new_layer.layers[-1].set_weights(random.layers[-1].get_weights())
        for size in sizes:
            # What is trained, and the weights that it starts from
            ways = {
                "fine-tuned": (fine, zoo),
                "last layer only": (last, zoo),
                "from scratch": (scratch, random),
            }
            if size == examples:
                # For classes that the zoo does not know, the last layer must be new; while it knows
                # nothing, its errors disturb the layers below it: so train it first, then all
                ways["new layer, all at once"] = fine, new_layer
                ways["new layer only"] = last, new_layer
                ways["new layer, then all"] = fine, last
            order = draws.passes(drawn[draw][:, :size], steps * batch_size, seed=1000 * seed + draw)
            for way, (network, beginning) in ways.items():
                start_afresh(network, beginning)
                network.fit(x[order], y[order], batch_size=batch_size, shuffle=False, verbose=0)
                answer = network.predict(x_test, batch_size=500, verbose=0).argmax(-1)
                answers.setdefault(way, {}).setdefault(size, []).append(answer)
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
            {way: np.transpose([*right[way].values()]) for way in ("untrained", *STEP_SIZES)},
            f"With {examples} examples a class, pretraining is worth {said['from scratch']}",
            apart="from scratch",
        ),
    )
    some = x[drawn[-1][:, : min(examples, 5)]]  # (10, n, 28, 28, 1)
    columns = some.reshape(len(some), -1, 28, 1)  # those of a class below each other
    title = f"To learn from: {some.shape[1]} of the {examples} scans a class of one draw"
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
        examples=drawn[0].size + len(y_test),
        finding=f"With {examples} scans a class, fine-tuning reads {mean['fine-tuned']:.1%} of the test "
        f"scans: {said['from scratch']} against the same network from scratch, {said['untrained']} against "
        f"no training at all, {said['last layer only']} against training the last layer only.",
        test_accuracy=mean["fine-tuned"],
        frozen_test_accuracy=mean["last layer only"],
        scratch_test_accuracy=mean["from scratch"],
        untrained_test_accuracy=mean["untrained"],
        new_layer_test_accuracy=mean["new layer, then all"],
        new_layer_frozen_test_accuracy=mean["new layer only"],
        new_layer_at_once_test_accuracy=mean["new layer, all at once"],
        gain_over_scratch=gain["from scratch"],
        gain_over_scratch_spread=spread["from scratch"],
        gain_over_untrained=gain["untrained"],
        gain_over_untrained_spread=spread["untrained"],
        trained_parameters=fine.count_params(),
        frozen_trained_parameters=last.layers[-1].count_params(),
    )


if __name__ == "__main__":
    run(main)
