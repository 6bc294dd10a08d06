r"""Generate handwritten digits: a generator against a discriminator.

## The question

Can a network draw new digits, if nobody says what is wrong with a drawing? And how do you measure drawings?

## The idea

A **generative adversarial network** is two networks. The **generator** $G$ turns random numbers $z$ into an
image: 32 normal ones, and a choice among 20, so that different kinds of digits can lie apart. The
**discriminator** $D$ gets real images $x$ and generated ones. Its output is the probability that an image is
real, trained with cross-entropy:

$$L_D = -\frac{1}{2}\left[\log D(x) + \log(1 - D(G(z)))\right]$$

The generator is trained to be mistaken for real: $L_G = -\log D(G(z))$. Its gradient comes through the
discriminator. No label is used, and $G$ never sees a real image.

A better $G$ makes the task of $D$ harder, and the other way round, so the losses need not fall. If generated
images were like real ones, the best answer would be $D = \frac{1}{2}$ for all, with both losses
$-\log \frac{1}{2} = \log 2$, about 0.69. The drawings
need other measures:

- The **judge**, `ConvNet` trained on MNIST, classifies them. The control is noise.
- Shares of the ten classes, and their **entropy** $-\sum_k p_k \log p_k$: at most $\log 10$, about 2.3, and 0
  if all images are of one class. In a **mode collapse** $G$ draws the same few things.
- The **Fréchet distance** compares means and covariances of the judge's 256 features with those of held-out
  digits. Other real digits are the floor.
- Distances from the nearest training images, smaller than those of held-out digits if $G$ memorizes.

## Before you run it

Which loss ends higher? What confidence will the judge have in noise? If the discriminator learns much too
slowly, will the generator win?

## How to read the figures

- `film` (animated): 48 images, from the same random numbers throughout.
- `losses`: log 2 is dashed, collapse and cure are shaded. Right: the discriminator's accuracy.
- `samples`: with the judge's class and confidence.
- `classes`: which classes are drawn, and their entropy over training.
- `neighbours`: generated images above the nearest training images.

## What it means

The judge is confident of noise, as an 8: it has seen only digits. So confidence counts only beside other
measures. By these, generated images are near to real digits, but not as near as other real ones:
some lie between two classes.

On MNIST the losses move towards log 2 from both sides, then hardly change while the images still improve. On
the few embedded digits the discriminator memorizes: its loss falls, the generator's rises.

The collapse is a side branch: the generator's learning rate is ten times as high, the discriminator's a
tenth. The images run to whatever the discriminator takes for real, and it is too slow to reject that. With
the old rates it does: classes come back, quality more slowly.

## Exercises

1. How many weights have the generator's dense layers, from 52 values to 256 to 7×7×32, without biases?
2. What would the judge and the neighbours say of a generator that copies training images?
3. Stop early: `python -m tutorials.gan --steps 600`. Which measures are worse?

<details><summary>Solutions</summary>

1. $52 \cdot 256 = 13{,}312$ and $256 \cdot 7 \cdot 7 \cdot 32 = 401{,}408$.
2. The judge would be content, but all distances from neighbours near 0.
3. On MNIST the Fréchet distance is several times as high, and the judge is confident of fewer images.

</details>

## Read more

Goodfellow et al., *Generative adversarial nets* (2014). Heusel et al., *GANs trained by a two time-scale
update rule converge to a local Nash equilibrium* (2017).

Next: `reinforcement` learns from rewards instead of labels.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # this repository's models and datasets come first

from tutorials.lesson.command import run  # first: loads Keras quietly

import numpy as np

from datasets import digits
from tutorials.figures.generated import (
    class_shares,
    film_of_images,
    losses_and_accuracies,
    nearest_neighbours,
    rows_of_images,
)
from tutorials.lesson.limits import check_settings, fitting_batch
from tutorials.lesson.outcome import Outcome
from tutorials.lesson.parts.adversarial import PHASES, Judge, Timeline, build, memorized, noise_like, train
from tutorials.lesson.report import Report

LABELS = {
    "beginning": "at first",
    "collapsing": "collapsed",
    "cured": "cured",
    "balanced": "generated",
}  # in figures
# Prefixes of the results: those without one are of the end of the training
NAMES = {"beginning": "early_", "collapsing": "collapsed_", "cured": "cured_", "balanced": ""}


def main(
    steps: int = 3200,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    data: str = "auto",
    seed: int = 0,
    quick: bool = False,
    outputs: Path = Path("outputs"),
) -> Outcome:
    """Train a generator against a discriminator, let it collapse, cure it, and measure what it draws.

    Args:
        steps: Number of training steps, an eighth of them for collapse and cure.
        batch_size: Real images per step, and as many generated ones.
        learning_rate: Learning rate of the generator's Adam; the discriminator's is half of it.
        data: Folder with mnist.npz or the four IDX files, or "embedded"; "auto" finds or downloads
            MNIST, or else takes the embedded digits.
        seed: Random seed; the same seed gives the same results.
        quick: Run every step on a small sample, in seconds.
        outputs: Folder for the results.
    """
    check_settings(locals())
    report = Report(main, settings=locals())

    # Data: images (n, 28, 28, 1) with pixels in [0, 255]; labels are not used
    source = digits.locate(data)
    (x_train, _), (x_test, _) = digits.load_data(source)
    count = 1000
    if quick:
        x_train, x_test, steps, count = x_train[:500], x_test[:200], 12, 100
    held_out, real = x_test[:5000], x_train[np.random.default_rng(seed).permutation(len(x_train))[:count]]

    # Model: the judge, a generator and a discriminator
    judge, network = Judge(held_out), build(seed)
    parameters = network.generator.count_params(), network.discriminator.count_params()
    batch_size = fitting_batch(batch_size, len(x_train), network.generator, network.discriminator)
    print("Generator of {:,} parameters, discriminator of {:,}".format(*parameters), flush=True)

    # Compile and fit: a balanced beginning, collapse by other learning rates, cure, and on from the beginning
    images, timeline = {"real": real}, Timeline(network, judge)
    for phase in PHASES:
        train(timeline, phase, x_train, batch_size, steps, learning_rate, seed)
        images[phase] = network.sample(count, seed + 1)
        print(f"{phase}, {timeline.steps[-1]:,} steps: entropy {timeline.entropies[-1]:.2f}", flush=True)

    # Evaluate: images of each phase beside real ones and noise
    images["noise"] = noise_like(real, seed)
    found = {kind: judge.measure(each) for kind, each in images.items()}
    found["held-out"] = judge.measure(held_out, distance=False)
    drawn = images["balanced"]
    near = memorized(drawn, x_test[:count], x_train)
    losses = timeline.means_at_the_end_of("balanced")

    # Plot
    report.animation("film", *film_of_images(timeline), len(timeline.steps), frames_per_second=3)
    title = (
        f"At the end of the training the generator's loss is {losses['generator_loss']:.2f}, the "
        f"discriminator's {losses['discriminator_loss']:.2f}"
    )
    report.figure("losses", losses_and_accuracies(timeline, {"log 2": np.log(2)}, title))
    sure = {kind: one["confident"] for kind, one in found.items()}
    title = (
        f"Confidence of 0.9 or more: {sure['balanced']:.0%} of the generated images, "
        f"{sure['held-out']:.0%} of held-out digits, {sure['noise']:.0%} of noise"
    )
    report.figure("samples", rows_of_images(judged_rows(images, found, judge), title))
    most = {kind: one["classes"].max() for kind, one in found.items()}
    title = (
        f"The most frequent class has {most['collapsing']:.0%} of the images after collapse, "
        f"{most['cured']:.0%} when cured, {most['balanced']:.0%} in the end"
    )
    shares = {kind: found[kind]["classes"] for kind in ("held-out", "collapsing", "cured", "balanced")}
    report.figure("classes", class_shares(shares, timeline, title))
    copied = (
        f"{near['copied']:.1%} of the generated images are nearer to a training image than 99 % of held-out "
        "digits"
    )
    axes = nearest_neighbours(drawn, x_train[near["indices"]], near["generated"], near["held-out"], copied)
    report.figure("neighbours", axes)
    distance = {kind: one["distance"] for kind, one in found.items()}
    return report.close(
        source,
        examples=len(x_train) + len(held_out),
        finding=f"The judge is confident of {sure['balanced']:.1%} of {count:,} generated images, and of "
        f"{sure['noise']:.1%} of noise. Their Fréchet distance is {distance['balanced']:.1f} (real digits "
        f"{distance['real']:.1f}, noise {distance['noise']:.0f}, after collapse "
        f"{distance['collapsing']:.0f}). {copied}.",
        **results_of(found, near, losses, parameters),
    )


def judged_rows(images, found, judge):
    """A row of each kind of images for the figure `samples`."""
    rows = {}
    for kind, each in images.items():
        probabilities = judge.look(each[:14])[1]
        label = f"{LABELS.get(kind, kind)}\ndistance {found[kind]['distance']:,.0f}"
        rows[label] = each[:14], probabilities.argmax(1), probabilities.max(1)
    return rows


def results_of(found, near, losses, parameters):
    """Every metric of the run, by name."""
    results = {
        "generator_loss": losses["generator_loss"],
        "discriminator_loss": losses["discriminator_loss"],
        "generator_parameters": parameters[0],
        "discriminator_parameters": parameters[1],
        "smallest_class": found["balanced"]["classes"].min(),
        "copied": near["copied"],
        "neighbour_distance": np.median(near["generated"]),
        "held_out_neighbour_distance": np.median(near["held-out"]),
    }
    for kind, one in found.items():
        name = NAMES.get(kind, f"{kind.replace('-', '_')}_")
        results[f"{name}confident"] = one["confident"]
        results[f"{name}largest_class"] = one["classes"].max()
        results[f"{name}entropy"] = one["entropy"]
        if one["distance"] is not None:
            results[f"{name}frechet_distance"] = one["distance"]
    return results


if __name__ == "__main__":
    run(main)
