"""What the lesson `gan` is made of: training with frames of a film, and the judge of what was generated."""

from tutorials.lesson.command import LessonError  # first: loads Keras quietly

import keras
import numpy as np

from models import ConvNet, Discriminator, Generator
from models.adversarial import AdversarialNetwork
from models.image_distances import frechet_distance, nearest

CONFIDENT = 0.9
LATENT, CHOICES = 52, 20  # random values of an image, 20 of which are a choice
SHOWN = 48  # images of each frame of the film
SAMPLED = 200  # images whose classes are counted after each part of the training
# The parts of the training: share of the steps; Adam's learning rates of the generator and the discriminator
# as multiples of the lesson's; frames of the film. Chosen on training images and other seeds
PHASES = {
    "beginning": (14 / 64, (1, 0.5), 5),
    "collapsing": (3 / 64, (10, 0.05), 3),
    "cured": (5 / 64, (1, 0.5), 4),
    "balanced": (42 / 64, (1, 0.5), 12),  # from the weights of the beginning
}


def batches(images, batch_size, seed):
    """Endless random batches of images, as float32, each in a tuple, as Keras takes them."""
    random = np.random.default_rng(seed)
    while True:
        yield (images[random.integers(0, len(images), batch_size)].astype("float32"),)


class Timeline(keras.callbacks.Callback):
    """What happens over training: losses, images from the same random numbers, the entropy of their classes.

    Attributes:
        steps: Number of steps before each look, from 0 on.
        frames: Images of each look, (n, height, width, channels).
        entropies: Entropy of the classes at each look.
        phases: {name of a phase: (first step, last step)}.
        losses: {name: means since the look before, one fewer than looks}.
        kept: The network's weights at the end of the beginning.
    """

    def __init__(self, network, judge):
        super().__init__()
        self.network, self.judge = network, judge
        self.steps, self.frames, self.entropies, self.phases, self.losses = [], [], [], {}, {}
        self.kept = None
        self._look(0)

    def _look(self, step):
        images = self.network.sample(SAMPLED)
        self.steps.append(step)
        self.frames.append(images[:SHOWN])
        self.entropies.append(self.judge.measure(images, distance=False)["entropy"])

    def means_at_the_end_of(self, phase):
        """{name: mean of the losses over about the last quarter of a phase}."""
        last = self.steps.index(self.phases[phase][1])
        first = last - max(1, PHASES[phase][2] // 4)
        return {name: float(np.mean(means[max(0, first) : last])) for name, means in self.losses.items()}

    def on_epoch_end(self, epoch, logs=None):
        self._look(self.steps[-1] + self.params["steps"])
        for name, mean in logs.items():
            self.losses.setdefault(name, []).append(mean)


def build(seed):
    """Both networks with initial weights that depend on the seed alone."""
    keras.utils.set_random_seed(seed)
    return AdversarialNetwork(Generator(latent=LATENT), Discriminator(), choices=CHOICES, seed=seed)


def train(timeline, phase, images, batch_size, steps, learning_rate, seed):
    """Train a network through one phase; "balanced" continues from the end of "beginning".

    Args:
        timeline: The `Timeline` of the network, which is continued.
        phase: One of `PHASES`.
        images: Array (n, height, width, channels), pixels in [0, 255].
        batch_size: Images per step.
        steps: Number of steps of the whole training.
        learning_rate: What the phase's rates are multiples of.
        seed: Of the order of the images.

    Raises:
        LessonError: If the losses are no numbers any more.
    """
    share, rates, looks = PHASES[phase]
    if phase == "balanced":
        timeline.network.set_weights(timeline.kept)
    start_optimizers(timeline.network, [learning_rate * rate for rate in rates], steps)
    each = max(1, round(share * steps / looks))
    looks, first = min(looks, max(1, round(share * steps))), timeline.steps[-1]
    timeline.network.fit(
        batches(images, batch_size, [seed, first]), steps_per_epoch=each, epochs=looks, verbose=0,
        shuffle=False, callbacks=[timeline],
    )  # fmt: skip
    if not np.isfinite([means[-1] for means in timeline.losses.values()]).all():
        raise LessonError("The training diverged to losses that are no numbers; lower learning_rate=.")
    timeline.phases[phase] = first, timeline.steps[-1]
    if phase == "beginning":
        timeline.kept = timeline.network.get_weights()


def start_optimizers(network, learning_rates, steps):
    """Begin anew with Adam, the generator's and the discriminator's; compile the network where it is not yet.

    Args:
        network: An `AdversarialNetwork`.
        learning_rates: Two numbers.
        steps: Number of steps of the whole training.
    """
    if not network.compiled:
        optimizers = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in learning_rates]
        few = steps < 50  # faster than compiling a graph for them
        network.compile(*optimizers, run_eagerly=few)
        return
    # The same optimizers with their state set back: their graph is kept, which takes seconds to make
    optimizers = network.generator_optimizer, network.discriminator_optimizer
    for optimizer, rate in zip(optimizers, learning_rates, strict=True):
        for variable in optimizer.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))
        optimizer.learning_rate = rate


class Judge:
    """The zoo's `ConvNet`, trained on MNIST: classes, confidences and features of images.

    Args:
        held_out: Real images that no network here was trained on.
    """

    def __init__(self, held_out):
        network = ConvNet(weights="mnist")
        outputs = [network.get_layer("dense").output, network.output]
        self.network = keras.Model(network.input, outputs)
        self.features = self.look(held_out)[0]

    def look(self, images):
        """(features (n, 256), probabilities (n, 10)) of images with pixels from 0 to 255."""
        return self.network.predict(images.astype("float32"), batch_size=500, verbose=0)

    def measure(self, images, distance=True):
        """What can be said of images without labels.

        Args:
            images: Array (n, 28, 28, 1), pixels from 0 to 255.
            distance: Whether the Fréchet distance is asked for.

        Returns:
            {"confident": share with a confidence of `CONFIDENT` or more, "classes": share of each class
            (10,), "entropy": of these in nats, "distance": Fréchet distance from the held-out images}.
        """
        features, probabilities = self.look(images)
        classes = np.bincount(probabilities.argmax(1), minlength=10) / len(images)
        some = classes[classes > 0]
        return {
            "confident": float(np.mean(probabilities.max(1) >= CONFIDENT)),
            "classes": classes,
            "entropy": abs(float((some * np.log(some)).sum())),
            "distance": frechet_distance(features, self.features) if distance else None,
        }


def noise_like(images, seed):
    """Images in which every pixel is drawn from 0 to 255: the control."""
    return np.random.default_rng(seed).uniform(0, 255, images.shape).astype("float32")


def memorized(generated, held_out, training):
    """How near generated and held-out images lie to the training images.

    Args:
        generated, held_out, training: Arrays (n, height, width, channels), pixels in [0, 255].

    Returns:
        {"indices": of the nearest training image of each generated one, "generated", "held-out": distances as
        root mean squares of a pixel's difference, "copied": share of generated images nearer than all but one
        percent of the held-out ones}.
    """
    unit = np.sqrt(training[0].size)
    indices, apart = nearest(generated, training)
    others = nearest(held_out, training)[1]
    return {
        "indices": indices,
        "generated": apart / unit,
        "held-out": others / unit,
        "copied": float(np.mean(apart < np.quantile(others, 0.01))),
    }
